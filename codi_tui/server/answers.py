"""Answers: JSON, files with their ETags, and refusals in one form: `{"error", "message", "hint"}`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from codi_tui.errors import CodiError
from codi_tui.holdings.releases import JSON
from codi_tui.limits import SERVER_CHUNK_BYTES

IMMUTABLE = "max-age=31536000, immutable"


class Refusal(Exception):  # noqa: N818 - it is an answer
    """An answer that ends a request early.

    Attributes:
        status: of the answer.
        error: its stable code.
    """

    def __init__(
        self,
        status: int,
        error: str,
        message: str | None = None,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.message = message
        self.hint = hint
        self.headers = headers

    def body(self) -> dict[str, str]:
        members = {"error": self.error, "message": self.message, "hint": self.hint}
        return {name: value for name, value in members.items() if value is not None}


def not_found() -> Refusal:
    """For what is not there and, where no name was asked for, for what the caller may not see: the same answer."""
    return Refusal(404, "not_found", "there is nothing by this name")


def forbidden() -> Refusal:
    """The record's answer, to the letter (section 6), whether or not there is such a library."""
    return Refusal(403, "insufficient_permissions")


def refused(error: CodiError, status: int) -> Refusal:
    """What is wrong with a release, as codi says it everywhere."""
    return Refusal(status, error.code, error.message, error.hint)


async def answer_refusal(_: Request, refusal: Exception) -> Response:
    """A refusal as an answer."""
    assert isinstance(refusal, Refusal)
    return answer(refusal.body(), refusal.status, refusal.headers)


async def answer_fault(_: Request, __: Exception) -> Response:
    """A fault of the server; what it was is in the log, and there only."""
    value = {"error": "internal", "message": "this is a fault in the server"}
    return answer(value, 500, {"connection": "close"})  # uvicorn closes it behind a fault


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON value."""
    return Response(json.dumps(value).encode(), status, headers, media_type=JSON)


def tagged(request: Request, body: bytes, *, cache: str = "no-cache", media_type: str = JSON) -> Response:
    """Bytes under the digest of themselves, or 304."""
    headers = _headers(hashlib.sha256(body).hexdigest(), cache)
    if _has(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


class FileAnswer(Response):
    """A blob, piece by piece, as fast as its reader takes it."""

    def __init__(self, path: str, size: int, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(None, 200, {**headers, "content-length": str(size)}, media_type)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with open(self._path, "rb") as file:  # noqa: ASYNC230 - pieces of a local file, mostly in memory
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while scope["method"] != "HEAD" and (piece := file.read(SERVER_CHUNK_BYTES)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def file_answer(
    request: Request, path: str, digest: str, size: int, media_type: str, *, cache: str, signature: str | None = None
) -> Response:
    """A blob under its digest, or 304."""
    headers = _headers(digest, cache)
    if signature is not None:
        headers["x-library-signature"] = signature
    if _has(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    if size > SERVER_CHUNK_BYTES:
        return FileAnswer(path, size, media_type, headers)
    with open(path, "rb") as file:
        return Response(file.read(), headers=headers, media_type=media_type)


def _headers(digest: str, cache: str) -> dict[str, str]:
    return {"etag": f'"{digest}"', "cache-control": cache, "vary": "authorization"}


def _has(request: Request, tag: str) -> bool:
    """Whether the caller has what a tag names (RFC 9110, 13.1.2)."""
    held = request.headers.get("if-none-match")
    if held is None:
        return False
    return held.strip() == "*" or tag in [item.strip().removeprefix("W/") for item in held.split(",")]
