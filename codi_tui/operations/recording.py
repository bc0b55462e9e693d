"""Recording: every run, whichever door it came through, goes into the history and the log. It never breaks a run."""

from __future__ import annotations

import time

from codi_tui.errors import CodiError, UsageError
from codi_tui.limits import HISTORY_ARGUMENTS_BYTES
from codi_tui.runs.history import PastRun
from codi_tui.runs.redact import HIDDEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from codi_tui.execute.invocation import Executes, Invocation
    from codi_tui.model.events import RunEvent
    from codi_tui.operations.core import Core
    from codi_tui.runs.output import RecordedOutput


class RecordedExecutor:
    """An executor whose runs are remembered."""

    def __init__(self, executor: Executes, core: Core, door: str, *, output: bool) -> None:
        """
        Args:
            door: `run`, or `ui`.
            output: whether what a run writes is kept too.
        """
        self._executor = executor
        self._core = core
        self._door = door
        self._output = output
        self._current: _Recording | None = None

    async def execute(self, invocation: Invocation) -> AsyncGenerator[RunEvent, None]:
        """As `DynamicExecutor.execute`; when it is closed before its end, the run was cancelled.

        A run that has no limit of its own has that of the settings.
        """
        if invocation.wall_seconds is None:
            invocation.wall_seconds = self._core.run.timeout
        recording = self._current = _Recording(self._core, self._door, invocation, output=self._output)
        events = self._executor.execute(invocation)
        try:
            recording.begin()
            async for event in events:
                recording.take(event)
                yield event
        except CodiError as error:
            recording.fail(error.code, error.message)
            raise
        except Exception as error:
            recording.fail("E_INTERNAL", f"{type(error).__name__}: {str(error)[:200]}")
            raise
        finally:
            await events.aclose()
            await recording.keep()

    async def end(self, error: CodiError | None) -> None:
        """The process is about to end in the middle of a run: remember it as it is now."""
        if self._current is not None:
            if error is not None:
                self._current.fail(error.code, error.message)
            await self._current.keep()


async def record_refusal(core: Core, door: str, command: str, error: CodiError) -> None:
    """Remember a run that was refused before anything of it ran; a wrong command line is none."""
    if isinstance(error, UsageError):
        return
    run = PastRun(
        door=door,
        command=command[:300],
        library=error.library,
        arguments="{}",
        started_ms=int(core.now() * 1000),
        duration_ms=0,
        outcome="refused",
        code=error.code,
        message=core.redactor.text(error.message),
    )
    core.log.warning("run.refused", command=command, library=error.library, code=error.code, message=error.message)
    await _add(core, run, None)


class _Recording:
    """One run while it goes on."""

    def __init__(self, core: Core, door: str, invocation: Invocation, *, output: bool) -> None:
        library, definition = invocation.library, invocation.definition
        self._core = core
        self._begun = time.perf_counter()
        self._kept = False
        arguments = core.redactor.arguments(definition, invocation.arguments)
        self._run = PastRun(
            door=door,
            command=definition.path,
            library=library.name,
            version=library.version,
            origin=library.origin,
            digest=library.digest,
            signer=library.key_id,
            arguments=_arguments_text(arguments),
            started_ms=int(core.now() * 1000),
            outcome="cancelled",
        )
        self._output: RecordedOutput | None = None
        if output:
            from codi_tui.runs.output import RecordedOutput

            self._output = RecordedOutput()
        self._arguments = arguments

    def begin(self) -> None:
        """Say that it begins."""
        run = self._run
        self._core.log.debug(
            "run.started", command=run.command, library=run.library, door=run.door, arguments=self._arguments
        )

    def take(self, event: RunEvent) -> None:
        """What happened."""
        if event.type == "completed":
            self._run.outcome, self._run.exit_status = "completed", event.fields["exit_status"]
        elif event.type == "failed":
            error = event.fields["error"]
            self.fail(str(error["code"]), str(error["message"]))
        elif self._output is not None:
            self._take_output(self._output, event)

    def fail(self, code: str, message: str) -> None:
        """It did not come to its own end; what came first counts."""
        if self._run.outcome == "cancelled":
            self._run.outcome, self._run.code = "failed", code
            self._run.message = self._core.redactor.text(message)

    async def keep(self) -> None:
        """Write it down, once."""
        if self._kept:
            return
        self._kept = True
        run = self._run
        run.duration_ms = self._elapsed_ms()
        self._core.log.info(
            "run.ended",
            command=run.command,
            library=run.library,
            version=run.version,
            door=run.door,
            outcome=run.outcome,
            exit_status=run.exit_status,
            code=run.code,
            message=run.message,
            duration_ms=run.duration_ms,
        )
        await _add(self._core, run, self._output)

    def _take_output(self, output: RecordedOutput, event: RunEvent) -> None:
        if event.type == "output":
            output.add(self._elapsed_ms(), event.fields["stream"], event.data)
        elif event.type == "result":
            from codi_tui.operations.layout import lay_out

            output.add(self._elapsed_ms(), "stdout", lay_out(event.fields["value"]))
        elif event.type == "log":
            text = f"{event.fields['level']}: {event.fields['message']}\n"
            output.add(self._elapsed_ms(), "log", text.encode(errors="replace"))

    def _elapsed_ms(self) -> int:
        return round(1000 * (time.perf_counter() - self._begun))


async def _add(core: Core, run: PastRun, output: RecordedOutput | None) -> None:
    """Into the history; a disk that is full, or not to be written, is noted in the log."""
    try:
        await core.history.add(run, None if output is None else output.pack(core.redactor.secrets), core.session)
    except CodiError as error:
        core.log.error("run.not_kept", command=run.command, code=error.code, message=error.message)


def _arguments_text(arguments: dict[str, Any]) -> str:
    """The arguments as JSON; those that are too large are left out, as a secret is."""
    import json

    text = json.dumps(arguments, ensure_ascii=False)
    if len(text) > HISTORY_ARGUMENTS_BYTES:
        each = HISTORY_ARGUMENTS_BYTES // (2 * max(1, len(arguments)))
        short = {name: value if len(json.dumps(value)) <= each else HIDDEN for name, value in arguments.items()}
        text = json.dumps(short, ensure_ascii=False)
    return text
