"""`codi-registry serve`: this process becomes the library server, which is a door of its own and reads its own options."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def serve(words: list[str]) -> NoReturn:
    """Go on as the server."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", "codi_tui.server", *words])  # noqa: S606
