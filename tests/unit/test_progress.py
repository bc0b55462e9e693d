"""The line of progress: when it appears, how it is rewritten, and that it goes."""

from __future__ import annotations

import time

import pytest

from codi_tui.cli import progress
from codi_tui.cli.progress import ProgressLine


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What goes to the terminal, whose clock stands still."""
    parts: list[bytes] = []
    monkeypatch.setattr(progress, "write_stderr", parts.append)
    monkeypatch.setattr(progress.time, "monotonic", lambda: 100.0)
    return parts


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: seconds)


def test_what_is_over_within_half_a_second_shows_none(written: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    line = ProgressLine(100.0)
    at(monkeypatch, 100.4)
    line.show(1, 2, None)
    line.erase()
    assert written == []


def test_the_line_is_rewritten_in_place_and_erased(written: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    line = ProgressLine(100.0)
    at(monkeypatch, 100.6)
    line.show(9, 10, "a long step")
    at(monkeypatch, 100.65)
    line.show(9, 10, "too soon")
    at(monkeypatch, 100.8)
    line.show(10, None, None)
    line.erase()
    line.erase()
    assert written == [b"\r9/10  a long step", b"\r10" + b" " * 15, b"\r  \r"]


def test_hostile_and_long_messages_stay_on_one_line(written: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 101.0)
    ProgressLine(100.0).show(1, 2, "\x1b[2J\n" + "日" * 300)
    (shown,) = written
    assert b"\x1b" not in shown
    assert b"\n" not in shown
    assert len(shown.decode()) < 60
