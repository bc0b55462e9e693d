"""Times as signed documents write them: RFC 3339, UTC, whole seconds, such as `2026-11-22T00:00:00Z`."""

from __future__ import annotations

import time

_SHAPE = "0000-00-00T00:00:00Z"
_DIGITS = frozenset("0123456789")


def timestamp(seconds: float) -> str:
    """Unix seconds as a document writes them."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def is_time(text: object) -> bool:
    """Whether a value is a time as documents write it; two such texts compare as their times do."""
    if not isinstance(text, str) or len(text) != len(_SHAPE):
        return False
    if any(char not in _DIGITS if shape == "0" else char != shape for char, shape in zip(text, _SHAPE, strict=True)):
        return False
    year, month, day, hour, minute, second = _parts(text)
    return (
        year > 0 and 1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60
    )


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def unix_seconds(text: str) -> int:
    """A time that `is_time` accepts, as Unix seconds."""
    import calendar

    return calendar.timegm(_parts(text))


def _parts(text: str) -> tuple[int, ...]:
    return (int(text[:4]), *(int(text[at : at + 2]) for at in (5, 8, 11, 14, 17)))
