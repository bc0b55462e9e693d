"""One function turns a command's definition into a JSON Schema; values are parsed and checked against that schema.

Help, flags, forms, completion and the schemas that agents see all come from `command_schema`. The checker knows just the
keywords that the function writes (JSON Schema 2020-12); a property test holds it to the same answers as the jsonschema
library, which is too slow to import before every run.
"""

from __future__ import annotations

from codi_tui.limits import JSON_MAX_INTEGER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.model.manifest import SubcommandDefinition

    Schema = dict[str, Any]
    Values = dict[str, Any]

_JSON_TYPES = {"string": "string", "path": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
_KEYWORDS = {
    "minimum": ("minimum", ("integer", "number")),
    "maximum": ("maximum", ("integer", "number")),
    "min_length": ("minLength", ("string", "path")),
    "max_length": ("maxLength", ("string", "path")),
    "format": ("format", ("string",)),
    "enum": ("enum", ("string", "integer", "number")),
}


def command_schema(command: SubcommandDefinition) -> Schema:
    """The JSON Schema (2020-12) of a command's arguments and options, as one object."""
    parameters = [item.document for item in command.parameters]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {item["name"]: _parameter_schema(item) for item in parameters},
        "required": [item["name"] for item in parameters if item.get("required")],
        "additionalProperties": False,
    }


def _parameter_schema(definition: dict[str, Any]) -> Schema:
    kind = definition["type"]
    schema: Schema = {} if kind == "json" else {"type": _JSON_TYPES[kind]}
    for member, (keyword, _) in _KEYWORDS.items():
        if definition.get(member) is not None:
            schema[keyword] = _from_wire(kind, definition[member])
    if kind == "path":
        schema["format"] = "path"
    if definition.get("secret"):
        schema["writeOnly"] = True
    if definition.get("multiple"):
        schema = {"type": "array", "items": schema}
        if definition.get("required"):
            schema["minItems"] = 1
    schema["description"] = definition["description"]
    if definition.get("default") is not None:
        schema["default"] = _from_wire(kind, definition["default"])
    return schema


def _from_wire(kind: str, value: Any) -> Any:
    """A limit or default as JSON has it: signed documents write the decimals of a `number` as strings."""
    if isinstance(value, list):
        return [_from_wire(kind, item) for item in value]
    return _number(value) if kind == "number" and isinstance(value, str) else value


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) <= JSON_MAX_INTEGER else value


def parse_value(schema: Schema, text: str) -> Any:
    """A value written as text (a flag, a form's field), by its schema.

    Raises:
        ValueError: the text cannot be read as the type; the message is one phrase.
    """
    kind = schema.get("type")
    if kind == "array":
        return parse_value(schema["items"], text)
    if kind == "string":
        return text
    if kind in ("integer", "number"):
        return _parse_number(str(kind), text)
    if kind == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"must be true or false, not {shown(text)}")
        return text == "true"
    from codi_tui.errors import DocumentError
    from codi_tui.trust.canonical import loads_strict

    try:
        return loads_strict(text.encode())
    except (DocumentError, UnicodeEncodeError):
        raise ValueError(f"must be JSON, not {shown(text)}; text needs quotation marks") from None


def _parse_number(kind: str, text: str) -> int | float:
    try:
        if "_" in text or text != text.strip() or not text.isascii():
            raise ValueError
        return int(text) if kind == "integer" else _number(text)
    except (ValueError, OverflowError):
        raise ValueError(f"must be {_KINDS[kind]}, not {shown(text)}") from None


def complete(schema: Schema, given: Values) -> Values:
    """The values with the defaults of those that were not given."""
    properties = schema["properties"].items()
    defaults = {name: item["default"] for name, item in properties if "default" in item and not _confers(item)}
    return {**defaults, **given}


def _confers(schema: Schema) -> bool:
    """Whether a default would name a path in the user's stead."""
    return schema.get("format") == "path" and schema["default"] != "-"


def check_values(schema: Schema, values: Values) -> list[str]:
    """Every problem of the values, one phrase each; none when they satisfy the schema."""
    properties = schema["properties"]
    problems = [f"{name} is missing" for name in schema["required"] if name not in values]
    for name, value in values.items():
        if name in properties:
            problems += [f"{name} {problem}" for problem in _check(properties[name], value)]
        else:
            problems.append(f"{shown(name)} is not one of its arguments")
    return problems


def _check(schema: Schema, value: Any) -> list[str]:
    kind = schema.get("type")
    if kind == "array":
        if not isinstance(value, list):
            return ["must be a list"]
        if len(value) < schema.get("minItems", 0):
            return ["is missing"]
        return [problem for item in value for problem in _check(schema["items"], item)]
    if isinstance(kind, str) and not _is(kind, value):
        return [f"must be {_KINDS[kind]}, not {shown(value)}"]
    if isinstance(value, str) and schema.get("format") != "path" and not _is_text(value):
        return ["must be text in UTF-8"]
    return _bounds(schema, value)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is(kind: str, value: Any) -> bool:
    if kind == "integer":
        return _is_number(value) and value == int(value)
    return _is_number(value) if kind == "number" else isinstance(value, _PYTHON_TYPES[kind])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != _INFINITY and value == value


_INFINITY = float("inf")
_PYTHON_TYPES = {"string": str, "boolean": bool}
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def _bounds(schema: Schema, value: Any) -> list[str]:
    problems = []
    if "enum" in schema and value not in schema["enum"]:
        problems.append(f"must be one of {', '.join(str(item) for item in schema['enum'])}, not {shown(value)}")
    if "minimum" in schema and value < schema["minimum"]:
        problems.append(f"must be at least {schema['minimum']}, not {shown(value)}")
    if "maximum" in schema and value > schema["maximum"]:
        problems.append(f"must be at most {schema['maximum']}, not {shown(value)}")
    if "minLength" in schema and len(value) < schema["minLength"]:
        problems.append(f"must have at least {schema['minLength']} characters, not {len(value)}")
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        problems.append(f"must have at most {schema['maxLength']} characters, not {len(value)}")
    return problems


def shown(value: object) -> str:
    """A value as an error message shows it: quoted when it is text, and cut when it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def definition_problems(definition: dict[str, Any]) -> list[str]:
    """What is wrong with a parameter's definition beyond its shape: limits that do not fit its type, a bad default."""
    kind = definition.get("type")
    if kind not in (*_JSON_TYPES, "json"):
        return []
    problems = [
        f"{member} does not go with type {kind}"
        for member, (_, kinds) in _KEYWORDS.items()
        if definition.get(member) is not None and kind not in kinds
    ]
    if problems:
        return problems
    default = definition.get("default")
    if definition.get("required") and default is not None:
        return ["a required parameter has no default"]
    if kind == "path" and default not in (None, "-"):
        return ["a path has no default but -: only the user confers a path"]
    try:
        schema = _parameter_schema({"description": "", **definition})
        value = schema["items"] if definition.get("multiple") else schema
        limits = [value[keyword] for keyword in ("minimum", "maximum") if keyword in value] + value.get("enum", [])
        if not all(_is(value["type"], limit) for limit in limits):
            return ["its limits do not fit its type"]
        return [] if default is None else [f"its default {problem}" for problem in _check(schema, schema["default"])]
    except (TypeError, ValueError, OverflowError):
        return ["its limits or default do not fit its type"]
