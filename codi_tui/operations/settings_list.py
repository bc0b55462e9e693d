"""What every setting is here and now, and where it comes from."""

from __future__ import annotations

from codi_tui.settings.files import PROJECT_FILE, find_upwards, read_project_file, read_settings_file
from codi_tui.settings.table import alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from codi_tui.settings.files import SettingsFile
    from codi_tui.settings.table import Setting

_LINES_MAX = 20_000
"""Of a longer file no lines are told."""


class Value:
    """A setting's value.

    Attributes:
        origin: `default`, `settings` or `project`.
        path, line: the file and the first line that says so; None for a default.
    """

    __slots__ = ("key", "line", "origin", "path", "value")

    def __init__(self, key: str, value: Any, origin: str, path: str | None = None, line: int | None = None) -> None:
        self.key = key
        self.value = value
        self.origin = origin
        self.path = path
        self.line = line


def every_value(settings_path: str) -> list[Value]:
    """Every setting's value, in the order of the table; one that is nothing by default stands there with None.

    Raises:
        ConfigError: `E_CONFIG`, as `load_settings` raises it.
    """
    from codi_tui.config import load_settings
    from codi_tui.settings.project import counts, project_values

    load_settings(settings_path)  # says what is wrong with them
    own, project_path = read_settings_file(settings_path), find_upwards(PROJECT_FILE)
    project = read_project_file(project_path) if project_path else None
    proposed = {} if project is None else project_values(project)
    values = [_of_file("servers", own, "settings", {"servers": []})]
    for key, setting in _keys(own, proposed):
        value = _of_file(key, own, "settings", _nested(key, setting.default))
        if project is not None and key in proposed and counts(setting, value.value, proposed[key]):
            value = _of_file(key, project, "project", {})
        values.append(value)
    return values


def _keys(own: SettingsFile | None, proposed: dict[str, Any]) -> Iterator[tuple[str, Setting]]:
    for setting in alone():
        if setting.key != "alias.*":
            yield setting.key, setting
            continue
        names = [] if own is None else [f"alias.{name}" for name in own.document.get("alias", {})]
        for key in sorted({*names, *(key for key in proposed if key.startswith("alias."))}):
            yield key, setting


def _of_file(key: str, file: SettingsFile | None, origin: str, default: dict[str, Any]) -> Value:
    parts = key.split(".")
    if file is not None and _has(file.document, parts):
        return Value(key, _at(file.document, parts), origin, file.path, _line_of(parts, file.text))
    return Value(key, _at(default, parts), "default")


def _nested(key: str, value: object) -> dict[str, Any]:
    table, _, name = key.partition(".")
    return {table: {name: value}}


def _has(document: dict[str, Any], parts: list[str]) -> bool:
    for part in parts:
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return True


def _at(document: Any, parts: list[str]) -> Any:
    for part in parts:
        document = document[part]
    return document


def _line_of(parts: list[str], text: str) -> int | None:
    """The line on which a value begins: the first that a beginning of the file cannot be without to have it.

    A beginning that ends inside of a value is no TOML; those are passed over.
    """
    import tomllib

    lines = text.splitlines(keepends=True)
    if len(lines) > _LINES_MAX:
        return None

    def said(count: int) -> bool | None:
        try:
            return _has(tomllib.loads("".join(lines[:count])), parts)
        except ValueError:
            return None

    without, with_it = 0, len(lines)
    while with_it - without > 1:
        middle = (without + with_it) // 2
        found = next((at for at in range(middle, without, -1) if said(at) is not None), None)
        if found is None:
            found = next((at for at in range(middle + 1, with_it) if said(at) is not None), None)
            if found is None:
                break
        if said(found):
            with_it = found
        else:
            without = found
    return without + 1
