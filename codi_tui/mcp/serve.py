"""`codi mcp serve`: its options, and the server on this process's stdin and stdout."""

from __future__ import annotations

import os

from codi_tui.errors import UnavailableError, UsageError

USAGE = "usage: codi mcp serve [--root DIR]… [--offline]"
HELP = f"""Serve the commands that are here to an AI agent, over MCP on stdin and stdout.

{USAGE}

  --root DIR   a folder whose files the agent may name as arguments; may be repeated. Without one it may name none
  --offline    never open a socket

An agent's client starts it: codi mcp install prints what to put into the client's configuration. The agent can search,
describe and run; it can grant, approve and trust nothing. Every call is in the audit trail: codi log show --audit.
"""


def main(words: list[str]) -> int:
    """Serve until stdin ends; returns the exit status.

    Raises:
        CodiError: `E_USAGE`, wrong options; `E_UNAVAILABLE`, the extra `mcp` is not installed; whatever keeps the core
            from being put together.
    """
    if any(word in ("-h", "--help") for word in words):
        os.write(1, HELP.encode())
        return 0
    roots, offline = parse(words)
    try:
        import mcp.server.lowlevel  # noqa: F401 - to tell a missing extra from a fault of ours
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"codi mcp serve needs the package {str(error.name).partition('.')[0]}, which is not installed",
            hint="pip install 'codi-tui[mcp]'",
        ) from None
    from codi_tui.mcp.server import serve

    return serve(roots, offline=offline)


def parse(words: list[str]) -> tuple[list[str], bool]:
    """The folders, and whether no socket may be opened.

    Raises:
        UsageError: with every problem.
    """
    roots: list[str] = []
    offline = False
    problems: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "--root":
            folder = value if equals else next(rest, "")
            roots.append(folder)
            if not os.path.isdir(folder):
                problems.append(f"--root {folder[:200]!r} is no folder")
        elif word == "--offline":
            offline = True
        else:
            problems.append(f"{word!r} is not one of its options")
    if problems:
        raise UsageError(problems, usage=USAGE)
    return roots, offline
