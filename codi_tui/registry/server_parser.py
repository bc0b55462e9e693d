"""The command line of the verbs that are about a library server and its folder."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Verb = Callable[[Any, str, str, str], argparse.ArgumentParser]


def add_server_verbs(verbs: Any, verb: Verb) -> None:
    """`serve`, `token`, `yank` and `export`.

    Args:
        verb: makes a verb's parser of its name, its summary and an example.
    """
    serve = verbs.add_parser("serve", help="serve libraries from a folder", add_help=False, prefix_chars="\0")
    serve.add_argument("words", nargs=argparse.REMAINDER)  # the server reads its own options
    _token(verbs, verb)
    yank = verb(
        verbs,
        "yank",
        "let a release be resolved no longer by a library server; who names its version still gets it",
        "codi-registry yank hello 1.2.0 --data /srv/codi",
    )
    yank.add_argument("library", metavar="NAME")
    yank.add_argument("version", metavar="VERSION")
    yank.add_argument("--undo", action="store_true", help="take a yank back")
    export = verb(
        verbs,
        "export",
        "write what a library server serves as files, for any static host",
        "codi-registry export --data /srv/codi --static site",
    )
    export.add_argument("--static", required=True, metavar="DIR", help="the folder to write, or to bring up to date")
    for part in (yank, export):
        _data(part)


def _token(verbs: Any, verb: Verb) -> None:
    example = "codi-registry token create --data /srv/codi --permission 'library:acme-*' --expires 90d"
    token = verb(verbs, "token", "say who may read, publish or run what on a library server", example)
    parts = token.add_subparsers(title="verbs", dest="part", required=True, metavar="VERB")
    create = verb(parts, "create", "make a token; it is shown once", example)
    create.add_argument(
        "--permission",
        action="append",
        required=True,
        metavar="PERMISSION",
        help="library:NAME (read), publish:NAME or run:NAME, where NAME may be prefix-* or *; or metrics; repeatable",
    )
    create.add_argument("--expires", required=True, metavar="DURATION", help="such as 90d, 12h or 30m")
    listing = verb(parts, "list", "list the tokens; what they are is not kept", "codi-registry token list --data DIR")
    revoke = verb(parts, "revoke", "let a token count no longer", "codi-registry token revoke --data DIR 65f5e2e3")
    revoke.add_argument("id", metavar="ID")
    for part in (create, listing, revoke):
        _data(part)


def _data(part: argparse.ArgumentParser) -> None:
    part.add_argument("--data", required=True, metavar="DIR", help="the server's data folder")
