"""What a library asks for, or that it has expired, put to the person at the terminal."""

from __future__ import annotations

from codi_tui.cli.narration import say
from codi_tui.cli.question import answer_to, confirm, somebody_is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.core import Core
    from codi_tui.operations.question import Answer, Ask, Question
    from codi_tui.trust import CommandLibrary

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


def confirm_expired(core: Core, library: CommandLibrary) -> None:
    """Let the person decide about a library that has expired; the audit trail says so.

    Raises:
        TrustError: `E_EXPIRED`, it is not to be run.
        CodiError: `E_TERMINAL`, there is nobody to ask.
    """
    from codi_tui.errors import TrustError
    from codi_tui.model.times import timestamp

    expires_at = library.manifest.library.expires_at
    if expires_at is None or str(expires_at) > timestamp(core.trust.clock()):
        return
    say(
        f"codi: {library.name} {library.version} from {library.origin} expired at {expires_at}; no newer one is to be had"
    )
    if not confirm("Run it all the same, this once?", otherwise="without a terminal what has expired is not run"):
        raise TrustError(f"it expired at {expires_at}", code="E_EXPIRED", library=library.name)
    core.trust.audit.append(
        "library.expired_allowed",
        origin=library.origin,
        library=library.name,
        version=library.version,
        digest=library.digest,
    )
