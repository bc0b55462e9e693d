"""The audit trail for whoever looks it over."""

from __future__ import annotations

import time

from codi_tui.state.audit import AuditLog
from codi_tui.state.audit_check import Verdict, has_trail, renew_trail, verify_trail
from codi_tui.state.chain import older_file


def verify(path: str) -> Verdict:
    """What there is to find in a trail; one that was never begun is whole, and stays unbegun.

    Raises:
        StateError: it cannot be read.
    """
    return verify_trail(path) if has_trail(path) else Verdict()


def renew(path: str) -> list[str]:
    """Keep a trail beside a new one, whose first entry names it; returns where its files are.

    Raises:
        StateError: it cannot be moved, or the new one not be begun.
    """
    found = _findings(path)
    moved = renew_trail(path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    AuditLog(path, time.time).append("begun", kept=moved or None, found=found or None)
    return moved


def _findings(path: str) -> list[str]:
    """The findings, or why there can be none."""
    from codi_tui.errors import StateError

    try:
        return verify(path).findings
    except StateError as error:
        return [error.message]


def trail_files(path: str) -> list[str]:
    """Where the trail may be, the oldest first."""
    return [older_file(path), path]
