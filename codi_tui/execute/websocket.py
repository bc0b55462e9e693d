"""WebSocket handlers: a command that a server runs."""

from __future__ import annotations

from codi_tui.errors import UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from codi_tui.execute.invocation import Invocation
    from codi_tui.model.events import RunEvent
    from codi_tui.model.manifest import HandlerDefinition


class WebSocketExecutor:
    """This version connects to no server: every endpoint is unavailable, so a fallback serves where there is one."""

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        raise UnavailableError(
            f"{handler.endpoint} cannot be reached: this codi does not connect to servers yet",
            hint="the command runs once its library offers a fallback, or codi a connection",
        )
        yield  # makes this a generator, as the protocol has it
