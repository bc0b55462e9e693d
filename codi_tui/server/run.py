"""One run on the server: its events, its stdin, whose it is, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from codi_tui.errors import CodiError, LimitError, NotFoundError, RefusedError, UnavailableError
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.process import WorkerExecutor
from codi_tui.execute.run_protocol import CLOSE_FORBIDDEN, CLOSE_NORMAL, CLOSE_UNKNOWN, RUN_CODES
from codi_tui.limits import SERVER_RUN_LINGER_SECONDS
from codi_tui.model.events import RunEvent, error_document
from codi_tui.model.manifest import HandlerDefinition
from codi_tui.server.logs import log
from codi_tui.server.run_events import EventBuffer
from codi_tui.server.run_input import StdinBuffer
from codi_tui.server.run_offer import Offer, check_arguments

_STATUS_MAX = 255
_GRACE_SECONDS = 1.0


class Run:
    """A run, from its request until its last event was taken, or nobody wants it any more.

    Attributes:
        request: the checked members of its `run` message.
        wake: set when there is something to send.
        taken: set when the client has the last event.
        outcome: `completed`, `failed`, or why it was ended from outside; empty until then.
        closing: the close code and reason for a connection that is still there when the run is over.
        began: whether its turn has come.
        life: the task that it all happens in.
    """

    life: asyncio.Task[None]

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.wake = asyncio.Event()
        self.taken = asyncio.Event()
        self.events = EventBuffer(self.wake.set)
        self.stdin = StdinBuffer(self.wake.set)
        self.outcome = ""
        self.closing = (CLOSE_NORMAL, "")
        self.began = False
        self._holder: asyncio.Task[int] | None = None
        self._linger: asyncio.TimerHandle | None = None

    def hold(self, holder: asyncio.Task[int]) -> None:
        """Belong to a connection, by the task that listens to it; the one before it is let go."""
        self.let_go()
        self.stop_lingering()
        self._holder = holder

    def release(self, holder: asyncio.Task[int]) -> None:
        """Be without a connection, if it was this one."""
        if self._holder is holder:
            self.let_go()

    def let_go(self) -> None:
        """Be without a connection for `SERVER_RUN_LINGER_SECONDS` at most. What it says is not heard any more."""
        if self._holder is not None:
            self._holder.cancel()
            self._holder = None
        self.stop_lingering()
        if not self.life.done():
            loop = asyncio.get_running_loop()
            self._linger = loop.call_later(SERVER_RUN_LINGER_SECONDS, self.end, "abandoned", CLOSE_UNKNOWN)

    def stop_lingering(self) -> None:
        """Wait for nobody."""
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def end(self, outcome: str, close_code: int) -> None:
        """End it from outside: the guest is killed. Nothing happens to a run that is over."""
        if not self.life.done():
            self.outcome = self.outcome or outcome
            self.closing = (close_code, "")
            self.life.cancel()

    async def live(self, offer: Offer) -> None:
        """Its turn has come: verify, run the guest to its end, then wait until everything was taken."""
        self.began = True
        try:
            invocation, handler = await asyncio.to_thread(offer.invocation, self.request)
        except NotFoundError as error:
            self.outcome, self.closing = "unknown", (CLOSE_UNKNOWN, error.message)
            return
        except RefusedError as error:
            self.outcome, self.closing = "refused", (CLOSE_FORBIDDEN, f"{error.message} ({error.code})")
            return
        limit = invocation.limits(handler).wall_seconds
        try:
            async with asyncio.timeout(limit + _GRACE_SECONDS + SERVER_RUN_LINGER_SECONDS):
                await self._perform(offer.executor, invocation, handler, limit)
                await self.taken.wait()
        except TimeoutError:
            self.outcome, self.closing = "abandoned", (CLOSE_UNKNOWN, "")

    async def _perform(
        self, executor: WorkerExecutor, invocation: Invocation, handler: HandlerDefinition, limit: float
    ) -> None:
        """Run the guest; whatever becomes of it is the last event."""
        await self.events.put(RunEvent.started(run_id=self.request["run_id"], digest=self.request["digest"]))
        try:
            check_arguments(invocation)
            invocation.stdin = self.stdin.read()
            # beside the guest's own clock, which stands still while nobody takes what it says
            async with (
                asyncio.timeout(limit + _GRACE_SECONDS),
                contextlib.aclosing(executor.run(invocation, handler)) as events,
            ):
                async for event in events:
                    await self._tell(event)
        except TimeoutError:
            self._fail(LimitError(f"stopped: it ran longer than {limit:g} s", code="E_WASM_TIME"))
        except CodiError as error:
            self._fail(error)
        except OSError as error:
            log(f"a guest could not be started: {error}", logging.ERROR)
            self._fail(UnavailableError("the server cannot start it now"))

    async def _tell(self, event: RunEvent) -> None:
        if event.type == "failed":
            self._end_with(RunEvent("failed", {"error": _told(event.fields["error"])}))
        elif event.type == "completed":
            status = event.fields["exit_status"]
            self._end_with(RunEvent.completed(status if 0 <= status <= _STATUS_MAX else _STATUS_MAX))
        else:
            await self.events.put(event)

    def _fail(self, error: CodiError) -> None:
        if not self.events.ended:
            self._end_with(RunEvent("failed", {"error": _told(error_document(error))}))

    def _end_with(self, event: RunEvent) -> None:
        self.outcome = event.type
        self.events.end(event)


def _told(error: dict[str, Any]) -> dict[str, Any]:
    """How a run failed, in the codes that a client takes. What a user could do about it here is nothing."""
    if error["code"] == "E_PERMISSION":
        hint = "on this server its operator grants that"
        return {"code": "E_HANDLER", "message": error["message"], "hint": hint}
    code = error["code"] if error["code"] in RUN_CODES else "E_HANDLER"
    return {"code": code, "message": error["message"], "hint": error["hint"]}
