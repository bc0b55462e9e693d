"""Sizes and lengths of time in words, for people."""

from __future__ import annotations

_KILO = 1000
_UNITS = (("day", "d", 24 * 60 * 60), ("hour", "h", 60 * 60), ("minute", "min", 60))


def size(count: float) -> str:
    """Bytes in their largest decimal unit: `18.4 kB`."""
    if count < _KILO:
        return f"{count:.0f} B"
    for unit in ("kB", "MB"):
        count /= _KILO
        if count < _KILO:
            return f"{count:.1f} {unit}"
    return f"{count / _KILO:.1f} GB"


def span(seconds: float) -> str:
    """A length of time in its largest unit, for a sentence: `3 days`."""
    for unit, _, length in _UNITS:
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return "less than a minute"


def short_span(seconds: float) -> str:
    """A length of time in its largest unit, for a column: `3 d`."""
    for _, unit, length in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
