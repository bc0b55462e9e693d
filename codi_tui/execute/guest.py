"""A running guest: its thread, its watchdog, its two pipes, its limits.

A guest that is stopped at a limit is still running when its events end: the process is its wall, so whoever drives this
must end the process then (`codi run` and the worker both do, with `os._exit`).
"""

from __future__ import annotations

import _thread
import os
import select
import time

from codi_tui.errors import CodiError, HandlerError, LimitError, ModuleError, ProtocolError
from codi_tui.execute import overrun
from codi_tui.execute.c_api import TRAP_STACK_OVERFLOW, EngineError
from codi_tui.execute.thread_clock import ThreadClock
from codi_tui.execute.wall import make_room
from codi_tui.limits import EVENT_OUTPUT_BYTES, THREAD_STACK_BYTES
from codi_tui.model.events import RunEvent, whole_characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal, NoReturn

    from codi_tui.execute.guest_events import GuestEvents
    from codi_tui.execute.invocation import Limits
    from codi_tui.execute.program import Program

_WATCH_SECONDS = 0.005
"""How often the guest's memory is looked at; what it can take meanwhile is what it can touch in that time."""
_POLL_SECONDS = 0.05
"""How often the main thread looks at the limits when nothing is written."""
_GRACE_SECONDS = 0.25
"""How long the main thread may take to act on a broken limit before the process is ended over its head."""


class Guest:
    """A running guest: its thread, its watchdog, its two pipes, its limits."""

    def __init__(
        self,
        command: Program,
        pipes: dict[int, Literal["stdout", "stderr"]],
        limits: Limits,
        overdue: Callable[[LimitError], NoReturn],
        wall: Callable[[], None] | None,
        written: Callable[[], float] | None,
    ) -> None:
        """
        Args:
            wall: called on the guest's thread, before the guest's first instruction.
            written: the bytes of files that it has made and that are kept, which count as output.
        """
        self._wall = wall
        self._command = command
        self._pipes = pipes
        self._limits = limits
        self._overdue = overdue
        self._written = written
        self._deadline = time.monotonic() + limits.wall_seconds
        self._left_bytes = limits.output_bytes
        self._split: dict[int, bytes] = {}
        self._memory_bytes = 0
        self._thread: int | None = None
        self._clock = ThreadClock()
        self._outcome: int | EngineError = EngineError("the guest's thread ended without a word")
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        previous = _thread.stack_size(THREAD_STACK_BYTES)
        _thread.start_new_thread(self._run, ())
        _thread.stack_size(previous)
        _thread.start_new_thread(self._watch, ())

    def _watch(self) -> None:
        """Look at clock and memory whatever the main thread does; end the process when it does not react."""
        while not self._ended.acquire(timeout=_WATCH_SECONDS):
            error = self._broken_limit()
            if error is not None:
                self._hold_back()
                if not self._ended.acquire(timeout=_GRACE_SECONDS):
                    self._overdue(error)
                return

    def _hold_back(self) -> None:
        """Leave the guest, which goes on, next to no processor time, and us descriptors enough for what is left to do.

        Stopping its thread outright would stop it with whatever lock it holds.
        """
        if self._thread is not None and hasattr(os, "SCHED_IDLE"):
            try:
                one = {min(os.sched_getaffinity(0))}
                os.sched_setscheduler(self._thread, os.SCHED_IDLE, os.sched_param(0))
                os.sched_setaffinity(self._thread, one)
                os.sched_setaffinity(0, one)
            except OSError:
                pass  # it has ended, or may not be moved
        make_room()

    def _run(self) -> None:
        self._thread = _thread.get_native_id() if hasattr(_thread, "get_native_id") else None
        self._clock.start()
        try:
            if self._wall is not None:
                self._wall()
            self._outcome = self._command.run()
        except EngineError as error:
            self._outcome = error
        finally:
            self._memory_bytes = self._command.memory_bytes()
            self._clock.stop()
            self._command.close()

    def events(self, reader: GuestEvents | None) -> Iterator[RunEvent]:
        """Everything the guest writes, read by `reader` if there is one, then how it ended."""
        try:
            yield from self._output() if reader is None else reader.read(self._output())
            ending = self._ending()
            if reader is not None:
                yield from reader.end()
        except (LimitError, ProtocolError) as error:
            self._hold_back()
            yield RunEvent.failed(error)  # the watchdog stays: whoever is told may stand still as well
            return
        except CodiError as error:
            ending = RunEvent.failed(error)
        except BaseException:
            self._hold_back()
            raise
        self._ended.release()
        yield ending

    def _output(self) -> Iterator[RunEvent]:
        poll = select.poll()
        for descriptor in self._pipes:
            poll.register(descriptor, select.POLLIN)
        while self._pipes:
            for descriptor, _ in poll.poll(_POLL_SECONDS * 1000):
                data = os.read(descriptor, EVENT_OUTPUT_BYTES - len(self._split.get(descriptor, b"")))
                yield from self._cut(descriptor, data)
                if not data:
                    poll.unregister(descriptor)
                    os.close(descriptor)
                    del self._pipes[descriptor]
            error = self._broken_limit() if self._pipes else None
            if error is not None:
                raise error

    def _cut(self, descriptor: int, data: bytes) -> Iterator[RunEvent]:
        """Output in events that split no character, up to the limit exactly; no data is the end of the stream."""
        over = len(data) > self._left_bytes
        kept = self._split.pop(descriptor, b"") + data[: self._left_bytes]
        self._left_bytes -= min(len(data), self._left_bytes)
        if data and not over:
            end = whole_characters(kept)
            self._split[descriptor] = kept[end:]
            kept = kept[:end]
        if kept:
            yield RunEvent.output(self._pipes[descriptor], kept)
        if over:
            raise overrun.too_much_output(self._limits)

    def _broken_limit(self) -> LimitError | None:
        if time.monotonic() > self._deadline:
            return overrun.too_long(self._limits)
        if self._clock.seconds() > self._limits.cpu_seconds:
            return overrun.too_much_cpu(self._limits)
        if max(self._memory_bytes, self._command.memory_bytes()) > self._limits.memory_bytes:
            return overrun.too_much_memory(self._limits)
        return None if self._written is None else overrun.too_much_written(self._limits, self._written())

    def _ending(self) -> RunEvent:
        """How the guest ended; asked once its pipes are closed, which its thread does last.

        Raises:
            LimitError, ModuleError, HandlerError: it did not come to its own end.
        """
        if self._memory_bytes > self._limits.memory_bytes:
            raise overrun.too_much_memory(self._limits)
        outcome = self._outcome
        if not isinstance(outcome, EngineError):
            return RunEvent.completed(outcome)
        if outcome.trap == TRAP_STACK_OVERFLOW:
            raise overrun.stack_used_up()
        if outcome.trap is not None:
            raise HandlerError(f"the command crashed: {_reason(outcome)}", code="E_WASM_TRAP")
        if "exceeds memory limits" in str(outcome):
            raise overrun.too_much_memory(self._limits)
        if "exceeds table limits" in str(outcome) or "resource limit exceeded" in str(outcome):
            raise overrun.too_many_tables()
        raise ModuleError(f"the module cannot be started: {_reason(outcome)}")


def _reason(error: EngineError) -> str:
    """The line of the engine's report that says what went wrong: the last, below the guest's own frames."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rpartition("wasm trap: ")[2][:200] if lines else "unknown"
