"""What a person is asked before a library may do more than was granted, in words: the same at every door.

The words are raw: names and descriptions in them come from a manifest, and each door sanitises what it shows.
"""

from __future__ import annotations

from typing import Literal, Protocol

from codi_tui.limits import QUESTION_LINES_MAX
from codi_tui.model.permission import meaning
from codi_tui.trust.policy import normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.trust import CommandLibrary
    from codi_tui.trust.changes import Change

Answer = Literal["grant", "once", "refuse"]


class Ask(Protocol):
    """How a door asks a person. A door for agents has none."""

    async def __call__(self, question: Question, /) -> Answer: ...


class Question:
    """A question.

    Attributes:
        title: what it is about.
        signer: who signed the library, by which rule, and how recent it is.
        lines: the differences, then the permissions that are wanted, one a line.
        grant_words: what the answer `grant` does.
    """

    __slots__ = ("grant_words", "lines", "signer", "title")

    def __init__(self, title: str, signer: str, lines: list[str], grant_words: str) -> None:
        self.title = title
        self.signer = signer
        self.lines = lines
        self.grant_words = grant_words


def make_question(
    library: CommandLibrary, changes: Sequence[Change], missing: Sequence[str], old_version: str
) -> Question:
    """The question about a library.

    Args:
        library: verified.
        changes: how it differs from what was approved; none when nothing in it needs a decision.
        missing: the permissions that are wanted and not granted.
        old_version: what was approved, when there are changes.
    """
    title = question_title(f"{library.name} {library.version}", changes, old_version)
    told = {change.after for change in changes if change.kind == "permission"}
    wanted = [f"+ {item}   {meaning(item)}" for item in missing if normal(item) not in told]
    words = "grant for this library and rule" if missing else "approve the change"
    lines = bounded([*wanted, *difference_lines(changes)])  # permissions first: none of them may be what is cut
    return Question(title, _signer(library), lines, words)


def question_title(name: str, changes: Sequence[Change], old_version: str) -> str:
    """What a question is about: a library's name and version, and how it differs from the approved one."""
    if any(change.kind == "permission" and change.widens for change in changes):
        return f"{name} asks for more than {old_version}"
    return f"{name} is not what {old_version} was" if changes else f"{name} asks for permissions"


def _signer(library: CommandLibrary) -> str:
    about = library.manifest.library
    parts = [f"signed by {library.key_id[:24]}", f"rule {library.rule}", f"from {library.origin}"]
    if about.sequence is not None:
        parts.append(f"sequence {about.sequence}")
    if about.issued_at is not None:
        parts.append(f"issued {about.issued_at[:10]}")
    return ", ".join(parts)


def difference_lines(changes: Sequence[Change]) -> list[str]:
    """A difference as plain lines, what has to be decided first."""
    return [_line(change) for change in sorted(changes, key=lambda change: not change.widens)]


def bounded(lines: list[str]) -> list[str]:
    """The lines, cut where nobody reads on."""
    more = len(lines) - QUESTION_LINES_MAX
    return [*lines[:QUESTION_LINES_MAX], *([f"… and {more} more"] if more > 0 else [])]


def _line(change: Change) -> str:
    if change.kind == "permission":
        return (
            f"- {change.name}   no longer asked for"
            if change.after is None
            else f"+ {change.name}   {meaning(change.name)}"
        )
    if change.kind == "library":
        return "~ what was approved before cannot be compared with it: all of it is new"
    if change.kind == "command":
        return f"- {change.command}  is gone" if change.after is None else f"+ {change.command}  is new: {change.after}"
    return f"~ {change.command}  {_words(change)}"


def _words(change: Change) -> str:
    if change.kind == "description":
        return f'description: "{change.before}" → "{change.after}"'
    if change.kind == "annotation":
        return f"is {'no longer' if change.after is None else 'now'} marked {change.name}"
    if change.kind == "limits":
        return f"limit {change.name}: {change.before} → {change.after}"
    if change.kind == "handler":
        return f"handled by: {change.before} → {change.after}"
    if change.kind == "definition":
        return "changed, and is too large to say how"
    name = f"--{change.name}" if change.kind == "option" else change.name
    if change.before is None:
        return f"{change.kind} {name} ({change.after}) is new"
    if change.after is None:
        return f"{change.kind} {name} is gone"
    types = f": {change.before} → {change.after}" if change.before != change.after else ""
    return f"{change.kind} {name} changed{types}"
