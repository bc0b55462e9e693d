"""The table of checks that remove_checks.py takes out, a file for each part of the house."""

from __future__ import annotations

from checks import cache, cli, execute, guests, library, loader, state, trust, ui, websocket

CHECKS = tuple(
    check
    for part in (cache, cli, execute, guests, library, loader, state, trust, ui, websocket)
    for check in part.CHECKS
)
