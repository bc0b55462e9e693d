"""A run's events into its buffer, what the foot says of them, and how often a frame is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from codi_tui.errors import HandlerError
from codi_tui.execute.invocation import Invocation
from codi_tui.model.events import RunEvent
from codi_tui.trust import Permissions
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.foot import RateMeter, View, foot_text
from codi_tui.ui.pace import Pace
from codi_tui.ui.run import Run
from support.libraries import manifest, subcommand
from support.runs import loaded

STILL = View(following=True, new=0, rate=0, drawn=800)


class Scripted:
    """An executor that says what it is told."""

    def __init__(self, *events: RunEvent) -> None:
        self._events = events

    async def execute(self, _: object) -> AsyncGenerator[RunEvent, None]:
        for event in self._events:
            yield event


def a_run(output: str = "text") -> Run:
    handler = {"type": "wasm", "function": "main", "output": output}
    commands = {"demo": {"description": "", "subcommands": {"run": subcommand(handler=handler)}}}
    library = loaded(manifest(commands=commands))
    definition = library.manifest.find("demo.run")
    assert definition is not None
    invocation = Invocation(library, definition, {}, Permissions(library, "demo.run", []))
    return Run(1, invocation, "codi run demo.run", OutputBuffer(None), None)


async def ran(*events: RunEvent, output: str = "text") -> Run:
    run = a_run(output)
    await run.run(Scripted(*events))  # type: ignore[arg-type]
    return run


def lines(run: Run) -> list[tuple[str, str]]:
    return [(line.text, line.stream) for line in map(run.buffer.line, range(run.buffer.lines_total))]


async def test_a_run_becomes_lines() -> None:
    run = await ran(
        RunEvent.started(run_id="1"),
        RunEvent.output("stdout", b"one\ntwo\n"),
        RunEvent.output("stderr", b"oops\n"),
        RunEvent.log("warning", "slow\x1b]0;t\x07"),
        RunEvent.progress(3, 7, "reading"),
        RunEvent.result({"a": ["é"]}),
        RunEvent.completed(3),
    )
    assert ("oops", "stderr") in lines(run)
    assert ("warning: slow␛]0;t␇", "log") in lines(run)
    assert [text for text, stream in lines(run) if stream == "stdout"] == [
        *("one", "two", "{", '  "a": [', '    "é"', "  ]", "}")
    ]
    assert (run.state, run.exit_status, run.buffer.outcome) == ("ended", 3, "exit 3")
    assert run.buffer.progress == "3 of 7 reading"


async def test_a_json_document_is_laid_out_and_a_broken_one_passes_as_it_is() -> None:
    for written, shown in ((b'{"lines":3,"name":"x"}', ["lines  3", "name   x"]), (b'{"lines":', ['{"lines":'])):
        run = await ran(
            RunEvent.output("stdout", written[:5]),
            RunEvent.output("stdout", written[5:]),
            RunEvent.completed(0),
            output="json",
        )
        assert [text for text, _ in lines(run)] == shown


async def test_a_failure_says_why_and_what_next() -> None:
    run = await ran(RunEvent.failed(HandlerError("it broke", hint="mend it")))
    assert lines(run) == [("it broke (E_HANDLER)", "notice"), ("next: mend it", "notice")]
    assert (run.state, run.buffer.outcome) == ("failed", "E_HANDLER")


async def test_a_fault_in_an_executor_is_shown_and_stays_within_its_run() -> None:
    class Broken:
        async def execute(self, _: object) -> AsyncGenerator[RunEvent, None]:
            raise ZeroDivisionError("oops")
            yield

    run = a_run()
    await run.run(Broken())  # type: ignore[arg-type]
    assert run.state == "failed"
    assert "E_INTERNAL" in lines(run)[0][0]


async def test_cancelling_closes_the_run_and_says_so() -> None:
    streaming, closed = asyncio.Event(), asyncio.Event()

    class Endless:
        async def execute(self, _: object) -> AsyncGenerator[RunEvent, None]:
            try:
                while True:
                    streaming.set()
                    yield RunEvent.output("stdout", b"line\n")
            finally:
                closed.set()

    run = a_run()
    task = asyncio.ensure_future(run.run(Endless()))  # type: ignore[arg-type]
    await streaming.wait()  # it gives way although it never waits
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()
    assert (run.state, run.buffer.outcome) == ("cancelled", "cancelled")


def test_the_foot_says_what_is_kept_and_how_it_goes() -> None:
    buffer = OutputBuffer(None)
    buffer.progress = "\x1b[2Jreading"
    assert foot_text(buffer, STILL) == "0 s · ␛[2Jreading · following · 0 lines, from here only the last (not on disk)"
    buffer.feed(b"1\n")
    buffer.end("exit 0")
    buffer.seconds = 12.3
    assert foot_text(buffer, STILL._replace(following=False)).startswith("exit 0 · 12 s · paused")
    assert "paused, +1 037 new" in foot_text(buffer, STILL._replace(following=False, new=1037))
    assert "98 412 lines/s, 1 in 123 shown" in foot_text(buffer, STILL._replace(rate=98_412))


def test_the_rate_is_of_the_last_half_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    meter = RateMeter()
    for now[0], total in ((0.4, 400), (0.5, 1000), (0.9, 1000), (1.5, 1000)):
        meter.sample(total)
        assert meter.rate == {0.4: 0, 0.5: 2000, 0.9: 2000, 1.5: 0}[now[0]]


def test_slow_frames_come_less_often_and_recover() -> None:
    pace = Pace(0.1, 0.1)
    assert pace.is_due(0)
    pace.begin(0)
    assert not pace.is_due(0.5)
    for _ in range(10):
        pace.end(0, 0.5)
    assert pace.wait_seconds == 1.0
    for _ in range(20):
        pace.end(0, 0.01)
    assert pace.wait_seconds == 0.1
    assert pace.is_due(0.1)
    assert not pace.is_due(0.05)
