"""One run on an event loop of its own: for a command that may run on a server."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from codi_tui.cli.output import Output
from codi_tui.execute.invocation import Invocation
from codi_tui.limits import EVENT_OUTPUT_BYTES, RUN_CLOSE_SECONDS

if TYPE_CHECKING:
    from codi_tui.execute.invocation import Executes

_STDIN = 0


def show_on_a_loop(executor: Executes, invocation: Invocation, output: Output) -> None:
    """Run a command and show what happens.

    Not `asyncio.run`: it waits for a resolver that hangs, and it turns an interrupt into a cancellation, which a guest
    that runs as a fallback on this thread would never see. Here an interrupt is raised wherever this thread is.

    Raises:
        KeyboardInterrupt: and the server was told, within `RUN_CLOSE_SECONDS` or so.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(_show(executor, invocation, output))
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    loop.add_reader(reader, reader.recv, 64)
    # else a signal between the last look and the wait for events is seen when something else happens
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        loop.run_until_complete(task)
    except KeyboardInterrupt:
        task.cancel()
        loop.run_until_complete(asyncio.wait([task], timeout=2 * RUN_CLOSE_SECONDS))
        if task.done() and not task.cancelled():
            task.exception()  # seen, and not to be reported by the loop
        raise
    finally:
        signal.set_wakeup_fd(-1)
        loop.close()
        reader.close()
        writer.close()


async def _show(executor: Executes, invocation: Invocation, output: Output) -> None:
    invocation.stdin = standard_input()
    events = executor.execute(invocation)
    async with contextlib.aclosing(events):
        async for event in events:
            # on a thread, so that a reader who stops does not keep the server without an answer
            await asyncio.to_thread(output.show, event)


async def standard_input() -> AsyncGenerator[bytes, None]:
    """This process's stdin, a terminal's lines too, read when it is wanted, on threads that no exit waits for."""
    loop = asyncio.get_running_loop()
    while not _would_be_stopped():
        part: asyncio.Future[bytes] = loop.create_future()
        _thread.start_new_thread(_read, (loop, part))
        data = await part
        if not data:
            return
        yield data


def _would_be_stopped() -> bool:
    """Whether reading would stop the process: a job in the background reads no terminal (POSIX, SIGTTIN)."""
    try:
        return os.isatty(_STDIN) and os.tcgetpgrp(_STDIN) != os.getpgrp()
    except OSError:
        return False


def _read(loop: asyncio.AbstractEventLoop, part: asyncio.Future[bytes]) -> None:
    def settle() -> None:
        if part.done():
            return
        if isinstance(outcome, bytes):
            part.set_result(outcome)
        else:
            part.set_exception(outcome)

    outcome: bytes | OSError
    try:
        outcome = os.read(_STDIN, EVENT_OUTPUT_BYTES)
    except OSError as error:
        outcome = error
    with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
        loop.call_soon_threadsafe(settle)
