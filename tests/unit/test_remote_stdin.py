"""What `codi run` forwards to a server as its stdin."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from codi_tui.cli import remote
from codi_tui.cli.remote import standard_input


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    monkeypatch.setattr(remote, "_STDIN", reader)
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            pass


async def test_it_comes_as_it_is_written_to_its_end(pipe: tuple[int, int]) -> None:
    stdin = standard_input()
    os.write(pipe[1], b"one")
    assert await anext(stdin) == b"one"
    os.write(pipe[1], b"two")
    os.close(pipe[1])
    assert [part async for part in stdin] == [b"two"]


async def test_one_that_cannot_be_read_says_so(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(OSError, match="Bad file descriptor"):
        await anext(standard_input())


async def test_waiting_for_it_can_be_given_up(pipe: tuple[int, int]) -> None:
    stdin = standard_input()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stdin), 0.02)
    os.close(pipe[1])
    await asyncio.sleep(0.02)


async def test_a_job_in_the_background_reads_no_terminal(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.write(pipe[1], b"typed")
    monkeypatch.setattr(os, "isatty", lambda _: True)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    assert [part async for part in standard_input()] == []
