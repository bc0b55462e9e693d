"""All runs of a server: who may have how many, whose turn it is, and how they end when the server does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from codi_tui.errors import NotFoundError, ProtocolError, UnavailableError
from codi_tui.execute.run_protocol import CLOSE_FAULT, CLOSE_LATER, CLOSE_RESTART
from codi_tui.holdings.folder import DataFolder
from codi_tui.limits import SERVER_RUN_SOCKETS, SERVER_RUNS_WAITING, SERVER_RUNS_WAITING_BYTES
from codi_tui.server.logs import log
from codi_tui.server.run import Run
from codi_tui.server.run_offer import Grants, Offer
from codi_tui.server.run_turns import Turns


class Runs:
    """The runs, each known by its token and its own id: one token's runs are not there for another's."""

    def __init__(self, folder: DataFolder, origin: str, grants: Grants, at_once: int) -> None:
        """
        Args:
            at_once: places for guests. A run keeps its place until it was taken, so its events are bounded by them, too.
        """
        self._turns = Turns(at_once)
        self._outcomes: Counter[str] = Counter()
        self._offer = Offer(folder, origin, grants)
        self._runs: dict[tuple[str, str], Run] = {}
        self._sockets: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._waiting_bytes: Counter[str] = Counter()
        self._stopping = False

    @contextmanager
    def socket(self, token: str) -> Iterator[None]:
        """One connection of a token, for as long as the block runs.

        Raises:
            UnavailableError: it has too many.
        """
        with _counted(self._sockets, token, 1, SERVER_RUN_SOCKETS):
            yield

    def begin(self, token: str, request: dict[str, Any], size: int) -> Run:
        """Take a run in; it waits for its turn.

        Args:
            size: of the request, bytes.

        Raises:
            UnavailableError: the server is stopping, or the token has too many runs that wait.
            ProtocolError: it has begun before.
        """
        if self._stopping:
            raise UnavailableError("the server is stopping")
        key = (token, request["run_id"])
        if key in self._runs:
            raise ProtocolError("this run has begun")
        with contextlib.ExitStack() as counted:
            counted.enter_context(_counted(self._waiting, token, 1, SERVER_RUNS_WAITING))
            counted.enter_context(_counted(self._waiting_bytes, token, size, SERVER_RUNS_WAITING_BYTES))
            waiting = counted.pop_all()
        run = self._runs[key] = Run(request)
        run.life = asyncio.create_task(self._live(key, run, waiting))
        return run

    def find(self, token: str, run_id: str) -> Run:
        """A run that is taken up again.

        Raises:
            NotFoundError: the token has no such run.
        """
        run = self._runs.get((token, run_id))
        if run is None:
            raise NotFoundError("there is no such run")
        return run

    def figures(self) -> str:
        """As `/metrics` has them."""
        lines = ["# TYPE codi_runs_total counter"]
        lines += [f'codi_runs_total{{outcome="{name}"}} {count}' for name, count in sorted(self._outcomes.items())]
        lines += ["# TYPE codi_runs_held gauge", f"codi_runs_held {self._turns.taken}"]
        lines += ["# TYPE codi_runs_waiting gauge", f"codi_runs_waiting {self._turns.waiting}"]
        return "\n".join([*lines, ""])

    async def _live(self, key: tuple[str, str], run: Run, waiting: contextlib.ExitStack) -> None:
        began = time.monotonic()
        try:
            with waiting:
                async with self._turns.turn(key[0]):
                    waiting.close()
                    began = time.monotonic()
                    await run.live(self._offer)
        except Exception:  # noqa: BLE001 - the run is lost, and the server goes on
            run.outcome, run.closing = "fault", (CLOSE_FAULT, "")
            log("a run met a fault of the server", logging.ERROR, exc_info=True)
        finally:
            run.stop_lingering()
            del self._runs[key]
            self._outcomes[run.outcome] += 1
            log(
                f"run {run.outcome}",
                library=run.request["library"],
                command=run.request["command"],
                ms=round((time.monotonic() - began) * 1000, 1),
                token=key[0],
            )

    async def finish(self, seconds: float) -> None:
        """Begin nothing any more, send away those who wait, and let the others end; kill what is left after a time."""
        self._stopping = True
        for run in list(self._runs.values()):
            if not run.began:
                run.end("sent_away", CLOSE_LATER)
        lives = [run.life for run in self._runs.values()]
        if lives:
            await asyncio.wait(lives, timeout=seconds)
        for run in list(self._runs.values()):
            run.end("stopped", CLOSE_RESTART)
        await asyncio.gather(*lives, return_exceptions=True)


@contextmanager
def _counted(counter: Counter[str], token: str, amount: int, most: int) -> Iterator[None]:
    if counter[token] + amount > most:
        raise UnavailableError("too much at once")
    counter[token] += amount
    try:
        yield
    finally:
        counter[token] -= amount
        if not counter[token]:
            del counter[token]
