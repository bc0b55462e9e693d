"""Bearer tokens: 256 random bits, shown once, kept as their SHA-256 (which is enough for what nobody can guess)."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time

from codi_tui.errors import InputError, NotFoundError
from codi_tui.holdings.database import connect, transaction
from codi_tui.holdings.rights import Rights, check_permissions
from codi_tui.limits import TOKEN_SECONDS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX = "codi_"
_LENGTH = len(_PREFIX) + 43
_UNITS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


class Token:
    """What is known of a token; never the token itself.

    Attributes:
        id: names it in lists and logs.
        created_at, expires_at, revoked_at: Unix seconds; revoked_at is None while it counts.
    """

    __slots__ = ("created_at", "expires_at", "id", "permissions", "revoked_at")

    def __init__(self, id: str, permissions: str, created_at: int, expires_at: int, revoked_at: int | None) -> None:
        self.id = id
        self.permissions: list[str] = json.loads(permissions)
        self.created_at = created_at
        self.expires_at = expires_at
        self.revoked_at = revoked_at

    def status(self, now: float) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if now < self.expires_at else "expired"

    def rights(self) -> Rights:
        return Rights(self.permissions)


def create_token(database: str, permissions: Sequence[str], seconds: int) -> tuple[str, Token]:
    """Make a token that counts for so many seconds; returns it, to be shown once, and what is kept.

    Raises:
        InputError: the permissions or the time are malformed.
        StateError: it cannot be kept.
    """
    granted = json.dumps(check_permissions(permissions))
    if not 0 < seconds <= TOKEN_SECONDS_MAX:
        raise InputError(f"a token counts for at most {TOKEN_SECONDS_MAX // _UNITS['d']} days")
    text, now = _PREFIX + secrets.token_urlsafe(32), int(time.time())
    token = Token(secrets.token_hex(4), granted, now, now + seconds, None)
    with transaction(database) as connection:
        connection.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, NULL)", (_hash(text), token.id, granted, now, token.expires_at)
        )
    return text, token


def list_tokens(database: str) -> list[Token]:
    """Every token, the newest first.

    Raises:
        StateError: the database cannot be read.
    """
    connection = connect(database)
    try:
        rows = connection.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY created_at DESC, id").fetchall()
    finally:
        connection.close()
    return [Token(*row) for row in rows]


def revoke_token(database: str, id: str) -> None:
    """Let a token count no longer, from the next request on.

    Raises:
        NotFoundError: there is none with this id.
        StateError: the database cannot be written.
    """
    with transaction(database) as connection:
        revoked = connection.execute(
            "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (int(time.time()), id)
        )
        if revoked.rowcount == 0:
            raise NotFoundError(f"there is no token {id[:80]!r}", hint="codi-registry token list shows their ids")


def find_token(connection: sqlite3.Connection, text: str, now: float) -> Token | None:
    """The token that a caller shows, if it counts now. It is looked up by its hash, so timing tells nothing of others."""
    if len(text) != _LENGTH or not text.isascii():
        return None
    row = connection.execute(f"SELECT {_COLUMNS} FROM tokens WHERE hash = ?", (_hash(text),)).fetchone()
    token = None if row is None else Token(*row)
    return token if token is not None and token.status(now) == "active" else None


def parse_duration(text: str) -> int:
    """`90d`, `12h`, `30m` or `45s`, in seconds.

    Raises:
        InputError: it is none of these.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9 or int(number) == 0:
        raise InputError(f"not a duration such as 90d, 12h or 30m: {text[:40]!r}")
    return int(number) * _UNITS[unit]


_COLUMNS = "id, permissions, created_at, expires_at, revoked_at"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
