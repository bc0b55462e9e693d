"""`codi config get | set | unset | list | schema | alias`."""

from __future__ import annotations

from codi_tui.cli.exits import OK
from codi_tui.cli.page import show_json, show_lines
from codi_tui.errors import NotFoundError, UsageError
from codi_tui.runtime import RuntimeMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.manual.words import Words
    from codi_tui.operations.settings_list import Value


def _settings_path() -> str:
    return RuntimeMode.detect().settings_path()


def _get(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.settings_file import setting_of
    from codi_tui.operations.settings_list import every_value

    key = parsed.rest[0]
    value = next((value for value in every_value(_settings_path()) if value.key == key), None)
    if value is None:
        setting_of(key)
        raise NotFoundError(f"nothing is set as {key[:80]}", hint="codi config list")
    if parsed.as_json:
        show_json(value.value)
    elif value.value is not None:
        show_lines([_written(value.value)])
    return OK


def _set(parsed: Words) -> int:
    key, text = (*parsed.rest, "", "")[:2]
    if key.split(".")[0].split("[")[0] == "servers":
        parsed.problems.append("servers, and the keys that count for them, are not set by name: codi config edit")
    parsed.check()
    from codi_tui.operations.settings_file import parse_value, set_value, setting_of

    set_value(_settings_path(), key, parse_value(setting_of(key), key, text))
    return OK


def _unset(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.settings_file import setting_of, unset_value

    setting_of(parsed.rest[0])
    unset_value(_settings_path(), parsed.rest[0])
    return OK


def _list(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.settings_list import every_value

    values = every_value(_settings_path())
    if parsed.as_json:
        members = ("key", "value", "origin", "path", "line")
        show_json([{name: getattr(value, name) for name in members} for value in values])
        return OK
    rows = [(f"{value.key} = {_written(value.value)}", _origin(value)) for value in values]
    width = max(len(left) for left, _ in rows if len(left) <= _LEFT_MOST)
    show_lines(f"{left:<{width}}  {origin}" if "--origin" in parsed.options else left for left, origin in rows)
    return OK


_LEFT_MOST = 60


def _written(value: object) -> str:
    import json

    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _origin(value: Value) -> str:
    if value.path is None:
        return "default"
    return value.path if value.line is None else f"{value.path}:{value.line}"


def _schema(parsed: Words) -> int:
    parsed.check()
    from codi_tui.settings.schema import settings_schema

    show_json(settings_schema(project="--project" in parsed.options))
    return OK


def _list_aliases(parsed: Words) -> int:
    parsed.check()
    from codi_tui.config import load_settings

    aliases = dict(sorted(load_settings(_settings_path()).aliases.items()))
    if parsed.as_json:
        show_json(aliases)
    else:
        show_lines([f"{name:<12} {line}" for name, line in aliases.items()] or ["there are no aliases"])
    return OK


def _set_alias(parsed: Words) -> int:
    parsed.check()
    from codi_tui.config import load_settings
    from codi_tui.operations.settings_file import set_value
    from codi_tui.settings.alias import alias_problem, alias_words, expand

    name, line = parsed.rest
    if problem := alias_problem(name, line):
        raise UsageError([problem], hint="codi config alias --help")
    aliases = load_settings(_settings_path()).aliases
    expand(alias_words(line), {**aliases, name: line})
    set_value(_settings_path(), f"alias.{name}", line)
    return OK


def _unset_alias(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.settings_file import unset_value

    unset_value(_settings_path(), f"alias.{parsed.rest[0]}")
    return OK


SETTING_VERBS: dict[str, Callable[[Words], int]] = {
    "config get": _get,
    "config set": _set,
    "config unset": _unset,
    "config list": _list,
    "config schema": _schema,
    "config alias list": _list_aliases,
    "config alias set": _set_alias,
    "config alias unset": _unset_alias,
}
