"""The ten built-ins: what each of them takes and tells, once. Command lines are read by it, and help and docs are made of it.

`verb` has the classes, each built-in a file with its verbs, `words` reads a command line, `pages` makes the help.
"""

from __future__ import annotations

SUMMARIES = {
    "run": "one command, for scripts and pipes",
    "ui": "the workspace: browse, fill a form, run, watch",
    "help": "built-ins and library commands",
    "config": "the settings, and what was granted to libraries",
    "auth": "tokens for servers, and whom codi trusts",
    "connect": "library servers: add, list, use, remove",
    "sync": "the local copy of the libraries",
    "session": "the runs that were, and their recorded output",
    "log": "what codi did, and the audit trail",
    "mcp": "the commands as tools for agents",
}
"""Every built-in, in the order of help."""
