"""`codi-registry token`: who may read, publish or run what on a library server."""

from __future__ import annotations

import argparse
import time
from typing import Any

from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.tokens import create_token, list_tokens, parse_duration, revoke_token
from codi_tui.model.times import timestamp


def add(verbs: Any) -> None:
    """The verb and its parts."""
    parts = verbs.add_parser("token", help="make, list and revoke a library server's tokens").add_subparsers(
        title="what to do", required=True
    )
    create = parts.add_parser("create", help="make a token; it is shown once")
    create.add_argument(
        "--permission",
        action="append",
        required=True,
        metavar="PERMISSION",
        help="library:NAME (read), publish:NAME or run:NAME, where NAME may be prefix-* or *; or metrics; repeatable",
    )
    create.add_argument("--expires", required=True, metavar="DURATION", help="such as 90d, 12h or 30m")
    create.set_defaults(verb=_create)
    listing = parts.add_parser("list", help="list the tokens; what they are is not kept")
    listing.set_defaults(verb=_list)
    revoke = parts.add_parser("revoke", help="let a token count no longer")
    revoke.add_argument("id", metavar="ID")
    revoke.set_defaults(verb=_revoke)
    for part in (create, listing, revoke):
        part.add_argument("--data", required=True, metavar="DIR", help="the server's data folder")


def _create(arguments: argparse.Namespace) -> str:
    text, token = create_token(_database(arguments), arguments.permission, parse_duration(arguments.expires))
    return f"token   {text}\nid      {token.id}\nuntil   {timestamp(token.expires_at)}\nit is not shown again"


def _list(arguments: argparse.Namespace) -> str:
    now = time.time()
    lines = [
        f"{token.id}  {token.status(now):7}  until {timestamp(token.expires_at)}  {' '.join(token.permissions)}"
        for token in list_tokens(_database(arguments))
    ]
    return "\n".join(lines) or "there are no tokens"


def _revoke(arguments: argparse.Namespace) -> str:
    revoke_token(_database(arguments), arguments.id)
    return f"{arguments.id} counts no longer"


def _database(arguments: argparse.Namespace) -> str:
    folder = DataFolder(arguments.data)
    folder.require()
    return folder.database
