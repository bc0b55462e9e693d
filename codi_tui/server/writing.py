"""Publishing and yanking. The signing key never comes here: what is published was signed by its author."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from codi_tui.errors import CodiError, NotFoundError, RefusedError, UnavailableError
from codi_tui.holdings import releases
from codi_tui.holdings.publishing import Published, publish
from codi_tui.holdings.rights import PUBLISH
from codi_tui.limits import DOCUMENT_MAX_BYTES, SERVER_BODY_SECONDS, SERVER_PUBLISH_SECONDS
from codi_tui.model.names import is_name
from codi_tui.server.answers import Refusal, answer, not_found, refused
from codi_tui.server.context import Context, check_query

_CONFLICTS = frozenset({"E_EXISTS", "E_ROLLBACK", "E_EQUIVOCATION"})
_AGAIN = {"Retry-After": "5"}


class Writing:
    """Endpoints that change what is published."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def put_release(self, request: Request) -> Response:
        """Publish a release: 201, or 200 when it was there already."""
        name, version = request.path_params["name"], request.path_params["version"]
        self._context.require(request, PUBLISH, name)
        _check_request(request)
        if not is_name(name):
            raise not_found()
        try:
            self._context.drain.check()
        except UnavailableError as error:
            raise Refusal(503, "unavailable", error.message, error.hint, _AGAIN) from None
        async with _Turn(self._context.receiving):
            body = await _receive(request)
            done = await self._publish(body, name, version, request.scope["codi.token"])
        value = {"name": name, "version": version, "digest": done.digest, "document": done.document}
        return answer(value, 201 if done.created else 200)

    async def change_yank(self, request: Request) -> Response:
        """Yank a release (PUT) or take that back (DELETE)."""
        name, version = request.path_params["name"], request.path_params["version"]
        self._context.require(request, PUBLISH, name)
        check_query(request.query_params, len(request.query_params.multi_items()), ())
        undo = request.method == "DELETE"
        database = self._context.folder.database
        async with _Turn(self._context.publishing):
            try:
                await asyncio.to_thread(releases.yank, database, name, version, undo=undo)
            except NotFoundError:
                raise not_found() from None
        return answer({"name": name, "version": version, "yanked": not undo})

    async def _publish(self, body: bytes, name: str, version: str, by: str) -> Published:
        context = self._context
        try:
            async with _Turn(context.publishing):
                done = await asyncio.to_thread(publish, context.folder, context.origin, body, name, version, by=by)
        except RefusedError as error:
            context.metrics.publish(error.code)
            raise refused(error, _status(error)) from None
        context.metrics.publish("created" if done.created else "unchanged")
        return done


class _Turn:
    """One's turn, waited for no longer than `SERVER_PUBLISH_SECONDS`."""

    def __init__(self, turns: asyncio.Lock | asyncio.Semaphore) -> None:
        self._turns = turns

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(SERVER_PUBLISH_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise Refusal(503, "busy", "others are publishing", "try again in a moment", _AGAIN) from None

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()


def _status(error: CodiError) -> int:
    if error.code == "E_TOO_LARGE":
        return 413
    return 409 if error.code in _CONFLICTS else 403


def _check_request(request: Request) -> None:
    """What is known before the body is read."""
    check_query(request.query_params, len(request.query_params.multi_items()), ())
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "unsupported_media_type", "a release is application/json")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(415, "unsupported_media_type", "a release is sent without content encoding")
    length = request.headers.get("content-length", "0")
    if len(length) > 18 or int(length) > DOCUMENT_MAX_BYTES:
        raise _too_large()


async def _receive(request: Request) -> bytes:
    """The body, bounded in size and time."""
    body = bytearray()
    try:
        async with asyncio.timeout(SERVER_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > DOCUMENT_MAX_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Refusal(408, "timeout", f"the release did not come within {SERVER_BODY_SECONDS:g} s") from None
    except ClientDisconnect:
        raise Refusal(400, "cut_off", "the connection ended before the release did") from None
    return bytes(body)


def _too_large() -> Refusal:
    return Refusal(413, "E_TOO_LARGE", f"a release has at most {DOCUMENT_MAX_BYTES} bytes")
