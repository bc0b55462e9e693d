"""Aliases: a name that stands for words behind `codi`. Words only: no shell reads them, and nothing in them is expanded."""

from __future__ import annotations

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


def is_for_project(line: str) -> bool:
    """Whether a project may bring this alias: it begins with a library's command, so no option of codi's is in it.

    Else a folder that somebody sent could hide `run --allow …` behind a harmless name.
    """
    words = alias_words(line)
    return bool(words) and split_command(words[0]) is not None


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
