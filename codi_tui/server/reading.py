"""The read path: libraries, versions, blobs, commands, trust."""

from __future__ import annotations

import asyncio
import json

from starlette.requests import Request
from starlette.responses import Response

from codi_tui.holdings import chain, releases
from codi_tui.holdings.database import connect
from codi_tui.holdings.rights import READ
from codi_tui.limits import FILTER_MAX_CHARACTERS, LIST_DEFAULT, LIST_MAX, LIST_OFFSET_MAX
from codi_tui.model.names import is_name, split_command
from codi_tui.model.times import timestamp
from codi_tui.server.answers import IMMUTABLE, answer, file_answer, not_found, tagged
from codi_tui.server.context import Context, bad_query, check_query, whole_number

_HEX = frozenset("0123456789abcdef")
_PAGE = ("offset", "limit")


class Reading:
    """Endpoints that change nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def list_libraries(self, request: Request) -> Response:
        """A page of the libraries that the caller may read."""
        rights = self._context.caller(request)
        offset, limit = _page(request, "filter")
        text = request.query_params.get("filter", "")
        if len(text) > FILTER_MAX_CHARACTERS:
            raise bad_query(f"takes a filter of at most {FILTER_MAX_CHARACTERS} characters")
        database, catalog = self._context.database, self._context.catalog
        await self.read_catalog()
        catalog.refresh(database)
        names, more = catalog.page(rights.patterns(READ), text.casefold(), offset, limit)
        items = ",".join(releases.summaries(database, names))
        following = offset + limit if more else "null"
        body = f'{{"libraries":[{items}],"offset":{offset},"limit":{limit},"next":{following}}}'
        return tagged(request, body.encode(), cache=self._context.cached("no-cache"))

    async def get_library(self, request: Request) -> Response:
        """A library's document: of its newest release, or of the version that is asked for."""
        name = request.path_params["name"]
        self._context.require(request, READ, name)
        query = request.query_params
        check_query(query, len(query.multi_items()), ("version",))
        found = releases.find(self._context.database, name, query.get("version")) if is_name(name) else None
        return self._file(request, found, "no-cache")

    async def get_versions(self, request: Request) -> Response:
        """A page of a library's releases."""
        name = request.path_params["name"]
        self._context.require(request, READ, name)
        offset, limit = _page(request)
        found = releases.versions(self._context.database, name, offset, limit + 1) if is_name(name) else []
        if not found and offset == 0:
            raise not_found()
        following = offset + limit if len(found) > limit else None
        value = {"name": name, "versions": found[:limit], "offset": offset, "limit": limit, "next": following}
        return tagged(request, _json(value), cache=self._context.cached("no-cache"))

    async def get_blob(self, request: Request) -> Response:
        """A module or a document by its digest, if a library that the caller may read has it."""
        rights = self._context.caller(request)
        check_query(request.query_params, len(request.query_params.multi_items()), ())
        digest = request.path_params["digest"]
        if len(digest) != 64 or not set(digest) <= _HEX:
            raise not_found()
        return self._file(request, releases.find_blob(self._context.database, digest, rights), IMMUTABLE)

    async def get_command(self, request: Request) -> Response:
        """Which library has a command, of those that the caller may read."""
        rights = self._context.caller(request)
        check_query(request.query_params, len(request.query_params.multi_items()), ())
        parts = split_command(request.path_params["command"])
        if parts is None:
            raise not_found()
        library, path = parts
        owner = releases.find_command(self._context.database, path, library, rights)
        if owner is None:
            raise not_found()
        return tagged(request, _json({"library": owner}), cache=self._context.cached("no-cache"))

    async def get_token(self, request: Request) -> Response:
        """What the caller's token permits, and until when."""
        token = self._context.token(request)
        check_query(request.query_params, len(request.query_params.multi_items()), ())
        value = {"id": token.id, "permissions": token.permissions, "expires_at": timestamp(token.expires_at)}
        return answer(value, headers={"cache-control": "no-store"})

    async def get_trust(self, request: Request) -> Response:
        """The latest trust document. Every caller may read it: without it nothing else can be believed."""
        return self._trust(request, None)

    async def get_trust_version(self, request: Request) -> Response:
        """A trust document by its version, or `latest`, as static hosts have it."""
        text = request.path_params["version"]
        if text == "latest":
            return self._trust(request, None)
        sound = text.isascii() and text.isdigit() and len(text) <= 15 and not text.startswith("0")
        return self._trust(request, int(text) if sound else 0)

    def _trust(self, request: Request, version: int | None) -> Response:
        self._context.caller(request)
        check_query(request.query_params, len(request.query_params.multi_items()), ())
        document = chain.document(self._context.database, version)
        if document is None:
            raise not_found()
        return tagged(request, document, cache=self._context.cached("no-cache"))

    def _file(self, request: Request, found: releases.Blob | None, cache: str) -> Response:
        if found is None:
            raise not_found()
        return file_answer(
            request,
            self._context.folder.blob(found.digest),
            found.digest,
            found.size,
            found.media_type,
            cache=self._context.cached(cache),
            signature=found.signature,
        )

    async def read_catalog(self) -> None:
        """Wait for the first reading of the list, which takes a moment when it is long; begun when the server starts."""
        context = self._context
        if context.catalog_read is None:
            context.catalog_read = asyncio.create_task(asyncio.to_thread(_first_reading, context))
        await asyncio.shield(context.catalog_read)


def _first_reading(context: Context) -> None:
    connection = connect(context.folder.database)
    try:
        context.catalog.refresh(connection)
    finally:
        connection.close()


def _page(request: Request, *others: str) -> tuple[int, int]:
    query = request.query_params
    check_query(query, len(query.multi_items()), (*others, *_PAGE))
    offset = whole_number(query, "offset", 0, 0, LIST_OFFSET_MAX)
    return offset, whole_number(query, "limit", LIST_DEFAULT, 1, LIST_MAX)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
