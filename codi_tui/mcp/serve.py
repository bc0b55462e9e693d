"""`codi mcp serve`: its options, and the server on this process's stdin and stdout."""

from __future__ import annotations

import os

from codi_tui.errors import UnavailableError
from codi_tui.manual.mcp import MCP
from codi_tui.manual.words import read_words


def main(words: list[str]) -> int:
    """Serve until stdin ends; returns the exit status.

    Args:
        words: those behind `codi mcp`.

    Raises:
        CodiError: `E_USAGE`, wrong options; `E_UNAVAILABLE`, the extra `mcp` is not installed; whatever keeps the core
            from being put together.
    """
    parsed = read_words(MCP, words)
    roots = parsed.lists.get("--root", [])
    parsed.problems += [f"--root {folder[:200]!r} is no folder" for folder in roots if not os.path.isdir(folder)]
    parsed.check()
    try:
        import mcp.server.lowlevel  # noqa: F401 - to tell a missing extra from a fault of ours
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"codi mcp serve needs the package {str(error.name).partition('.')[0]}, which is not installed",
            hint="pip install 'codi-tui[mcp]'",
        ) from None
    from codi_tui.mcp.server import serve

    return serve(roots, offline="--offline" in parsed.options)
