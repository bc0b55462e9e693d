"""Searching in the output pane: what is typed, what was found, and what to say of it. No widgets here."""

from __future__ import annotations

import time
from collections.abc import Iterator

from codi_tui.limits import OUTPUT_SLICE_SECONDS, QUERY_CHARACTERS
from codi_tui.text import sanitize_line
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.foot import grouped


class OutputSearch:
    """A search: first typed at the pane's last row, then repeated with `n` and `N`."""

    def __init__(self) -> None:
        self.typing = False
        self.query = ""
        self.found: int | None = None
        """The line that was found last."""
        self.origin = 0
        """The line that was at the top when typing began; the search begins there."""
        self.followed = False
        """Whether the pane followed then; taking the search back restores it."""
        self._state = ""

    def begin(self, origin: int, *, followed: bool) -> None:
        """The user asks for a search."""
        self.typing, self.query, self.found, self._state = True, "", None, ""
        self.origin, self.followed = origin, followed

    def type(self, text: str) -> None:
        """Characters were typed or pasted; only the first line of a paste counts."""
        first = text.splitlines()[:1]
        self.query = (self.query + "".join(first))[:QUERY_CHARACTERS]

    def rub_out(self) -> None:
        """The last character is taken back."""
        self.query = self.query[:-1]

    def cancel(self) -> None:
        """Forget the search."""
        self.typing, self.query, self.found, self._state = False, "", None, ""

    def looking(self) -> None:
        """It goes on."""
        self._state = "searching"

    def tell(self, found: int | None, *, around: bool) -> None:
        """It is over.

        Args:
            around: it went past the last line and on from the first, or the other way round.
        """
        self.found = found
        self._state = "not found" if found is None else f"line {grouped(found + 1)}{', from the other end' * around}"

    @property
    def note(self) -> str:
        """What the foot says of the search: nothing, or where it is."""
        return f"/{sanitize_line(self.query, 20)}: {self._state}" if self.query and self._state else ""

    @property
    def prompt(self) -> str:
        """What the row shows in which the query is typed; the end of a long query."""
        state = f"  ({self._state})" if self.query and self._state else ""
        return f"/{sanitize_line(self.query[-60:], 80)}_{state}"


class Hunt:
    """One search: from a line to the end, then once more from the other end. Work in slices, for the caller to space.

    Attributes:
        found: the line; None until it is found, and for good when the hunt is over without.
        around: whether the hunt went past the end.
    """

    def __init__(self, buffer: OutputBuffer, query: str, start: int, *, backwards: bool) -> None:
        self.found: int | None = None
        self.around = False
        self._hits = self._everywhere(buffer, query, start, backwards=backwards)

    def step(self) -> bool:
        """Look on for at most `OUTPUT_SLICE_SECONDS`, or a block; whether the hunt is over."""
        deadline = time.perf_counter() + OUTPUT_SLICE_SECONDS
        for hit in self._hits:
            if hit is not None:
                self.found = hit
                return True
            if time.perf_counter() >= deadline:
                return False
        return True

    def _everywhere(self, buffer: OutputBuffer, query: str, start: int, *, backwards: bool) -> Iterator[int | None]:
        yield from buffer.find(query, start, backwards=backwards)
        self.around = True
        yield from buffer.find(query, buffer.lines_total - 1 if backwards else 0, backwards=backwards)
