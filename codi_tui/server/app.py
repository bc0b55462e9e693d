"""The application: which path is answered by what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from codi_tui.server.answers import Refusal, answer_fault, answer_refusal, not_found
from codi_tui.server.context import Context
from codi_tui.server.edge import Edge
from codi_tui.server.health import Health
from codi_tui.server.intake import following
from codi_tui.server.reading import Reading
from codi_tui.server.run_door import RunDoor
from codi_tui.server.writing import Writing


def application(context: Context) -> ASGIApp:
    """The server of a context, as an ASGI application."""
    reading = Reading(context)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with following(context, reading.read_catalog):
            yield

    app = Starlette(
        routes=routes(context, reading),
        exception_handlers={Refusal: answer_refusal, HTTPException: _answer_routing, Exception: answer_fault},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    paths = {route.endpoint.__name__: route.path for route in app.routes if isinstance(route, Route)}
    return Edge(app, context, paths)


def routes(context: Context, reading: Reading) -> list[BaseRoute]:
    """Every path. A path has one route, which names all its methods, so that 405 can say them."""
    writing, health = Writing(context), Health(context)
    library = "/api/v1/libraries/{name}"
    return [
        Route("/api/v1/libraries", reading.list_libraries),
        Route(library, reading.get_library),
        Route(f"{library}/versions", reading.get_versions),
        Route(f"{library}/{{version}}", writing.put_release, methods=["PUT"]),
        Route(f"{library}/{{version}}/yank", writing.change_yank, methods=["PUT", "DELETE"]),
        Route("/api/v1/blobs/sha256/{digest}", reading.get_blob),
        Route("/api/v1/commands/{command}", reading.get_command),
        Route("/api/v1/token", reading.get_token),
        Route("/api/v1/trust", reading.get_trust),
        Route("/api/v1/trust/{version}", reading.get_trust_version),
        WebSocketRoute("/api/v1/run", RunDoor(context).run),
        Route("/api/v1/openapi.json", health.openapi),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
    ]


async def _answer_routing(request: Request, error: Exception) -> Response:
    """No such path, or no such method on it. Neither says which paths there are."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        refusal = Refusal(405, "method_not_allowed", headers=error.headers)
    else:
        refusal = not_found() if error.status_code == 404 else Refusal(error.status_code, "bad_request")
    return await answer_refusal(request, refusal)
