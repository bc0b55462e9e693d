"""`codi-registry token`: who may read, publish or run what on a library server."""

from __future__ import annotations

import time
from typing import Any

from codi_tui.holdings.folder import used_folder
from codi_tui.holdings.tokens import Token, create_token, list_tokens, parse_duration, revoke_token
from codi_tui.model.times import timestamp
from codi_tui.registry.outcome import Outcome


def create(data: str, permissions: list[str], expires: str) -> Outcome:
    """Make a token. This is the only time that it is told.

    Raises:
        NotFoundError, InputError, StateError: there is no such folder; a value is malformed; it cannot be kept.
    """
    text, token = create_token(used_folder(data).database, permissions, parse_duration(expires))
    facts = {"token": text, **_facts(token)}
    lines = [f"token   {text}", f"id      {token.id}", f"until   {facts['expires_at']}", "it is not shown again"]
    return Outcome(facts, lines)


def show_all(data: str) -> Outcome:
    """List the tokens.

    Raises:
        NotFoundError, StateError: there is no such folder; it cannot be read.
    """
    tokens = [_facts(token) for token in list_tokens(used_folder(data).database)]
    lines = [
        f"{item['id']}  {item['status']:7}  until {item['expires_at']}  {' '.join(item['permissions'])}"
        for item in tokens
    ]
    return Outcome({"tokens": tokens}, lines or ["there are no tokens"])


def revoke(data: str, id: str) -> Outcome:
    """Let a token count no longer.

    Raises:
        NotFoundError, StateError: there is no such folder or token; it cannot be written.
    """
    revoke_token(used_folder(data).database, id)
    return Outcome({"id": id, "status": "revoked"}, [f"{id} counts no longer"])


def _facts(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "status": token.status(time.time()),
        "permissions": token.permissions,
        "created_at": timestamp(token.created_at),
        "expires_at": timestamp(token.expires_at),
    }
