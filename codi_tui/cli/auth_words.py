"""The words that name a server, and a root that is accepted."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.manual.words import Words


def origin_of(parsed: Words) -> str:
    """The server that was named, as its origin; the empty text when none was, or it is no server's address."""
    from codi_tui.config import parse_origin

    if not parsed.rest:
        return ""
    try:
        return parse_origin(parsed.rest[0], insecure_loopback=True)
    except ValueError as error:
        parsed.problems.append(str(error))
        return ""


def fingerprint_of(parsed: Words) -> str | None:
    """The fingerprint that was named; a script has to name the one that it accepts."""
    from codi_tui.operations.trust_words import read_fingerprint

    text = parsed.options.get("--fingerprint")
    if text is None:
        if "--yes" in parsed.options:
            parsed.problems.append("--yes needs --fingerprint: a script names what it accepts")
        return None
    fingerprint = read_fingerprint(text)
    if fingerprint is None:
        parsed.problems.append("--fingerprint must be 64 hex digits")
    return fingerprint
