"""Names: their patterns, the ten built-ins, and how a command is written.

Only printable ASCII passes, so look-alikes (homoglyphs, case, zero-width characters) cannot.
"""

from __future__ import annotations

LIBRARY_NAME = r"^[a-z][a-z0-9-]{0,62}$"
COMMAND_NAME = r"^[a-z][a-z0-9-]{0,62}$"
PARAMETER_NAME = r"^[a-z][a-z0-9_-]{0,62}$"

BUILT_INS = frozenset({"auth", "log", "config", "help", "connect", "sync", "session", "mcp", "ui", "run"})
"""Always codi's own: no library can take one of these names."""

_VERSION_CHARACTERS = 128
_DIGITS = frozenset("0123456789")
_VERSION = frozenset("0123456789.+-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz")
_REST = _FIRST | frozenset("0123456789-")


def is_name(text: str) -> bool:
    """Whether a text is a library's or a command part's name, as `LIBRARY_NAME` has it, without a regular expression."""
    return 0 < len(text) <= 63 and text[0] in _FIRST and _REST.issuperset(text)


def split_command(text: str) -> tuple[str | None, str] | None:
    """`library:group.name` as (library, path), `group.name` as (None, path); None when it is neither."""
    library, colon, path = text.rpartition(":")
    group, dot, name = path.partition(".")
    if not (dot and is_name(group) and is_name(name)) or (colon and not is_name(library)):
        return None
    return (library if colon else None), path


def is_version(text: str) -> bool:
    """Whether a text can be a version and is safe in a path or URL; whether it is one of semver 2.0, its manifest's check says."""
    return 0 < len(text) <= _VERSION_CHARACTERS and text[0] in _DIGITS and _VERSION.issuperset(text)
