"""`codi-registry serve`: this process becomes the library server, which is a door of its own and reads its own options."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, NoReturn


def add(verbs: Any) -> None:
    """The verb; its options are the server's."""
    verb = verbs.add_parser("serve", help="serve libraries from a folder", add_help=False, prefix_chars="\0")
    verb.add_argument("words", nargs=argparse.REMAINDER)
    verb.set_defaults(verb=_serve)


def _serve(arguments: argparse.Namespace) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-P", "-m", "codi_tui.server", *arguments.words])  # noqa: S606
