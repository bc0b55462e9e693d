"""The help of one command, from its verified manifest."""

from __future__ import annotations

import json

from codi_tui.manual.pages import table, wrap
from codi_tui.operations.flags import placeholder, usage_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.model.manifest import ArgumentDefinition, HandlerDefinition, SubcommandDefinition
    from codi_tui.trust import CommandLibrary

_KINDS = {"integer": "a whole number", "number": "a number", "json": "JSON"}
_EXAMPLE_COLUMNS = 40
_ANNOTATIONS = {
    "destructive": "It may delete or overwrite.",
    "read_only": "It changes nothing.",
    "idempotent": "Doing it again changes nothing more.",
    "open_world": "It deals with the world outside.",
}


def command_page(library: CommandLibrary, definition: SubcommandDefinition, width: int) -> str:
    """The help of one command, laid out and sanitised."""
    from codi_tui.manual.pages import fill_usage
    from codi_tui.text import sanitize

    parts = [wrap(definition.description, width), fill_usage(definition.path, usage_parts(definition), width)]
    for title, parameters in (("Arguments", definition.arguments), ("Options", definition.options)):
        if parameters:
            parts.append([f"{title}:", *table([(_written(item), explained(item)) for item in parameters], width)])
    if permissions := library.manifest.permissions:
        from codi_tui.model.permission import meaning

        rows = [(name, f"{meaning(name)}") for name in permissions]
        parts.append(["Its library may ask to:", *table(rows, width)])
    examples = [(_one_line(str(item["command"])), str(item["description"])) for item in definition.examples]
    if examples:
        parts.append(["Examples:", *table(examples, width, _EXAMPLE_COLUMNS)])
    said = [_ANNOTATIONS[name] for name in _ANNOTATIONS if definition.annotations.get(name)]
    parts.append(wrap(" ".join([f"It runs {_where(definition)}.", *said]), width))
    parts.append(
        wrap(f"From {library.name} {library.version} ({library.origin}), signed by {library.key_id[:24]}…", width)
    )
    return sanitize("\n\n".join("\n".join(part) for part in parts)) + "\n"


def command_document(library: CommandLibrary, definition: SubcommandDefinition) -> dict[str, Any]:
    """The same for a program, with the JSON Schema of its arguments."""
    from codi_tui.model.arguments import command_schema

    return {
        "command": definition.path,
        "description": definition.description,
        "usage": " ".join(["codi", definition.path, *usage_parts(definition)]),
        "schema": command_schema(definition),
        "examples": definition.examples,
        "annotations": definition.annotations,
        "output": definition.handler.output,
        "permissions": library.manifest.permissions,
        "library": library.name,
        "version": library.version,
        "origin": library.origin,
        "digest": library.digest,
        "signed_by": library.key_id,
        "rule": library.rule,
    }


def _where(definition: SubcommandDefinition) -> str:
    """Where it is run, and where instead."""
    return ", or else ".join(_place(handler) for handler in definition.handlers)


def _place(handler: HandlerDefinition) -> str:
    if handler.handler_type == "websocket":
        endpoint = handler.endpoint or ""
        return "on its library server" if endpoint.startswith("server:") else f"on the server {endpoint}"
    return "in the sandbox" if handler.handler_type == "wasm" else "in codi itself"


def _written(parameter: ArgumentDefinition) -> str:
    from codi_tui.model.manifest import OptionDefinition

    if not isinstance(parameter, OptionDefinition):
        return placeholder(parameter) + ("…" if parameter.multiple else "")
    short = f"-{parameter.short}, " if parameter.short else "    "
    if parameter.type == "boolean":
        return f"{short}--[no-]{parameter.name}"
    return f"{short}--{parameter.name} {placeholder(parameter)}"


def explained(parameter: ArgumentDefinition) -> str:
    """What a parameter is for, and what its value may be."""
    notes = [note for note in _notes(parameter) if note]
    return _one_line(parameter.description) + (f" ({'; '.join(notes)})" if notes else "")


def _notes(parameter: ArgumentDefinition) -> list[str]:
    document = parameter.document
    kind = f"a file to {parameter.access}" if parameter.type == "path" else _KINDS.get(parameter.type, "")
    choices = document.get("enum")
    default = document.get("default")
    return [
        "required" if parameter.required else "",
        f"one of {', '.join(str(item) for item in choices)}" if choices else kind,
        _range(document.get("minimum"), document.get("maximum"), ""),
        _range(document.get("min_length"), document.get("max_length"), " characters"),
        str(document.get("format") or ""),
        "may be repeated" if parameter.multiple else "",
        "secret: neither shown nor recorded" if document.get("secret") else "",
        "" if default in (None, "", False) else f"default {_plain(default)}",
    ]


def _range(low: object, high: object, unit: str) -> str:
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {high}{unit}"
    return f"at least {low}{unit}" if high is None else f"{low} to {high}{unit}"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one_line(text: str) -> str:
    """A publisher's text without lines of its own, which could pass for codi's."""
    return " ".join(text.split())
