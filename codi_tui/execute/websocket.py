"""WebSocket handlers: a command that a server runs (docs/run-protocol.md).

Here is what has to hold before a socket is opened; the session, and with it asyncio, is imported only then.
"""

from __future__ import annotations

from codi_tui.errors import InputError, ModuleError, TrustError, UnavailableError
from codi_tui.network import DIRECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from typing import Any

    from codi_tui.execute.invocation import Invocation
    from codi_tui.model.endpoint import Endpoint
    from codi_tui.model.events import RunEvent
    from codi_tui.model.manifest import HandlerDefinition, SubcommandDefinition
    from codi_tui.network import Network

_STDIN = "-"


class WebSocketExecutor:
    """Runs commands on servers, each under its permission `ws:server` or `ws:HOST[:PORT]`. Needs an event loop."""

    def __init__(self, server_origins: Sequence[str] = (), *, offline: bool = False, network: Network = DIRECT) -> None:
        """
        Args:
            server_origins: the library servers of the settings; the first is the current one.
            offline: never open a socket.
            network: how servers are reached. Only `server:` endpoints are shown a token: an address that a library
                names is its publisher's choice.
        """
        self._network = network
        self._current_origin = server_origins[0] if server_origins else None
        self._offline = offline

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`; what `RunSession.events` raises, too.

        Raises:
            ModuleError: `E_UNSUPPORTED`, the endpoint is none.
            GrantError: `E_PERMISSION`.
            InputError: a path argument, which cannot travel.
            TrustError: `E_TLS`, the server is not reached by TLS.
            UnavailableError: offline, or no server.
        """
        from codi_tui.model.endpoint import parse_endpoint

        try:
            endpoint = parse_endpoint(str(handler.endpoint))
        except ValueError as error:
            raise ModuleError(str(error), code="E_UNSUPPORTED") from None
        invocation.permissions.require(endpoint.permission)
        if self._offline:
            raise UnavailableError(f"{handler.endpoint} is not asked: codi is offline")
        url = self._url(endpoint, invocation.library.origin)
        refuse_paths(invocation.definition, invocation.arguments)

        from codi_tui.execute.connection import Way
        from codi_tui.execute.run_session import RunSession

        way = Way(url, self._network, shows_token=endpoint.host is None)
        events = RunSession(way, invocation, invocation.limits(handler)).events()
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()

    def _url(self, endpoint: Endpoint, library_origin: str) -> str:
        origin = library_origin if library_origin.startswith(("https://", "http://")) else self._current_origin
        if endpoint.host is None and origin is None:
            raise UnavailableError("no library server is connected", hint="name one in the settings file")
        try:
            return endpoint.url(origin)
        except ValueError as error:  # arguments may be secret
            raise TrustError(str(error), code="E_TLS") from None


def refuse_paths(definition: SubcommandDefinition, arguments: dict[str, Any]) -> None:
    """A path means a file here, and the command runs elsewhere.

    Raises:
        InputError: `E_INPUT`.
    """
    for parameter in definition.parameters:
        value = arguments.get(parameter.name)
        values = value if isinstance(value, list) else [value]
        if parameter.type == "path" and any(item not in (None, _STDIN) for item in values):
            raise InputError(
                f"{parameter.name} is a path, and {definition.path} runs on a server, which has not your files",
                hint="give the file on standard input: … < FILE",
            )
