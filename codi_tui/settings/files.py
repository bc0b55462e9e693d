"""Reading a settings file: bounded, and only one that nobody else could have written."""

from __future__ import annotations

import os
import stat

from codi_tui.errors import ConfigError
from codi_tui.limits import SETTINGS_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROJECT_FILE = "codi.toml"
_MEND = "mend the file, or move it away"


class SettingsFile:
    """A file of settings as it was read.

    Attributes:
        path: where it is.
        text: what stands in it.
        document: the same as tables.
    """

    __slots__ = ("document", "path", "text")

    def __init__(self, path: str, text: str, document: dict[str, Any]) -> None:
        self.path = path
        self.text = text
        self.document = document


def read_settings_file(path: str) -> SettingsFile | None:
    """The user's settings file, or None where there is none.

    Raises:
        ConfigError: `E_CONFIG`, it cannot be read, is not TOML, or someone else could have written it: it names the keys
            that are trusted.
    """
    text = _own_text(path)
    return None if text is None else SettingsFile(path, text, parse_settings(path, text))


def read_settings_text(path: str) -> str:
    """What stands in the user's settings file, TOML or not; nothing where there is none.

    Raises:
        ConfigError: `E_CONFIG`, as `read_settings_file`.
    """
    return _own_text(path) or ""


def _own_text(path: str) -> str | None:
    try:
        data, status = _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    if os.name == "posix" and status.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{path} belongs to someone else", hint="it has to be yours, or root's")
    if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(f"others may write to {path}", hint=f"look at what it says, then: chmod go-w {path}")
    return _text(path, data)


def read_project_file(path: str) -> SettingsFile | None:
    """A project's file, or None where it is not one of this user's own projects.

    Raises:
        ConfigError: `E_CONFIG`, it cannot be read or is not TOML.
    """
    try:
        data, status = _read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    if not is_own_project(status):
        return None
    text = _text(path, data)
    return SettingsFile(path, text, parse_settings(path, text))


def is_own_project(status: os.stat_result) -> bool:
    """Whether a project's file is this user's: in a folder that all can write to, it may be anybody's."""
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & stat.S_IWOTH)


def find_upwards(name: str) -> str | None:
    """The nearest file of a name in the working folder or one above it; not in the home folder, nor in the root."""
    try:
        folder = os.getcwd()
    except OSError:
        return None
    home = os.path.realpath(os.path.expanduser("~"))
    while folder not in (home, os.path.dirname(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
        folder = os.path.dirname(folder)
    return None


def parse_settings(path: str, text: str) -> dict[str, Any]:
    """The tables that a text says.

    Raises:
        ConfigError: `E_CONFIG`, it is no TOML.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}", hint=_MEND) from None


def refused(path: str, problems: list[str]) -> ConfigError:
    """The error of a file that says what it may not."""
    return ConfigError(f"{path}: {'; '.join(problems)[:2000]}", hint=_MEND)


def _read(path: str) -> tuple[bytes, os.stat_result]:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with open(descriptor, "rb") as file:
        return file.read(SETTINGS_MAX_BYTES + 1), os.fstat(descriptor)


def _text(path: str, data: bytes) -> str:
    if len(data) > SETTINGS_MAX_BYTES:
        raise ConfigError(f"{path}: larger than {SETTINGS_MAX_BYTES} bytes", hint=_MEND)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: {error}", hint=_MEND) from None
