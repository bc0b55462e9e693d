"""Two readings of one definition agree: the checker and jsonschema, the pydantic schema and the thin views."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from codi_tui.errors import DocumentError
from codi_tui.model.arguments import check_values, command_schema, definition_problems
from codi_tui.model.manifest import LibraryManifest, SubcommandDefinition
from codi_tui.model.schema import _Manifest, validate_manifest

FEW = settings(max_examples=50, deadline=None, derandomize=True)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)
SMALL = st.integers(-5, 5)
DECIMALS = st.sampled_from(["0", "-1", "0.5", "2.25", "-3.75", "100000000000000000000"])
LENGTHS = st.integers(0, 4)


def limits(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Members that go with a type, in any combination."""
    numbers = SMALL if kind == "integer" else SMALL | DECIMALS
    members: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "integer": {"minimum": numbers, "maximum": numbers, "enum": st.lists(SMALL, min_size=1, max_size=3)},
        "number": {"minimum": numbers, "maximum": numbers, "enum": st.lists(DECIMALS, min_size=1, max_size=3)},
        "string": {"min_length": LENGTHS, "max_length": LENGTHS, "enum": st.lists(TEXTS, min_size=1, max_size=3)},
        "path": {"min_length": LENGTHS, "max_length": LENGTHS},
        "boolean": {},
        "json": {},
    }
    return st.fixed_dictionaries({}, optional=members[kind])


@st.composite
def parameters(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean", "path", "json"]))
    definition = {"name": name, "type": kind, "description": draw(TEXTS), **draw(limits(kind))}
    definition |= draw(
        st.fixed_dictionaries(
            {}, optional={"required": st.booleans(), "multiple": st.booleans(), "secret": st.booleans()}
        )
    )
    assume(not definition_problems(definition))
    return definition


SCALARS = (
    st.none()
    | st.booleans()
    | SMALL
    | st.integers()
    | st.floats()
    | st.sampled_from([0.5, 2.25, 1.0, -3.75])
    | st.text(max_size=5)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)


def finite(value: Any) -> bool:
    """JSON has no NaN and no infinities, so the oracle is not asked about them."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@settings(max_examples=150, deadline=None, derandomize=True)
@given(parameters("x"), VALUES, st.booleans(), st.booleans())
def test_the_checker_and_jsonschema_agree(
    definition: dict[str, Any], value: Any, given_it: bool, unknown: bool
) -> None:
    command = SubcommandDefinition({"description": "", "arguments": [], "options": [definition]}, "a.b")
    schema = command_schema(command)
    Draft202012Validator.check_schema(schema)
    values = {**({"x": value} if given_it else {}), **({"y": 1} if unknown else {})}
    assume(finite(values))
    assert (check_values(schema, values) == []) == Draft202012Validator(schema).is_valid(values)


TEMPLATES = TEXTS.map(lambda text: text.replace("{", "{{").replace("}", "}}").replace("\0", ""))


@st.composite
def handlers(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    kind = draw(st.sampled_from(["wasm", "local", "websocket"]))
    handler: dict[str, Any] = {"type": kind}
    handler |= (
        {"endpoint": "server:/run"}
        if kind == "websocket"
        else {"function": draw(st.sampled_from(["main", "codi.about"]))}
    )
    if draw(st.booleans()):
        handler["output"] = draw(st.sampled_from(["text", "json", "jsonl", "markdown", "csv", "events", "bytes"]))
    if draw(st.booleans()):
        handler["limits"] = {"wall_seconds": draw(st.integers(1, 100))}
    if kind == "wasm" and draw(st.booleans()):
        handler["argv"] = ["prog", *draw(st.lists(TEMPLATES | st.lists(TEMPLATES, min_size=1, max_size=2), max_size=2))]
        handler["stdin"] = draw(TEMPLATES)
    if depth and draw(st.booleans()):
        handler["fallback"] = draw(handlers(depth - 1))
    return handler


@st.composite
def commands(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(0, 3))
    options = [draw(parameters(f"o{at}")) for at in range(count)]
    if options and draw(st.booleans()):
        options[0]["short"] = "o"
    argument = draw(parameters("a")) if draw(st.booleans()) else None
    return {
        "description": draw(TEXTS),
        "arguments": [argument] if argument else [],
        "options": options,
        "handler": draw(handlers()),
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "annotations": st.just({"destructive": True}),
                    "examples": st.just([{"description": "d", "command": "c"}]),
                    "future": VALUES,
                },
            )
        ),
    }


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    groups = draw(
        st.dictionaries(NAMES.map(lambda name: f"x{name}"), st.dictionaries(NAMES, commands(), max_size=2), max_size=2)
    )
    return {
        "library": {
            "name": draw(NAMES),
            "version": draw(st.sampled_from(["0.0.1", "1.10.0", "2.0.0-rc.1+b.5"])),
            "description": draw(TEXTS),
            "permissions": draw(
                st.lists(st.sampled_from(["clock", "random", "net:a.example:443", "fs:read:/x"]), max_size=3)
            ),
            "dependencies": draw(st.lists(st.sampled_from(["a", "a-b@^1.2"]), max_size=2)),
        },
        "commands": {
            name: {"description": "Group", "subcommands": subcommands} for name, subcommands in groups.items()
        },
        **draw(
            st.fixed_dictionaries(
                {}, optional={"wasm_module": st.just({"format": "wasi-command", "exports": ["a"]}), "future": VALUES}
            )
        ),
    }


def same_handler(view: Any, model: Any) -> None:
    assert (view.handler_type, view.endpoint, view.function, view.output) == (
        model.type,
        model.endpoint,
        model.function,
        model.output,
    )
    assert (view.argv, view.stdin) == (model.argv, model.stdin)
    assert view.limits == (model.limits.model_dump(exclude_none=True) if model.limits else {})
    assert (view.fallback is None) == (model.fallback is None)
    if view.fallback is not None:
        same_handler(view.fallback, model.fallback)


@FEW
@given(manifests())
def test_the_schema_and_the_views_read_the_same(source: dict[str, Any]) -> None:
    validate_manifest(source)
    model, view = _Manifest.model_validate(source), LibraryManifest(source)
    for name in ("name", "version", "description", "permissions", "dependencies"):
        assert getattr(view.library, name) == getattr(model.library, name)
    assert (view.wasm_module is None) == (model.wasm_module is None)
    if view.wasm_module is not None and model.wasm_module is not None:
        assert (view.wasm_module.format, view.wasm_module.exports) == (
            model.wasm_module.format,
            model.wasm_module.exports,
        )
    paths = [command.path for command in view.walk()]
    assert paths == sorted(f"{group}.{name}" for group, item in model.commands.items() for name in item.subcommands)
    for path in paths:
        group, _, name = path.partition(".")
        read, wanted = view.find(path), model.commands[group].subcommands[name]
        assert read is not None
        assert (read.description, read.annotations) == (wanted.description, wanted.annotations or {})
        assert read.examples == [example.model_dump() for example in wanted.examples or []]
        same_handler(read.handler, wanted.handler)
        for one, other in zip(read.parameters, [*wanted.arguments, *wanted.options], strict=True):
            for member in ("name", "type", "description", "required", "multiple"):
                assert getattr(one, member) == getattr(other, member)
            assert one.access == (other.access or "read")
        assert [option.short for option in read.options] == [option.short for option in wanted.options]


@pytest.mark.attack("B11")
@FEW
@given(manifests(), st.data())
def test_a_spoilt_manifest_is_valid_or_a_document_error(source: dict[str, Any], draw: st.DataObject) -> None:
    """Any one value in it may be replaced by anything; what still passes can be walked and turned into schemas."""
    places: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        for at in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            places.append((value, at))
            collect(value[at])

    collect(source)
    holder, at = draw.draw(st.sampled_from(places))
    holder[at] = draw.draw(
        st.none() | st.booleans() | SMALL | TEXTS | st.just([]) | st.just({}) | st.lists(SMALL, max_size=2)
    )
    try:
        validate_manifest(source)
    except DocumentError:
        return
    for command in LibraryManifest(source).walk():
        Draft202012Validator.check_schema(command_schema(command))
