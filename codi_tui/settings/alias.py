"""Aliases: a name that stands for words behind `codi`. Words only: no shell reads them, and nothing in them is expanded."""

from __future__ import annotations

import os

from codi_tui.errors import UsageError
from codi_tui.limits import ALIAS_STEPS_MAX
from codi_tui.model.names import BUILT_INS, is_name, split_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def alias_problem(name: str, line: str) -> str | None:
    """Why a name cannot stand for a line, or None.

    A command always has a dot and an alias never, so that none can take a command's place.
    """
    if not is_name(name):
        return f"alias {name[:80]!r}: a name is lower-case letters, digits and hyphens, and begins with a letter"
    if name in BUILT_INS:
        return f"alias {name}: that is one of codi's own commands, which no alias can replace"
    try:
        words = alias_words(line)
    except UsageError as error:
        return f"alias {name}: {error.message}"
    return None if words else f"alias {name}: it stands for nothing"


def alias_words(line: str) -> list[str]:
    """The words that an alias stands for, without a `codi` in front.

    Raises:
        UsageError: it cannot be split, or has something that only a shell could do.
    """
    from codi_tui.operations.shell_words import split

    tokens = split(line)
    if operator := next((token for token in tokens if token.operator), None):
        raise UsageError([f"{operator.text!r} is for a shell, and none reads an alias; quote it, or write a script"])
    words = [token.text for token in tokens]
    return words[1:] if words[:1] == ["codi"] else words


def project_alias_problem(line: str) -> str | None:
    """Why a project may not bring this alias, or None.

    A folder that somebody sent must not hide `run --allow …` behind a harmless name; nor a path, for a path that is given
    as an argument is conferred, and it would be the project that gives it.
    """
    words = alias_words(line)
    if not words or split_command(words[0]) is None:
        return "a project's alias begins with a library's command, such as text.count"
    if any(_leads_out(text) for word in words[1:] for text in (word, word.partition("=")[2], word[2:])):
        return "a project's alias has no path that leads out of the working folder, and no link"
    return None


def _leads_out(text: str) -> bool:
    return "/" in text or "\\" in text or text.startswith("~") or text == ".." or os.path.islink(text)


def expand(words: list[str], aliases: Mapping[str, str]) -> list[str]:
    """The words with an alias in front replaced by what it stands for, until it is none.

    Raises:
        UsageError: the aliases lead back to one of themselves.
    """
    seen: list[str] = []
    while words and words[0] in aliases and words[0] not in BUILT_INS:
        if words[0] in seen or len(seen) == ALIAS_STEPS_MAX:
            way = " → ".join([*seen, words[0]])
            raise UsageError([f"the aliases go round in a circle: {way}"], hint="codi config alias list")
        seen.append(words[0])
        words = [*alias_words(aliases[words[0]]), *words[1:]]
    return words
