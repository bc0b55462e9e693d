"""What the tab key offers of the settings: aliases, keys and their values, secrets' names."""

from __future__ import annotations

from codi_tui.errors import CodiError
from codi_tui.runtime import RuntimeMode
from codi_tui.settings.files import PROJECT_FILE, find_upwards, read_project_file, read_settings_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from codi_tui.settings.files import SettingsFile

    Offers = Iterable[tuple[str, str]]


def aliases() -> Offers:
    """The aliases, and what they stand for."""
    return [(name, line) for name, line in _aliases().items()]


def expanded(words: list[str]) -> list[str] | None:
    """The words with the alias in front expanded; None when it is none."""
    from codi_tui.settings.alias import expand

    known = _aliases()
    if words[0] not in known:
        return None
    return expand(words, known)


def _aliases() -> dict[str, str]:
    """The aliases as the files have them; those of settings that are wrong in another place are offered all the same."""
    try:
        return {**_of_project(), **_texts(read_settings_file(RuntimeMode.detect().settings_path()))}
    except CodiError:
        return {}


def _of_project() -> dict[str, str]:
    path = find_upwards(PROJECT_FILE)
    return {} if path is None else _texts(read_project_file(path))


def _texts(file: SettingsFile | None) -> dict[str, str]:
    table = {} if file is None else file.document.get("alias")
    return {name: line for name, line in table.items() if isinstance(line, str)} if isinstance(table, dict) else {}


def values_of_word(path: str, name: str, before: list[str]) -> Offers:
    """What a built-in's word can be.

    Args:
        path: of the verb.
        name: of the word, as its help writes it.
        before: the words before it.
    """
    from codi_tui.settings.table import alone, find_setting

    if name == "KEY":
        return [(setting.key, setting.meaning) for setting in alone() if "*" not in setting.key]
    if name == "VALUE" and before:
        setting = find_setting(before[-1])
        choices = ("true", "false") if setting and setting.kind == "bool" else setting.choices if setting else ()
        return [(choice, "") for choice in choices]
    if name == "SHELL":
        return [(shell, "") for shell in ("bash", "zsh", "fish")]
    if path.startswith("config alias "):
        return aliases()
    if path.startswith("config secret "):
        from codi_tui.operations.secrets import list_secrets

        return [(secret, "") for secret, _ in list_secrets()]
    return ()
