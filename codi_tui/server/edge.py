"""Round every request: it is counted, timed and logged, by its route and never by what the caller wrote."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codi_tui.model.names import is_name
from codi_tui.server.context import Context
from codi_tui.server.logs import is_json, log

_OTHER = "other"
_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "OPTIONS"})


class Edge:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, context: Context, routes: dict[str, str]) -> None:
        """
        Args:
            routes: the path of each endpoint, by the endpoint's name.
        """
        self._app = app
        self._context = context
        self._routes = routes
        self._log_all = is_json()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        metrics = self._context.metrics
        metrics.in_flight += 1
        try:
            with self._context.drain.hold():
                await self._app(scope, receive, watched)
        finally:
            metrics.in_flight -= 1
            self._count(scope, status, time.perf_counter() - began)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = self._routes.get(getattr(scope.get("endpoint"), "__name__", ""), _OTHER)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        self._context.metrics.request(route, method, status, seconds)
        if self._log_all or status >= 400 or method in ("PUT", "DELETE"):
            name = scope.get("path_params", {}).get("name", "")
            log(
                f"{method} {route} {status}",
                logging.ERROR if status >= 500 else logging.INFO,
                library=name if is_name(name) else None,
                ms=round(seconds * 1000, 1),
                token=scope.get("codi.token"),
            )
