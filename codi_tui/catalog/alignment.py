"""Where the letters of a word stand in a command's name: one alignment, found greedily, and how tight it is."""

from __future__ import annotations

import itertools

_WORD_START, _RUN = 8, 4
_TIGHTNESS_MAX = 999


def positions_of(word: str, name: str) -> list[int] | None:
    """The places of a word's characters in a folded name (its separators are dots); None when they are not in order.

    A place where the whole word stands is preferred, at a word's start first.
    """
    at = name.find(f".{word}")
    at = at + 1 if at >= 0 else name.find(word)
    if at >= 0:
        return list(range(at, at + len(word)))
    return _scattered(word, name)


def tightness(word: str, name: str) -> int:
    """How good it is that a word's characters stand where they do, 0 to 999: at words' starts, together, early."""
    places = _scattered(word, name)
    if places is None:
        return 0
    starts = sum(name[place - 1] == "." for place in places if place)
    runs = sum(after - before == 1 for before, after in itertools.pairwise(places))
    score = _WORD_START * starts + _RUN * runs - (places[-1] - places[0]) // 4
    return max(0, min(_TIGHTNESS_MAX, 100 + score))


def _scattered(word: str, name: str) -> list[int] | None:
    """To the right as early as possible, then back to the left as late as possible, which draws the places together."""
    end = 0
    for char in word:
        end = name.find(char, end) + 1
        if not end:
            return None
    places = []
    for char in reversed(word):
        end = name.rfind(char, 0, end)
        places.append(end)
    return places[::-1]
