"""Text on its way into a widget: sanitised, bounded, and never read as markup.

Every widget is given a `Content` made here, or draws segments that were made by `line`; never a `str`, which textual
would parse.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from codi_tui.text import sanitize, sanitize_line


def line(text: str, limit: int = 500) -> Content:
    """Untrusted text on one line."""
    return Content(sanitize_line(text, limit))


def paragraph(text: str, limit: int = 4000) -> Content:
    """Untrusted text with its line breaks."""
    return Content(sanitize(text[:limit]).replace("\t", "    "))


def lines(texts: Iterable[str], limit: int = 500) -> Content:
    """Untrusted texts, each on a line of its own whatever is in it."""
    return Content("\n".join(sanitize_line(text, limit) for text in texts))


def styled(*parts: str | tuple[str, str]) -> Content:
    """One line of parts, each a text or (text, style)."""
    return Content.assemble(
        *(
            line(part) if isinstance(part, str) else Content.styled(sanitize_line(part[0], 500), part[1])
            for part in parts
        )
    )
