"""DynamicExecutor: dispatches a command to its handler, and to the handler's fallback (the record, section 5)."""

from __future__ import annotations

from codi_tui.errors import CodiError, UnavailableError
from codi_tui.model.events import RunEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from codi_tui.execute.invocation import CommandExecutor, Invocation


class DynamicExecutor:
    """Runs verified commands. Whatever happens comes out as RunEvents; only bugs and interrupts are raised."""

    def __init__(self, executors: Mapping[str, CommandExecutor]) -> None:
        """
        Args:
            executors: by handler type.
        """
        self._executors = executors

    async def execute(self, invocation: Invocation) -> AsyncGenerator[RunEvent, None]:
        """Yield `started`, what happens, then `completed` or `failed`, numbered from 1."""
        seq = 0
        events = self._chain(invocation)
        try:
            async for event in events:
                seq += 1
                event.seq = seq
                yield event
        finally:
            await events.aclose()

    async def _chain(self, invocation: Invocation) -> AsyncGenerator[RunEvent, None]:
        """The handler and, while one is unavailable, the next fallback; not after any other refusal, nor half-way."""
        library = invocation.library
        yield RunEvent.started(
            run_id=_run_id(),
            command=invocation.definition.path,
            library=library.name,
            version=library.version,
            digest=library.digest,
            output=invocation.definition.handler.output,
        )
        handler = invocation.definition.handler
        begun = False
        try:
            while True:
                events = self._executors[handler.handler_type].run(invocation, handler)
                try:
                    async for event in events:
                        begun = True
                        yield event
                    return
                except UnavailableError as error:
                    if handler.fallback is None or begun:
                        raise
                    handler = handler.fallback
                    yield RunEvent.log("warning", f"{error.message}; using the {handler.handler_type} fallback")
                finally:
                    await events.aclose()
        except CodiError as error:
            error.library = error.library or library.name
            yield RunEvent.failed(error)


def _run_id() -> str:
    import os

    return os.urandom(16).hex()
