"""What a signed manifest may say (attacks A18, A19, B6, B10a, B11)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from codi_tui.errors import DocumentError, RefusedError
from codi_tui.limits import COMMANDS_MAX, DESCRIPTION_MAX_CHARACTERS
from codi_tui.model.names import BUILT_INS
from codi_tui.model.schema import validate_manifest
from support.libraries import manifest, subcommand
from support.trust import admit, document, sign_anything


def problem(source: dict[str, Any]) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        validate_manifest(source, library="demo")
    return caught.value


def with_command(**members: Any) -> dict[str, Any]:
    return manifest(commands={"demo": {"description": "Group", "subcommands": {"run": subcommand(**members)}}})


def with_option(**members: Any) -> dict[str, Any]:
    return with_command(options=[{"name": "level", "type": "integer", "description": "How much", **members}])


def test_a_signed_manifest_is_held_to_the_schema() -> None:
    parsed = document()
    parsed["commands"] = []
    with pytest.raises(RefusedError) as caught:
        admit(sign_anything(parsed))
    assert (caught.value.code, caught.value.library) == ("E_SCHEMA", "demo")


@pytest.mark.attack("A18")
@pytest.mark.parametrize("name", sorted(BUILT_INS))
def test_a_command_cannot_take_the_name_of_a_built_in(name: str) -> None:
    assert (
        problem(manifest(commands={name: {"description": "x", "subcommands": {"run": subcommand()}}})).code
        == "E_NAME_RESERVED"
    )


def test_an_unknown_handler_type_is_not_supported() -> None:
    assert problem(with_command(handler={"type": "docker", "function": "f"})).code == "E_UNSUPPORTED"
    fallback = {"type": "wasm", "function": "f", "fallback": {"type": "shell", "function": "f"}}
    assert problem(with_command(handler=fallback)).code == "E_UNSUPPORTED"


def test_an_unknown_module_format_output_or_feature_is_not_supported() -> None:
    assert problem(manifest(wasm_module={"format": "native", "exports": []})).code == "E_UNSUPPORTED"
    assert problem(with_command(handler={"type": "wasm", "function": "f", "output": "xml"})).code == "E_UNSUPPORTED"
    assert problem(manifest(library={"requires": ["telepathy"]})).code == "E_UNSUPPORTED"


def test_an_unknown_handler_beside_another_problem_is_a_bad_manifest() -> None:
    assert problem(with_command(description=5, handler={"type": "docker"})).code == "E_SCHEMA"


@pytest.mark.parametrize("default", ["/etc/passwd", ".", "/", ""])
def test_a_publisher_cannot_name_a_path_in_the_users_stead(default: str) -> None:
    assert "only the user confers" in problem(with_option(type="path", default=default)).message
    validate_manifest(with_option(type="path", default="-"))


def test_templates_are_part_of_a_wasm_handler_that_runs_a_program() -> None:
    handler = {"type": "wasm", "function": "f", "argv": ["prog"], "stdin": "text"}
    validate_manifest(with_command(handler=handler))
    local = {"type": "local", "function": "codi.about", "argv": ["prog"]}
    assert "type wasm" in problem(with_command(handler={**handler, "fallback": local})).message
    core = {"wasm_module": {"format": "core", "exports": ["f"]}}
    assert "a core module is none" in problem({**with_command(handler=handler), **core}).message
    path = {"name": "file", "type": "path", "description": ""}
    assert "take no paths" in problem({**with_command(options=[path]), **core}).message


@pytest.mark.parametrize("argv", ["prog", [], [5], [[]], [["prog"]], ["{x}"], ["prog", ["a", 5]], {"0": "prog"}])
def test_an_argv_of_another_shape_is_refused(argv: object) -> None:
    assert problem(with_command(handler={"type": "wasm", "function": "f", "argv": argv})).code == "E_SCHEMA"


def test_unknown_members_are_let_through() -> None:
    source = with_command(future={"a": 1}, handler={"type": "wasm", "function": "f", "future": True})
    validate_manifest({**source, "future": [1]})


def test_every_problem_is_named_at_once() -> None:
    source = manifest(library={"version": "1", "permissions": "clock"}, wasm_module={"format": "wasi-command"})
    source["commands"]["demo"]["description"] = None
    source["commands"]["demo"]["subcommands"]["run"]["options"] = {}
    message = problem(source).message
    for where in (
        "library.version",
        "library.permissions",
        "wasm_module.exports",
        "commands.demo.description",
        "commands.demo.subcommands.run.options",
    ):
        assert where in message


def test_a_reserved_name_is_named_beside_other_problems() -> None:
    source = manifest(library={"version": "1"}, commands={"run": {"description": "x", "subcommands": {}}})
    error = problem(source)
    assert "reserved" in error.message
    assert "library.version" in error.message


@pytest.mark.parametrize("value", [{}, "x", 5, None, True, [[]], [None], [{}], ["x"]])
@pytest.mark.parametrize("member", ["options", "arguments"])
def test_a_member_of_another_type_is_refused_and_is_no_crash(member: str, value: object) -> None:
    assert problem(with_command(**{member: value})).code == "E_SCHEMA"


@pytest.mark.parametrize(
    "handler",
    [
        None,
        [],
        "wasm",
        5,
        {},
        {"type": "wasm"},
        {"type": "local"},
        {"type": "websocket"},
        {"type": "websocket", "function": "f"},
        {"type": "wasm", "function": "a b"},
        {"type": "wasm", "function": "os;system"},
        {"type": "wasm", "function": "f", "limits": []},
        {"type": "wasm", "function": "f", "limits": {"wall_seconds": 0}},
        {"type": "wasm", "function": "f", "limits": {"memory_bytes": 2**40}},
        {"type": "wasm", "function": "f", "limits": {"cpu_seconds": 100_000}},
        {"type": "wasm", "function": "f", "fallback": {}},
    ],
)
def test_a_handler_that_could_not_run_is_refused(handler: object) -> None:
    assert problem(with_command(handler=handler)).code == "E_SCHEMA"


@pytest.mark.parametrize(
    "members",
    [
        {"name": "Level"},
        {"name": "a b"},
        {"name": "lev\u0435l"},
        {"name": "x" * 64},
        {"name": "level\n"},
        {"short": "ab"},
        {"short": "-"},
        {"type": "integer", "min_length": 1},
        {"type": "string", "minimum": 1},
        {"type": "boolean", "enum": [1]},
        {"enum": []},
        {"default": "five"},
        {"default": 3, "minimum": 5},
        {"required": True, "default": 5},
        {"required": None},
        {"secret": 1},
        {"minimum": "abc", "type": "number"},
        {"minimum": "1e5", "type": "number"},
        {"type": "number", "default": "nan"},
        {"type": "number", "default": "inf"},
        {"type": "number", "enum": ["one"]},
        {"access": "delete", "type": "path"},
    ],
)
def test_a_parameter_that_contradicts_itself_is_refused(members: dict[str, Any]) -> None:
    assert problem(with_option(**members)).code == "E_SCHEMA"


def test_a_regular_expression_is_not_a_known_member() -> None:
    validate_manifest(with_option(pattern="(a+)+$"))
    from codi_tui.model.arguments import command_schema
    from codi_tui.model.manifest import LibraryManifest

    command = LibraryManifest(with_option(pattern="(a+)+$")).find("demo.run")
    assert command is not None
    assert "pattern" not in command_schema(command)["properties"]["level"]


def test_parameters_have_names_and_short_forms_of_their_own() -> None:
    one = {"name": "a", "type": "string", "description": "", "short": "x"}
    assert "name used twice: a" in problem(with_command(options=[one, {**one, "short": "y"}])).message
    assert "short form used twice: x" in problem(with_command(options=[one, {**one, "name": "b"}])).message
    argument = {"name": "a", "type": "string", "description": ""}
    assert "name used twice: a" in problem(with_command(arguments=[argument], options=[one])).message


def test_arguments_stand_in_an_order_that_can_be_read() -> None:
    first = {"name": "a", "type": "string", "description": "", "multiple": True}
    second = {"name": "b", "type": "string", "description": ""}
    assert "multiple" in problem(with_command(arguments=[first, second])).message
    assert "required" in problem(with_command(arguments=[second, {**second, "name": "c", "required": True}])).message


@pytest.mark.parametrize(
    "permission",
    [
        "",
        "all",
        "net:",
        "net:a b",
        "net:host:port",
        "fs:read:",
        "fs:exec:/x",
        "env:1X",
        "env:",
        "secret:a-b",
        "ws:",
        "local:",
        "local:Os",
        "clock ",
        "CLOCK",
        "net:host\n",
        "random;clock",
        "fs:read:/a\n",
    ],
)
def test_a_permission_has_a_known_shape(permission: str) -> None:
    assert problem(manifest(library={"permissions": [permission]})).code == "E_SCHEMA"


def test_every_kind_of_permission_is_known() -> None:
    known = [
        "net:api.example.com",
        "net:api.example.com:443",
        "fs:read:/data",
        "fs:write:/data",
        "env:HOME",
        "secret:TOKEN",
        "clock",
        "random",
        "local:codi.about",
        "ws:host",
        "ws:host:443",
        "ws:server",
    ]
    validate_manifest(manifest(library={"permissions": known}))


@pytest.mark.parametrize(
    "version",
    [
        "1",
        "1.0",
        "v1.0.0",
        "1.0.0.0",
        "01.0.0",
        "1.0.0-",
        "1.0.0+",
        " 1.0.0",
        "1.0.0\n",
        "1.0.0-é",
        "",
        1,
        None,
        "1.0.0-" + "a" * 200,
    ],
)
def test_a_version_is_semver(version: object) -> None:
    assert problem(manifest(library={"version": version})).code == "E_SCHEMA"


@pytest.mark.parametrize("version", ["1.0.0-01", "1.0.0-a..b", "1.0.0-.", "1.0.0+a..b", "1٢.0.0"])
def test_a_version_that_semver_cannot_order_is_refused(version: str) -> None:
    assert problem(manifest(library={"version": version})).code == "E_SCHEMA"


@pytest.mark.parametrize("members", [{"minimum": "1"}, {"maximum": "1.5"}])
def test_a_limit_of_an_integer_is_an_integer(members: dict[str, Any]) -> None:
    assert problem(with_option(**members)).code == "E_SCHEMA"


@pytest.mark.parametrize("members", [{"enum": ["a"]}, {"type": "string", "enum": [1]}])
def test_an_enum_is_of_its_parameters_type(members: dict[str, Any]) -> None:
    assert problem(with_option(**members)).code == "E_SCHEMA"


def test_a_limit_is_a_number_or_absent() -> None:
    from codi_tui.execute.invocation import Invocation
    from codi_tui.trust import Permissions

    parsed = document(with_command(handler={"type": "wasm", "function": "f", "limits": {"wall_seconds": None}}))
    library = admit(sign_anything(parsed))
    command = library.manifest.find("demo.run")
    assert command is not None
    invocation = Invocation(library, command, {}, Permissions(library, "demo.run", []))
    assert invocation.limits(command.handler).wall_seconds > 0


@pytest.mark.parametrize("permission", ["reserved", "requires features"])
def test_the_code_does_not_depend_on_words_in_the_document(permission: str) -> None:
    assert problem(manifest(library={"permissions": [permission]})).code == "E_SCHEMA"


def test_more_commands_than_the_bound_are_refused() -> None:
    one = {"description": "x", "arguments": [], "options": [], "handler": {"type": "wasm", "function": "f"}}
    group = {"description": "Group", "subcommands": {f"c{number}": one for number in range(COMMANDS_MAX)}}
    validate_manifest(manifest(commands={"demo": group}))
    assert (
        str(COMMANDS_MAX)
        in problem(
            manifest(commands={"demo": group, "more": {"description": "x", "subcommands": {"run": one}}})
        ).message
    )


def test_more_groups_than_the_bound_are_refused() -> None:
    problem(
        manifest(commands={f"g{number}": {"description": "x", "subcommands": {}} for number in range(COMMANDS_MAX + 1)})
    )


def test_a_description_beyond_its_bound_is_refused() -> None:
    validate_manifest(with_command(description="x" * DESCRIPTION_MAX_CHARACTERS))
    assert problem(with_command(description="x" * (DESCRIPTION_MAX_CHARACTERS + 1))).code == "E_TOO_LARGE"


def test_a_problem_is_told_in_bounded_length() -> None:
    source = with_command(options=[{"name": "x" * 10_000}] * 200)
    assert len(problem(source).message) <= 2_000


def test_endless_fallbacks_are_no_crash() -> None:
    handler: dict[str, Any] = {"type": "wasm", "function": "f"}
    for _ in range(5_000):
        handler = {"type": "wasm", "function": "f", "fallback": handler}
    assert problem(with_command(handler=handler)).code == "E_SCHEMA"


@pytest.mark.parametrize("value", [None, [], "x", 5, {}, {"library": None}])
def test_what_is_no_manifest_is_refused(value: object) -> None:
    assert problem(value).code == "E_SCHEMA"  # type: ignore[arg-type]


def test_ten_thousand_options_are_refused_at_once() -> None:
    option = {"type": "string", "description": ""}
    source = with_command(options=[{"name": f"o{number}", **option} for number in range(10_000)])
    began = time.perf_counter()
    assert "256" in problem(source).message
    assert time.perf_counter() - began < 0.6


def test_a_limit_is_not_declared_beside_what_asks_for_it() -> None:
    assert problem(manifest(library={"permissions": ["limit:memory:1GiB"]})).code == "E_SCHEMA"
