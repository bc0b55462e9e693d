"""The process: uvicorn with bounded connections, stopping only when what is in flight has ended."""

from __future__ import annotations

import logging
import socket
import time

import uvicorn

from codi_tui.holdings.folder import DataFolder
from codi_tui.limits import RUN_MESSAGE_MAX_BYTES, SERVER_DRAIN_SECONDS, SERVER_IDLE_SECONDS
from codi_tui.server.app import application
from codi_tui.server.context import Context
from codi_tui.server.logs import log
from codi_tui.server.protocol import BoundedProtocol
from codi_tui.server.runs import Runs
from codi_tui.server.sockets import BoundedSocket


class LibraryServer:
    """One server on one listening socket."""

    def __init__(self, folder: DataFolder, origin: str, runs: Runs, *, public_read: bool) -> None:
        context = Context(folder, origin, runs, public_read=public_read)
        config = uvicorn.Config(
            application(context),
            loop="uvloop",
            http=BoundedProtocol,
            ws=BoundedSocket,
            ws_max_size=RUN_MESSAGE_MAX_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=None,  # a reader that is slow would be taken for a dead peer: the kernel asks for those
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
        end = time.monotonic() + SERVER_DRAIN_SECONDS
        self._context.drain.draining.set()
        await self._context.runs.finish(SERVER_DRAIN_SECONDS)  # still listening: a dropped run may be taken up again
        for server in self.servers:
            server.close()
        if not await self._context.drain.finish(end - time.monotonic()):
            log("stopping although something is still in flight", logging.WARNING)
        await super().shutdown(sockets)
