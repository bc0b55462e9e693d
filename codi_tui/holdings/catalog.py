"""The list of libraries in memory, sorted by name, so that a page or a filter over 100,000 of them takes milliseconds.

What a caller may read is a few ranges of that order, and a filter scans one text with a line for each library.
"""

from __future__ import annotations

import re
import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate, chain, islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Range = tuple[int, int]


class Catalog:
    """Follows the database: before each answer, what has changed since the last one is read."""

    def __init__(self) -> None:
        self._changed = 0
        self._names: list[str] = []
        self._lines: list[str] = []
        self._starts = array("Q", [0])
        self._text = ""

    def refresh(self, connection: sqlite3.Connection) -> None:
        """Read what has changed: everything, the first time."""
        rows = connection.execute(
            "SELECT name, words, changed FROM libraries WHERE changed > ? ORDER BY changed", (self._changed,)
        ).fetchall()
        if not rows:
            return
        if self._names:
            for name, words, _ in rows:
                self._change(name, words)
        else:
            there = sorted((name, words) for name, words, _ in rows if words is not None)
            self._names = [name for name, _ in there]
            self._lines = [f"{name} {words}\n" for name, words in there]
        self._changed = rows[-1][2]
        self._starts = array("Q", accumulate(map(len, self._lines), initial=0))
        self._text = "".join(self._lines)

    def _change(self, name: str, words: str | None) -> None:
        at = bisect_left(self._names, name)
        end = at + (self._names[at : at + 1] == [name])
        self._names[at:end] = [] if words is None else [name]
        self._lines[at:end] = [] if words is None else [f"{name} {words}\n"]

    def page(self, patterns: Sequence[str], text: str, offset: int, limit: int) -> tuple[list[str], bool]:
        """Names from an offset on that patterns cover and that hold a text; and whether there are more.

        Args:
            text: in lower case; empty for all. More than a line is in none.
        """
        ranges = [] if "\n" in text else self._covered(patterns)
        end = offset + limit + 1
        if text:
            found = [
                bisect_right(self._starts, hit.start()) - 1 for hit in islice(self._hits(ranges, text), offset, end)
            ]
        else:
            found = list(islice(chain.from_iterable(range(*item) for item in ranges), offset, end))
        return [self._names[number] for number in found[:limit]], len(found) > limit

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

    def _hits(self, ranges: list[Range], text: str) -> Iterator[re.Match[str]]:
        """A hit in each line that holds a text; the interpreter does not see those that are skipped over."""
        pattern, starts = re.compile(f"{re.escape(text)}.*\n"), self._starts
        return chain.from_iterable(pattern.finditer(self._text, starts[begin], starts[end]) for begin, end in ranges)
