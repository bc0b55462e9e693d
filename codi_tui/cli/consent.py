"""What a library asks for, put to the person at the terminal; the words are the same at every door."""

from __future__ import annotations

from codi_tui.cli.narration import say
from codi_tui.cli.question import answer_to, somebody_is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.question import Answer, Ask, Question

_ANSWERS: dict[str, Answer] = {"g": "grant", "grant": "grant", "o": "once", "once": "once"}


def terminal_ask() -> Ask | None:
    """What asks the person at this process's terminal; None when there is nobody to ask."""
    return _ask if somebody_is_there() else None


async def _ask(question: Question) -> Answer:
    say(f"codi: {question.title}")
    say(f"  {question.signer}")
    for line in question.lines:
        say(f"  {line}")
    words = answer_to(f"[g] {question.grant_words}, [o] only this once, anything else refuses: ")
    return _ANSWERS.get(words, "refuse")
