"""The settings as a JSON Schema (2020-12), from the table; what a schema cannot say is checked when they are read."""

from __future__ import annotations

from codi_tui.model.names import BUILT_INS, COMMAND_NAME
from codi_tui.settings.table import NEVER, TREE, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "bool": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "names": {"type": "array", "items": {"type": "string"}},
}


def settings_schema(*, project: bool = False) -> dict[str, Any]:
    """The schema of the settings file, or of a project's."""
    title = "codi's settings in a project: codi.toml" if project else "codi's settings: config.toml"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **_table(TREE, project=project),
    }


def _table(tree: dict[str, Any], *, project: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = []
    for name, node in tree.items():
        if isinstance(node, Setting):
            if project and node.project == NEVER:
                continue
            if name == "*":
                schema["additionalProperties"] = _value(node, project=project)
                schema["propertyNames"] = {"pattern": COMMAND_NAME, "not": {"enum": sorted(BUILT_INS)}}
            else:
                properties[name] = _value(node, project=project)
            if node.required:
                required.append(name)
        elif name.endswith("[]"):
            if not project:
                properties[name[:-2]] = {"type": "array", "items": _table(node, project=project)}
        else:
            table = _table(node, project=project)
            if table["properties"] or table["additionalProperties"]:
                properties[name] = table
    return {**schema, "required": required} if required else schema


def _value(setting: Setting, *, project: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {**_TYPES[setting.kind], "description": setting.meaning}
    if setting.choices:
        schema["enum"] = [choice for choice in setting.choices if not (project and choice in setting.not_in_project)]
    if setting.kind in ("integer", "number"):
        schema.update(minimum=setting.low, maximum=setting.high)
    if setting.default is not None:
        schema["default"] = setting.default
    return schema
