"""Asking each server of the settings whether it is there. Opens sockets: only on the user's word."""

from __future__ import annotations

import asyncio
import os

from codi_tui.config import FOLDER_SCHEME
from codi_tui.errors import CodiError
from codi_tui.limits import REACH_MAX_BYTES, REACH_SECONDS
from codi_tui.operations.doctor import FAIL, OK, WARN, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_BROKEN = 500
"""HTTP statuses from here on are the server's own trouble."""


def look_at_servers(origins: Sequence[str]) -> list[Finding]:
    """Each server, all asked at once. Whatever it answers it is there; nothing of the answer is believed."""

    async def ask_all() -> list[Finding]:
        return list(await asyncio.gather(*map(_ask, origins)))

    return asyncio.run(ask_all())


def _look_at_folder(folder: str) -> Finding:
    there = os.path.isdir(folder)
    return Finding("network", OK if there else FAIL, f"{folder} is {'' if there else 'not '}there")


async def _ask(origin: str) -> Finding:
    if origin.startswith(FOLDER_SCHEME):
        return _look_at_folder(origin.removeprefix(FOLDER_SCHEME))
    from codi_tui.library.http import HttpTransport

    try:
        answer = await HttpTransport(deadline_seconds=REACH_SECONDS).get(
            f"{origin}/healthz", limit_bytes=REACH_MAX_BYTES
        )
    except CodiError as error:
        return Finding("network", FAIL, error.message, error.hint or "")
    if answer.status >= _BROKEN:
        return Finding("network", WARN, f"{origin} is there, and in trouble (HTTP {answer.status})", "try again later")
    return Finding("network", OK, f"{origin} is there")
