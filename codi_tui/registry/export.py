"""`codi-registry export`: a library server's read path as files."""

from __future__ import annotations

import argparse
from typing import Any

from codi_tui.holdings.export import export
from codi_tui.holdings.folder import DataFolder


def add(verbs: Any) -> None:
    """The verb."""
    verb = verbs.add_parser("export", help="write what a server serves as files, for any static host")
    verb.add_argument("--static", required=True, metavar="DIR", help="the folder to write, or to bring up to date")
    verb.add_argument("--data", required=True, metavar="DIR", help="the server's data folder")
    verb.set_defaults(verb=_export)


def _export(arguments: argparse.Namespace) -> str:
    folder = DataFolder(arguments.data)
    folder.require()
    return f"{export(folder, arguments.static)} libraries in {arguments.static}"
