"""The list of libraries in memory, sorted by name, so that a page or a filter over 100,000 of them takes milliseconds.

What a caller may read is a few ranges of that order, and a filter scans one text with a line for each library.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Range = tuple[int, int]


class Catalog:
    """Follows the database: before each answer, what has changed since the last one is read."""

    def __init__(self) -> None:
        self._changed = 0
        self._lines: dict[str, str] = {}
        self._names: list[str] = []
        self._starts = array("Q", [0])
        self._text = ""

    def refresh(self, connection: sqlite3.Connection) -> None:
        """Read what has changed: everything, the first time."""
        rows = connection.execute(
            "SELECT name, words, changed FROM libraries WHERE changed > ? ORDER BY changed", (self._changed,)
        ).fetchall()
        for name, words, _ in rows:
            if words is None:
                self._lines.pop(name, None)
            else:
                self._lines[name] = f"{name} {words}\n"
        if rows:
            self._changed = rows[-1][2]
            self._names = sorted(self._lines)
            lines = [self._lines[name] for name in self._names]
            self._starts = array("Q", accumulate(map(len, lines), initial=0))
            self._text = "".join(lines)

    def page(self, patterns: Sequence[str], text: str, offset: int, limit: int) -> tuple[list[str], bool]:
        """Names from an offset on that patterns cover and that hold a text; and whether there are more.

        Args:
            text: in lower case; empty for all. More than a line is in none.
        """
        ranges = [] if "\n" in text else self._covered(patterns)
        found: list[str] = []
        for number in self._matching(ranges, text, offset) if text else _skipped(ranges, offset):
            if len(found) == limit:
                return found, True
            found.append(self._names[number])
        return found, False

    def _covered(self, patterns: Sequence[str]) -> list[Range]:
        """The ranges of the order that patterns cover, without overlap, in order."""
        covered: list[Range] = []
        for begin, end in sorted(self._range(pattern) for pattern in patterns):
            if covered and begin <= covered[-1][1]:
                covered[-1] = (covered[-1][0], max(end, covered[-1][1]))
            elif begin < end:
                covered.append((begin, end))
        return covered

    def _range(self, pattern: str) -> Range:
        if pattern == "*":
            return 0, len(self._names)
        if pattern.endswith("-*"):
            return bisect_left(self._names, pattern[:-1]), bisect_left(self._names, pattern[:-2] + ".")
        return bisect_left(self._names, pattern), bisect_right(self._names, pattern)

    def _matching(self, ranges: list[Range], text: str, offset: int) -> Iterator[int]:
        starts, skipped = self._starts, 0
        for begin, end in ranges:
            at, stop = starts[begin], starts[end]
            while (at := self._text.find(text, at, stop)) >= 0:
                number = bisect_right(starts, at) - 1
                at = starts[number + 1]
                if skipped < offset:
                    skipped += 1
                else:
                    yield number


def _skipped(ranges: list[Range], offset: int) -> Iterator[int]:
    for begin, end in ranges:
        yield from range(begin + offset, end)
        offset = max(0, offset - (end - begin))
