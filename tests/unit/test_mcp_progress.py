"""Progress on its way to an agent."""

from __future__ import annotations

from codi_tui.mcp.progress import Progress
from codi_tui.model.events import RunEvent


async def test_what_does_not_rise_is_not_told_and_the_last_is() -> None:
    told: list[tuple[float, float | None, str | None]] = []

    async def report(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total, message))

    progress = Progress(report)
    for event in (
        RunEvent.progress(1, 4, "at once\x1b"),
        RunEvent.progress(1, 4, "again"),
        RunEvent.log("info", "between"),
        RunEvent.progress(2, 4, "too soon"),
        RunEvent.progress(3, 4, "the last"),
        RunEvent.completed(0),
    ):
        await progress.take(event)
    assert told == [(1, 4, "at once␛"), (3, 4, "the last")]
