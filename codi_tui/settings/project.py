"""A project's `codi.toml`: it can make a run stricter, never more trusting, for it comes with a folder and not from you."""

from __future__ import annotations

from codi_tui.limits import RUN_WALL_SECONDS
from codi_tui.settings.alias import is_for_project
from codi_tui.settings.check import project_problems
from codi_tui.settings.files import refused
from codi_tui.settings.table import FREELY, ONLY_LOWER, ONLY_TRUE, find_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.settings.files import SettingsFile
    from codi_tui.settings.table import Setting


def tightened(own: dict[str, Any], project: SettingsFile) -> dict[str, Any]:
    """The user's document with what the project's adds to it.

    Raises:
        ConfigError: `E_CONFIG`, the project's says what no project may, or something that codi does not know.
    """
    document = {name: dict(value) if isinstance(value, dict) else value for name, value in own.items()}
    for key, value in project_values(project).items():
        table, _, name = key.partition(".")
        setting = find_setting(key)
        assert setting is not None
        if counts(setting, document.get(table, {}).get(name, setting.default), value):
            document.setdefault(table, {})[name] = value
    return document


def project_values(project: SettingsFile) -> dict[str, Any]:
    """What a project's file says, by key.

    Raises:
        ConfigError: as `tightened`.
    """
    problems = project_problems(project.document)
    if not problems:
        problems = [
            f"alias {name}: a project's alias begins with a library's command, such as text.count"
            for name, line in project.document.get("alias", {}).items()
            if not is_for_project(line)
        ]
    if problems:
        raise refused(project.path, problems)
    values = {f"{table}.{name}": value for table, named in project.document.items() for name, value in named.items()}
    for key, value in values.items():
        setting = find_setting(key)
        if setting is not None and value in setting.not_in_project:
            raise refused(project.path, [f"a project cannot set {key} to {value}"])
    return values


def counts(setting: Setting, own: object, value: Any) -> bool:
    """Whether a project's value counts beside the user's own."""
    if setting.project == FREELY:
        return True
    if setting.project == ONLY_TRUE:
        return value is True
    if setting.project == ONLY_LOWER:
        return bool(value < (RUN_WALL_SECONDS if own is None else own))
    return own is None
