"""Sizes and lengths of time in words."""

from __future__ import annotations

import pytest

from codi_tui.operations.measures import short_span, size, span


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (18_432, "18.4 kB"), (2_500_000, "2.5 MB"), (4e12, "4000.0 GB")],
)
def test_a_size(count: float, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize(
    ("seconds", "said", "short"),
    [
        (0, "less than a minute", "0 s"),
        (60, "1 minute", "1 min"),
        (7_199, "1 hour", "1 h"),
        (86_399, "23 hours", "23 h"),
        (86_400 * 2, "2 days", "2 d"),
    ],
)
def test_a_length_of_time(seconds: int, said: str, short: str) -> None:
    assert (span(seconds), short_span(seconds)) == (said, short)
