"""The manifest's rules that reach across members: what shapes alone cannot say.

They read the raw document and step over parts of a wrong shape, which the schema names, so that both lists of problems
can be given at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from codi_tui.limits import COMMANDS_MAX
from codi_tui.model.arguments import definition_problems
from codi_tui.model.endpoint import parse_endpoint
from codi_tui.model.names import BUILT_INS
from codi_tui.model.template import template_problems


class Problem(NamedTuple):
    """One thing that is wrong, where, and of which kind: it decides the error's code."""

    where: str
    message: str
    kind: Literal["schema", "newer", "reserved", "large"] = "schema"


FEATURES: frozenset[str] = frozenset()
"""What `library.requires` may name."""


def manifest_problems(document: object) -> Iterator[Problem]:
    """Every problem of a manifest beyond the shapes of its members."""
    manifest = _object(document)
    requires = _list(_object(manifest.get("library")).get("requires"))
    if unknown := sorted(item for item in requires if isinstance(item, str) and item not in FEATURES):
        names = ", ".join(unknown)[:200]
        yield Problem("library.requires", f"this codi does not have the features {names}", "newer")
    groups = _object(manifest.get("commands"))
    for name in sorted(set(groups) & BUILT_INS):
        yield Problem("commands", f"{name} is reserved for a built-in", "reserved")
    commands = {group: _object(_object(item).get("subcommands")) for group, item in groups.items()}
    count = sum(max(1, len(subcommands)) for subcommands in commands.values())
    if count > COMMANDS_MAX:
        yield Problem("commands", f"{count} commands: at most {COMMANDS_MAX} are allowed", "large")
        return
    core = _object(manifest.get("wasm_module")).get("format") == "core"
    for group, subcommands in commands.items():
        for name, item in subcommands.items():
            for problem in _command_problems(_object(item), core=core):
                yield problem._replace(where=f"commands.{group}.{name}.{problem.where}")


def _command_problems(command: dict[str, Any], *, core: bool) -> Iterator[Problem]:
    arguments = [_object(item) for item in _list(command.get("arguments"))]
    options = [_object(item) for item in _list(command.get("options"))]
    yield from _name_problems([*arguments, *options])
    if any(item.get("multiple") for item in arguments[:-1]):
        yield Problem("arguments", "only the last argument may be multiple")
    required = [bool(item.get("required")) for item in arguments]
    if required != sorted(required, reverse=True):
        yield Problem("arguments", "a required argument stands after an optional one")
    for item in (*arguments, *options):
        for message in definition_problems(item):
            yield Problem(str(item.get("name"))[:64], message)
    handlers = list(_handlers(_object(command.get("handler"))))
    for handler in handlers:
        yield from _handler_problems(handler, [*arguments, *options])
    if core and any(handler.get("type") == "wasm" for handler in handlers):
        if any(item.get("type") == "path" for item in (*arguments, *options)):
            yield Problem("arguments", "a core module is given no files, so its commands take no paths")
        if any(handler.get(template) is not None for handler in handlers for template in _TEMPLATES):
            yield Problem("handler", "templates are for programs, and a core module is none")


_TEMPLATES = ("argv", "stdin")


def _handlers(handler: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A handler and its fallbacks."""
    while handler:
        yield handler
        handler = _object(handler.get("fallback"))


def _name_problems(parameters: list[dict[str, Any]]) -> Iterator[Problem]:
    for member, what in (("name", "name"), ("short", "short form")):
        values = [item[member] for item in parameters if isinstance(item.get(member), str)]
        seen: set[str] = set()
        if twice := sorted({value for value in values if value in seen or seen.add(value)}):  # type: ignore[func-returns-value]
            yield Problem("options", f"{what} used twice: {', '.join(twice)[:200]}")
        if {"name": "help", "short": "h"}[member] in values:
            yield Problem("options", "--help and -h are codi's own")


def _handler_problems(handler: dict[str, Any], parameters: list[dict[str, Any]]) -> Iterator[Problem]:
    if handler.get("type") == "websocket" and handler.get("endpoint") is None:
        yield Problem("handler", "a websocket handler needs an endpoint")
    if handler.get("type") == "websocket" and isinstance(handler.get("endpoint"), str):
        try:
            parse_endpoint(handler["endpoint"])
        except ValueError as error:
            yield Problem("handler", str(error))
    if handler.get("type") in ("wasm", "local") and handler.get("function") is None:
        yield Problem("handler", f"a {handler['type']} handler needs a function")
    if any(handler.get(template) is not None for template in _TEMPLATES):
        if handler.get("type") != "wasm":
            yield Problem("handler", "templates go with type wasm")
        for message in template_problems(handler, parameters):
            yield Problem("handler", message)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
