"""The table of checks that remove_checks.py takes out, a file for each part of the house."""

from __future__ import annotations

from checks import cache, cli, component, execute, library, loader, state, trust, ui, wall, websocket

CHECKS = tuple(
    check
    for part in (cache, cli, component, execute, library, loader, state, trust, ui, wall, websocket)
    for check in part.CHECKS
)
