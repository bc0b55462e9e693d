"""What a run is made of, by itself: whose turn it is, the events that are kept, stdin."""

from __future__ import annotations

import asyncio

import pytest

from codi_tui.errors import LimitError, ProtocolError
from codi_tui.limits import RUN_MESSAGE_MAX_BYTES, RUN_STDIN_WINDOW_BYTES, SERVER_RUN_EVENT_BYTES, SERVER_RUN_EVENTS
from codi_tui.model.events import RunEvent
from codi_tui.server.run_events import EventBuffer
from codi_tui.server.run_input import StdinBuffer
from codi_tui.server.run_turns import Turns


class Crowd:
    """Runs that take turns; `begun` lists whose turn came."""

    def __init__(self, places: int) -> None:
        self.turns = Turns(places)
        self.begun: list[str] = []
        self.running: list[asyncio.Event] = []

    async def wait(self, caller: str) -> None:
        async with self.turns.turn(caller):
            self.begun.append(caller)
            end = asyncio.Event()
            self.running.append(end)
            await end.wait()

    async def finish_one(self) -> None:
        self.running.pop(0).set()
        await settle()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_take_turns_however_many_runs_one_has() -> None:
    crowd = Crowd(2)
    tasks = [asyncio.create_task(crowd.wait(caller)) for caller in "aaaaaabcab"]
    await settle()
    assert crowd.begun == ["a", "b"]
    for _ in tasks:
        await crowd.finish_one()
    await asyncio.gather(*tasks)
    assert "".join(crowd.begun) == "abacbaaaaa", "whoever comes last waits for one run of each"
    assert (crowd.turns.taken, crowd.turns.waiting) == (0, 0)


async def test_whoever_goes_away_while_waiting_leaves_no_gap() -> None:
    crowd = Crowd(1)
    tasks = [asyncio.create_task(crowd.wait(caller)) for caller in "abc"]
    await settle()
    tasks[1].cancel()
    await settle()
    assert crowd.turns.waiting == 1
    tasks[0].cancel()
    await settle()
    assert crowd.begun == ["a", "c"]
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (crowd.turns.taken, crowd.turns.waiting) == (0, 0)


async def test_one_caller_leaves_half_of_the_places_to_others() -> None:
    crowd = Crowd(6)
    tasks = [asyncio.create_task(crowd.wait("a")) for _ in range(6)]
    await settle()
    assert crowd.begun == ["a"] * 3
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def output(size: int) -> RunEvent:
    return RunEvent.output("stdout", b"x" * size)


@pytest.mark.parametrize(("size", "fit"), [(1, SERVER_RUN_EVENTS), (65536, SERVER_RUN_EVENT_BYTES // 65536)])
async def test_a_full_buffer_lets_the_guest_wait(size: int, fit: int) -> None:
    events = EventBuffer(lambda: None)

    async def fill() -> None:
        while True:
            await events.put(output(size))

    filling = asyncio.create_task(fill())
    await settle()
    assert events.last == fit
    for seq in range(events.last):
        assert events.after(seq) is not None
    events.acknowledge(1)
    await settle()
    assert events.last == fit + 1
    filling.cancel()


async def test_only_what_was_sent_can_be_acknowledged_and_only_forwards() -> None:
    events = EventBuffer(lambda: None)
    for _ in range(3):
        await events.put(output(1))
    for sent in range(2):
        events.after(sent)
    with pytest.raises(ProtocolError):
        events.acknowledge(3)
    events.acknowledge(2)
    with pytest.raises(ProtocolError):
        events.acknowledge(1)
    assert (events.after(0), events.after(2) is None) == (None, False)


async def test_a_result_larger_than_a_message_ends_the_run() -> None:
    events = EventBuffer(lambda: None)
    with pytest.raises(LimitError):
        await events.put(RunEvent.result("x" * RUN_MESSAGE_MAX_BYTES))
    assert events.last == 0


async def test_stdin_comes_once_and_in_order_and_no_faster_than_it_is_taken() -> None:
    stdin = StdinBuffer(lambda: None)
    half = RUN_STDIN_WINDOW_BYTES // 2
    stdin.add(0, b"a" * half, end=False)
    for offset, data, end in ((0, b"b", False), (half + 1, b"b", False), (half, b"b" * (half + 1), False)):
        with pytest.raises(ProtocolError):
            stdin.add(offset, data, end=end)
    assert stdin.to_acknowledge() is None
    reading = stdin.read()
    taken = await anext(reading)
    assert (taken, stdin.to_acknowledge()) == (b"a" * 65536, None)
    assert stdin.rewind() == len(taken), "what the guest has not taken comes again"
    stdin.add(len(taken), b"c", end=False)
    assert await anext(reading) == b"c"
    assert stdin.to_acknowledge() == len(taken) + 1
    stdin.add(len(taken) + 1, b"", end=True)
    with pytest.raises(ProtocolError):
        stdin.add(len(taken) + 1, b"more", end=False)
    assert stdin.rewind() == len(taken) + 1
    stdin.add(len(taken) + 1, b"", end=True)
    assert [data async for data in reading] == []
