"""What the endpoints of one server share."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping

from starlette.requests import HTTPConnection

from codi_tui.holdings.catalog import Catalog
from codi_tui.holdings.database import connect
from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.rights import READ, Rights
from codi_tui.holdings.tokens import Token, find_token
from codi_tui.limits import SERVER_PUBLISHING_MAX
from codi_tui.server.answers import Refusal, forbidden
from codi_tui.server.drain import Drain
from codi_tui.server.metrics import Metrics
from codi_tui.server.runs import Runs

_ANYBODY = Rights([f"{READ}:*"])
_WHO = {"WWW-Authenticate": "Bearer"}


class Context:
    """One server's folder, database connection, and what is in flight.

    Attributes:
        origin: the address that clients know this server by.
        public_read: whether reading needs no token.
        database: for reading, on the event loop only.
        publishing: held by the one who publishes.
        receiving: bounds the documents in memory.
        runs: the commands that run here.
    """

    def __init__(self, folder: DataFolder, origin: str, runs: Runs, *, public_read: bool) -> None:
        self.folder = folder
        self.origin = origin
        self.public_read = public_read
        self.database: sqlite3.Connection = connect(folder.database)
        self.catalog = Catalog()
        self.catalog_read: asyncio.Task[None] | None = None
        self.publishing = asyncio.Lock()
        self.receiving = asyncio.Semaphore(SERVER_PUBLISHING_MAX)
        self.runs = runs
        self.metrics = Metrics()
        self.drain = Drain()

    def caller(self, connection: HTTPConnection) -> Rights:
        """Who asks, by the token in `Authorization`.

        Raises:
            Refusal: 401, there is no token and one is needed, or it does not count.
        """
        if self.public_read and "authorization" not in connection.headers:
            return _ANYBODY
        return self.token(connection).rights()

    def token(self, connection: HTTPConnection) -> Token:
        """The token in `Authorization`; its id is left in the scope for the log.

        Raises:
            Refusal: 401, there is none, or it does not count.
        """
        shown = connection.headers.getlist("authorization")
        if not shown:
            raise Refusal(401, "unauthorized", "this server wants a token", "Authorization: Bearer TOKEN", _WHO)
        scheme, _, text = shown[0].partition(" ")
        token = find_token(self.database, text.strip(), time.time()) if scheme.lower() == "bearer" else None
        if token is None or len(shown) > 1:
            raise Refusal(401, "invalid_token", "the token is unknown, expired or revoked", "ask for a new one", _WHO)
        connection.scope["codi.token"] = token.id
        return token

    def require(self, connection: HTTPConnection, kind: str, name: str = "") -> Rights:
        """A caller who may do something with a library.

        Raises:
            Refusal: 401; 403, whether or not there is such a library.
        """
        rights = self.caller(connection)
        if not rights.allow(kind, name):
            raise forbidden()
        return rights

    def cached(self, how: str) -> str:
        """`Cache-Control`: what needs a token is for its holder's cache alone."""
        return f"{'public' if self.public_read else 'private'}, {how}"


def check_query(given: Mapping[str, str], pairs: int, names: tuple[str, ...]) -> None:
    """Refuse a query that says something unknown, or something twice.

    Raises:
        Refusal: 400.
    """
    if pairs != len(given) or not set(given) <= set(names):
        raise bad_query(f"takes {', '.join(names)}, each once" if names else "takes none")


def whole_number(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """A number of a query.

    Raises:
        Refusal: 400.
    """
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not low <= int(text) <= high:
        raise bad_query(f"takes {name} from {low} to {high}")
    return int(text)


def bad_query(what: str) -> Refusal:
    return Refusal(400, "bad_query", f"the query {what}")
