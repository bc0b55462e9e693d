"""Built-ins whose names are kept but that this version does not have yet."""

from __future__ import annotations

from codi_tui.cli.narration import report
from codi_tui.errors import UnavailableError


def main(name: str) -> int:
    """Say so; returns the exit status."""
    return report(UnavailableError(f"codi {name} is not in this version", hint="codi help lists what is"))
