"""For whoever runs the server: is it alive, is it ready, how busy is it; and what its API is."""

from __future__ import annotations

import json
import sqlite3

from starlette.requests import Request
from starlette.responses import Response

from codi_tui.holdings.rights import METRICS
from codi_tui.server.answers import Refusal, answer, tagged
from codi_tui.server.context import Context
from codi_tui.server.metrics import MEDIA_TYPE
from codi_tui.server.openapi import document


class Health:
    """Endpoints that need no library."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._document = json.dumps(document()).encode()

    async def healthz(self, request: Request) -> Response:
        """The process answers."""
        return answer({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """It can serve: it is not stopping, and its database can be read."""
        if self._context.drain.draining.is_set():
            raise Refusal(503, "unavailable", "the server is stopping")
        try:
            self._context.database.execute("SELECT 1 FROM releases LIMIT 1").fetchone()
        except sqlite3.Error:
            raise Refusal(503, "unavailable", "the database cannot be read") from None
        return answer({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Figures, for a token with the permission `metrics`."""
        self._context.require(request, METRICS)
        text = self._context.metrics.text() + self._context.runs.figures()
        return Response(text, media_type=MEDIA_TYPE)

    async def openapi(self, request: Request) -> Response:
        """This API."""
        return tagged(request, self._document)
