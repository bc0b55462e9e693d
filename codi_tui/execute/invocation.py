"""Invocation: what a front door builds, and what the executor runs."""

from __future__ import annotations

from codi_tui.limits import RUN_CPU_SECONDS, RUN_MEMORY_BYTES, RUN_OUTPUT_BYTES, RUN_WALL_SECONDS
from codi_tui.trust.policy import BUNDLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Any, Protocol

    from codi_tui.model.events import RunEvent
    from codi_tui.model.manifest import HandlerDefinition, SubcommandDefinition
    from codi_tui.trust import CommandLibrary, Permissions

    class CommandExecutor(Protocol):
        """Runs one type of handler (the record, section 5)."""

        def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
            """Yield what happens, ending with `completed` or `failed`.

            Raises:
                UnavailableError: before anything was yielded; a fallback may serve.
                CodiError: the run cannot be begun.
            """

    class Executes(Protocol):
        """Runs any command, as `DynamicExecutor` does."""

        def execute(self, invocation: Invocation) -> AsyncGenerator[RunEvent, None]: ...


class Limits:
    """The limits of one run."""

    __slots__ = ("cpu_seconds", "memory_bytes", "output_bytes", "wall_seconds")

    def __init__(self, wall_seconds: float, cpu_seconds: float, memory_bytes: int, output_bytes: int) -> None:
        self.wall_seconds = wall_seconds
        self.cpu_seconds = cpu_seconds
        self.memory_bytes = memory_bytes
        self.output_bytes = output_bytes


class Invocation:
    """One command, its checked arguments with defaults, what it may do, and its limits.

    Attributes:
        wall_seconds: the user's own limit for this run, or None. It stands in place of the clock's, and no other stops
            the run before it.
        output_bytes: the most that whoever takes the output wants of it, or None.
        stdin: what a worker's guest or a server reads, or None for nothing; a guest in this process reads the process's
            own.
    """

    __slots__ = ("arguments", "definition", "library", "output_bytes", "permissions", "stdin", "wall_seconds")

    def __init__(
        self,
        library: CommandLibrary,
        definition: SubcommandDefinition,
        arguments: dict[str, Any],
        permissions: Permissions,
        wall_seconds: float | None = None,
        stdin: AsyncIterator[bytes] | None = None,
        output_bytes: int | None = None,
    ) -> None:
        self.library = library
        self.definition = definition
        self.arguments = arguments
        self.permissions = permissions
        self.wall_seconds = wall_seconds
        self.stdin = stdin
        self.output_bytes = output_bytes

    def limits(self, handler: HandlerDefinition) -> Limits:
        """What every run has; less where the handler or the caller wants less, more where that is granted."""
        wall_seconds = self._limit(handler, "wall_seconds", RUN_WALL_SECONDS)
        cpu_seconds = self._limit(handler, "cpu_seconds", RUN_CPU_SECONDS)
        output_bytes = int(self._limit(handler, "output_bytes", RUN_OUTPUT_BYTES))
        return Limits(
            wall_seconds if self.wall_seconds is None else self.wall_seconds,
            cpu_seconds if self.wall_seconds is None else max(cpu_seconds, self.wall_seconds),
            int(self._limit(handler, "memory_bytes", RUN_MEMORY_BYTES)),
            output_bytes if self.output_bytes is None else min(output_bytes, self.output_bytes),
        )

    def _limit(self, handler: HandlerDefinition, name: str, default: float) -> float:
        """One limit. Installing codi grants what a bundled handler asks for."""
        asked = handler.limits.get(name)
        if asked is None or asked <= default or self.library.origin == BUNDLED:
            return default if asked is None else asked
        from codi_tui.model.quantities import limit_permissions

        return asked if all(map(self.permissions.has, limit_permissions({name: asked}))) else default
