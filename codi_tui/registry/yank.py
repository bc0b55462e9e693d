"""`codi-registry yank`: take a release out of what a library server resolves."""

from __future__ import annotations

import argparse
from typing import Any

from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.releases import yank


def add(verbs: Any) -> None:
    """The verb."""
    verb = verbs.add_parser("yank", help="let a release be resolved no longer; who names its version still gets it")
    verb.add_argument("name", metavar="NAME")
    verb.add_argument("version", metavar="VERSION")
    verb.add_argument("--undo", action="store_true", help="take a yank back")
    verb.add_argument("--data", required=True, metavar="DIR", help="the server's data folder")
    verb.set_defaults(verb=_yank)


def _yank(arguments: argparse.Namespace) -> str:
    folder = DataFolder(arguments.data)
    folder.require()
    yank(folder.database, arguments.name, arguments.version, undo=arguments.undo)
    return f"{arguments.name} {arguments.version} is {'offered again' if arguments.undo else 'yanked'}"
