"""Runs: every run of this workspace, side by side; each a task that owns its worker process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from codi_tui.execute.invocation import Invocation
from codi_tui.limits import RUNS_KEPT
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.run import Run
from codi_tui.ui.stdin import Stdin

if TYPE_CHECKING:
    from codi_tui.execute.invocation import Executes


class Runs:
    """The runs in the order of their start; of those that are over, the last `RUNS_KEPT` are kept."""

    def __init__(self, executor: Executes, make_buffer: Callable[[], OutputBuffer]) -> None:
        self._executor = executor
        self._make_buffer = make_buffer
        self._runs: list[Run] = []
        self._tasks: dict[Run, asyncio.Task[None]] = {}
        self._started = 0

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs))

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def going(self) -> int:
        """How many have not ended."""
        return sum(not run.over for run in self._runs)

    def start(self, invocation: Invocation, written: str, stdin: Stdin | None) -> Run:
        """Start a run beside the others."""
        self._started += 1
        run = Run(self._started, invocation, written, self._make_buffer(), stdin)
        self._runs.append(run)
        self._tasks[run] = asyncio.create_task(run.run(self._executor), name=f"run {run.number}")
        self._tasks[run].add_done_callback(lambda _: self._done(run))
        self._forget(run)
        return run

    def _done(self, run: Run) -> None:
        self._tasks.pop(run, None)
        run.settle()

    def cancel(self, run: Run) -> bool:
        """Stop a run; False when it is over. One that is being stopped is left to it."""
        task = self._tasks.get(run)
        if task is None or run.over:
            return False
        if run.state == "cancelling":
            return True
        run.state = "cancelling"
        task.cancel()
        return True

    async def close(self) -> None:
        """Stop every run and wait until nothing of them is left."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for run in self._runs:
            run.buffer.close()

    def _forget(self, shown: Run) -> None:
        over = [run for run in self._runs if run.over and run is not shown]
        for run in over[: max(0, len(over) - RUNS_KEPT)]:
            run.buffer.close()
            self._runs.remove(run)
