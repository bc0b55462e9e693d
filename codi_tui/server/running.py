"""The process: uvicorn with bounded connections, stopping only when what is in flight has ended."""

from __future__ import annotations

import logging
import socket

import uvicorn

from codi_tui.holdings.folder import DataFolder
from codi_tui.limits import RUN_MESSAGE_MAX_BYTES, SERVER_DRAIN_SECONDS, SERVER_IDLE_SECONDS
from codi_tui.server.app import application
from codi_tui.server.context import Context
from codi_tui.server.logs import log
from codi_tui.server.protocol import BoundedProtocol


class LibraryServer:
    """One server on one listening socket."""

    def __init__(self, folder: DataFolder, origin: str, *, public_read: bool) -> None:
        context = Context(folder, origin, public_read=public_read)
        config = uvicorn.Config(
            application(context),
            loop="uvloop",
            http=BoundedProtocol,
            ws="websockets-sansio",
            ws_max_size=RUN_MESSAGE_MAX_BYTES,
            ws_per_message_deflate=False,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=SERVER_IDLE_SECONDS,
            timeout_graceful_shutdown=1,
            headers=[("x-content-type-options", "nosniff")],
        )
        self._server = _Draining(config, context)

    def run(self, listener: socket.socket) -> None:
        """Serve until told to stop, by SIGTERM, SIGINT or `stop`, also when that was before."""
        self._server.run([listener])

    def stop(self) -> None:
        self._server.should_exit = True


class _Draining(uvicorn.Server):
    """Lets what is in flight finish before connections are told to close."""

    def __init__(self, config: uvicorn.Config, context: Context) -> None:
        super().__init__(config)
        self._context = context

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        if not await self._context.drain.finish(SERVER_DRAIN_SECONDS):
            log("stopping although something is still in flight", logging.WARNING)
        await super().shutdown(sockets)
