"""`codi-registry export`: a library server's read path as files."""

from __future__ import annotations

from codi_tui.holdings import export as files
from codi_tui.holdings.folder import used_folder
from codi_tui.registry.outcome import Outcome


def export(data: str, target: str) -> Outcome:
    """Write the files, or bring them up to date.

    Raises:
        NotFoundError, StateError: there is no such folder; it cannot be read.
        OSError: a file cannot be read or written.
    """
    count = files.export(used_folder(data), target)
    return Outcome({"libraries": count, "static": target}, [f"{count} libraries in {target}"])
