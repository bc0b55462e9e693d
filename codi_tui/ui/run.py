"""Run: one execution in the workspace, from order to end: its state, its output, how to stop it. No widgets here."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal

from codi_tui.errors import CodiError
from codi_tui.execute.invocation import Invocation
from codi_tui.model.events import RunEvent, error_document
from codi_tui.operations.layout import ReadableOutput, is_text, lay_out
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.pump import pump
from codi_tui.ui.stdin import Stdin

if TYPE_CHECKING:
    from codi_tui.execute.invocation import Executes

State = Literal["running", "cancelling", "cancelled", "failed", "ended"]


class Run:
    """One run.

    Attributes:
        number: from 1, in the order of their start.
        command: its path.
        written: the line that does the same.
        state: `ended` is the command's own end, whatever its status.
        exit_status: the command's own, once it ended.
        error: `{code, message, hint}` of a run that failed.
    """

    def __init__(
        self, number: int, invocation: Invocation, written: str, buffer: OutputBuffer, stdin: Stdin | None
    ) -> None:
        self.number = number
        self.command = invocation.definition.path
        self.written = written
        self.buffer = buffer
        self.state: State = "running"
        self.started_at = time.time()
        self.exit_status: int | None = None
        self.error: dict[str, str | None] | None = None
        self._begun = time.monotonic()
        self._seconds: float | None = None
        self._invocation = invocation
        self._stdin = stdin
        output_type = invocation.definition.handler.output
        self._readable = ReadableOutput(output_type)
        self._hides: bool | None = None if output_type == "bytes" else False
        """Whether stdout is no text; of bytes, what comes first decides."""

    @property
    def over(self) -> bool:
        return self.state not in ("running", "cancelling")

    def outcome(self) -> str:
        """How it ended, in a few words."""
        if self.state == "ended":
            return f"exit {self.exit_status}"
        return str((self.error or {}).get("code") or self.state) if self.state == "failed" else self.state

    @property
    def seconds(self) -> float:
        """How long it took, or has taken."""
        return time.monotonic() - self._begun if self._seconds is None else self._seconds

    async def run(self, executor: Executes) -> None:
        """Run it to its end; cancelling this call stops it and waits until it is gone."""
        self._invocation.stdin = None if self._stdin is None else self._stdin.chunks()
        try:
            await pump(executor.execute(self._invocation), self._take)
        except asyncio.CancelledError:
            self.state = "cancelling"
            raise
        except Exception as error:  # noqa: BLE001 - the run's edge: whatever went wrong is shown, and the workspace stays
            self._fail(error_document(_as_codi(error)))
        finally:
            self.settle()

    def settle(self) -> None:
        """End it, if nothing has: what is held is shown, and its stdin let go."""
        if self._seconds is not None:
            return
        self._feed_rest()
        if not self.over:
            self.state = "cancelled"
            self._say("cancelled", "notice")
        self._seconds = time.monotonic() - self._begun
        self.buffer.end(self.outcome())
        if self._stdin is not None:
            self._stdin.close()

    def _take(self, event: RunEvent) -> None:
        if event.type == "output":
            self._output(event.data, event.fields["stream"])
        elif event.type == "log":
            self._say(f"{event.fields['level']}: {event.fields['message']}", "log")
        elif event.type == "progress":
            self.buffer.progress = _progress(event.fields)
        elif event.type == "result":
            self._feed_rest()
            self.buffer.feed(lay_out(event.fields["value"]), "stdout")
        elif event.type == "completed":
            self._feed_rest()
            self.state = "ended"
            self.exit_status = event.fields["exit_status"]
        elif event.type == "failed":
            self._fail(event.fields["error"])

    def _output(self, data: bytes, stream: Literal["stdout", "stderr"]) -> None:
        if stream == "stderr":
            self.buffer.feed(data, stream)
            return
        if self._hides is None:
            self._hides = not is_text(data)
        self.buffer.feed(self._readable.take(data), stream, hidden=self._hides)

    def _feed_rest(self) -> None:
        self.buffer.feed(self._readable.end(), "stdout")

    def _fail(self, error: dict[str, str | None]) -> None:
        self._feed_rest()
        self.state = "failed"
        self.error = error
        self._say(f"{error.get('message')} ({error.get('code')})", "notice")
        if error.get("hint"):
            self._say(f"next: {error['hint']}", "notice")

    def _say(self, text: str, stream: Literal["log", "notice"]) -> None:
        self.buffer.feed(f"{text}\n".encode(errors="replace"), stream)


def _progress(fields: dict[str, Any]) -> str:
    """`3 of 10 cases`; the pane's foot makes it safe."""
    done, total = fields.get("done"), fields.get("total")
    counted = "" if done is None else f"{done:g}" if total is None else f"{done:g} of {total:g}"
    return f"{counted} {fields.get('message') or ''}".strip()


def _as_codi(error: Exception) -> CodiError:
    if isinstance(error, CodiError):
        return error
    return CodiError(f"this is a fault in codi: {type(error).__name__}: {str(error)[:300]}", code="E_INTERNAL")
