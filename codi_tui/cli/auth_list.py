"""`codi auth trust list`: an entry as a line, and as a program reads it."""

from __future__ import annotations

from codi_tui.operations.trust_words import ago, count, document_facts, time_or_none, until
from codi_tui.trust.policy import BUNDLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.trust import Trusted

_ORIGIN_WIDTH = 36


def bundled_line(key_id: str) -> str:
    """The libraries that come with codi."""
    return f"{BUNDLED:<{_ORIGIN_WIDTH}}  the key in the installed package  {key_id}"


def entry_line(entry: Trusted, now: float) -> str:
    """Who decides for a server."""
    return f"{entry.origin:<{_ORIGIN_WIDTH}}  {_decides(entry, now)}"


def _decides(entry: Trusted, now: float) -> str:
    document = entry.document
    if document is None:
        if entry.keys:
            return f"{count(entry.keys, 'key')} in the settings"
        return "nobody: its libraries are refused (codi auth trust add)"
    return (
        f"trust document {document.version}, {until(document.expires_at, now)}, checked {ago(entry.checked_at, now)}  "
        f"root {document.fingerprint}"
    )


def bundled_facts(key_id: str) -> dict[str, object]:
    """The libraries that come with codi, for a program."""
    return {"origin": BUNDLED, "decides": "package", "key_id": key_id}


def entry_facts(entry: Trusted, now: float) -> dict[str, object]:
    """Who decides for a server, for a program."""
    document = entry.document
    facts: dict[str, object] = {
        "origin": entry.origin,
        "decides": "document" if document is not None else "settings" if entry.keys else "nobody",
        "settings_keys": entry.keys,
    }
    if document is not None:
        facts |= {
            "document": document_facts(document),
            "expires": until(document.expires_at, now),
            "accepted_fingerprint": entry.fingerprint,
            "pinned_at": time_or_none(entry.pinned_at),
            "checked_at": time_or_none(entry.checked_at),
            "fresh": entry.fresh,
        }
    return facts
