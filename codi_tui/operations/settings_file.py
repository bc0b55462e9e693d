"""Changing the settings file: its comments and order stay, and it is replaced whole or not at all."""

from __future__ import annotations

import os

from codi_tui.cache.files import prepare_folder, replace_file
from codi_tui.config import check_settings
from codi_tui.errors import CacheError, CodiError, ConfigError, NotFoundError, UsageError
from codi_tui.settings.check import value_problems
from codi_tui.settings.files import parse_settings, read_settings_file, read_settings_text
from codi_tui.settings.table import Setting, alone, find_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tomlkit import TOMLDocument


def setting_of(key: str) -> Setting:
    """The setting that has a name.

    Raises:
        NotFoundError: there is none; with the nearest that there is.
    """
    setting = find_setting(key)
    if setting is None or setting.key == key == "alias.*":
        from codi_tui.catalog.commands import nearest

        near = nearest(key[:80], [known.key for known in alone()], 1)
        raise NotFoundError(
            f"there is no setting {key[:80]!r}", hint=f"did you mean {near[0]}?" if near else "codi config list"
        )
    return setting


def parse_value(setting: Setting, key: str, text: str) -> object:
    """A value as it was typed.

    Raises:
        UsageError: it is none of this setting's.
    """
    value: object = text
    try:
        if setting.kind == "bool":
            value = {"true": True, "false": False}.get(text, text)
        elif setting.kind == "integer":
            value = int(text)
        elif setting.kind == "number":
            value = int(text) if text.isdigit() else float(text)
    except ValueError:
        pass
    if problems := list(value_problems(setting, value, key.rpartition(".")[2])):
        raise UsageError(problems)
    return value


def set_value(path: str, key: str, value: object) -> None:
    """Write a setting into the settings file, which is made when there is none.

    Raises:
        ConfigError: `E_CONFIG`, the file is wrong, or would be.
        CodiError: `E_CREATE`, it cannot be written.
    """

    def change(document: TOMLDocument) -> None:
        import tomlkit

        table, _, name = key.partition(".")
        if table not in document:
            document.append(table, tomlkit.table())
        document[table][name] = value

    change_settings(path, change)


def unset_value(path: str, key: str) -> None:
    """Take a setting out of the settings file.

    Raises:
        NotFoundError: it is not in it.
        ConfigError: `E_CONFIG`, the file is wrong.
        CodiError: `E_CREATE`, it cannot be written.
    """

    def change(document: TOMLDocument) -> None:
        table, _, name = key.partition(".")
        if name not in document.get(table, {}):
            raise NotFoundError(f"{path} does not set {key[:80]}", hint="codi config list --origin says what does")
        del document[table][name]
        if not document[table]:
            del document[table]

    change_settings(path, change)


def change_settings(path: str, change: Callable[[TOMLDocument], None]) -> None:
    """Change the settings file's document in place. Two that change it at once take turns.

    Raises:
        ConfigError: `E_CONFIG`, the file is wrong, or would be.
        CodiError: `E_CREATE`, it cannot be written.
    """
    import tomlkit

    with _Turn(path):
        file = read_settings_file(path)
        document = tomlkit.parse("" if file is None else file.text)
        change(document)
        _put(path, tomlkit.dumps(document))


def replace_settings(path: str, before: str, after: str) -> None:
    """Put a text in the settings file's place.

    Args:
        before: what stood there when the text was begun.

    Raises:
        ConfigError: `E_CONFIG`, the text is wrong, or the file has changed meanwhile.
        CodiError: `E_CREATE`, it cannot be written.
    """
    with _Turn(path):
        if read_settings_text(path) != before:
            raise ConfigError("the settings file was changed by something else meanwhile")
        _put(path, after)


def _put(path: str, text: str) -> None:
    check_settings(path, parse_settings(path, text))
    try:
        # a link, such as one into a folder of dotfiles, stays one
        replace_file(os.path.realpath(path), text.encode())
    except OSError as error:
        raise CodiError(f"cannot write {path}: {error.strerror}", code="E_CREATE") from None


class _Turn:
    """The settings' folder, locked for as long as the block runs (not on Windows)."""

    def __init__(self, path: str) -> None:
        self._folder = os.path.dirname(path)
        self._descriptor = -1

    def __enter__(self) -> None:
        try:
            if not os.path.isdir(self._folder):
                prepare_folder(self._folder)
            if os.name == "posix":
                import fcntl

                self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except (OSError, CacheError) as error:
            raise CodiError(f"cannot write to {self._folder}: {error}", code="E_CREATE") from None

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
