"""Invocation: what a front door builds, and what the executor runs."""

from __future__ import annotations

from codi_tui.limits import RUN_MEMORY_BYTES, RUN_OUTPUT_BYTES, RUN_WALL_SECONDS
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

    __slots__ = ("memory_bytes", "output_bytes", "wall_seconds")

    def __init__(self, wall_seconds: float, memory_bytes: int, output_bytes: int) -> None:
        self.wall_seconds = wall_seconds
        self.memory_bytes = memory_bytes
        self.output_bytes = output_bytes


class Invocation:
    """One command, its checked arguments with defaults, what it may do, and its limits.

    Attributes:
        wall_seconds: the user's own limit for this run, or None.
        stdin: what a worker's guest or a server reads, or None for nothing; a guest in this process reads the process's
            own.
    """

    __slots__ = ("arguments", "definition", "library", "permissions", "stdin", "wall_seconds")

    def __init__(
        self,
        library: CommandLibrary,
        definition: SubcommandDefinition,
        arguments: dict[str, Any],
        permissions: Permissions,
        wall_seconds: float | None = None,
        stdin: AsyncIterator[bytes] | None = None,
    ) -> None:
        self.library = library
        self.definition = definition
        self.arguments = arguments
        self.permissions = permissions
        self.wall_seconds = wall_seconds
        self.stdin = stdin

    def limits(self, handler: HandlerDefinition) -> Limits:
        """The defaults; a bundled library's handler may ask for more, any other only for less."""
        asked = {name: value for name, value in handler.limits.items() if value is not None}
        defaults = {
            "wall_seconds": RUN_WALL_SECONDS,
            "memory_bytes": RUN_MEMORY_BYTES,
            "output_bytes": RUN_OUTPUT_BYTES,
        }
        chosen = {
            name: asked.get(name, default) if self.library.origin == BUNDLED else min(asked.get(name, default), default)
            for name, default in defaults.items()
        }
        return Limits(
            self.wall_seconds if self.wall_seconds is not None else chosen["wall_seconds"],
            int(chosen["memory_bytes"]),
            int(chosen["output_bytes"]),
        )
