"""`codi-registry yank`: take a release out of what a library server resolves."""

from __future__ import annotations

from codi_tui.holdings import releases
from codi_tui.holdings.folder import used_folder
from codi_tui.registry.outcome import Outcome


def yank(data: str, name: str, version: str, *, undo: bool) -> Outcome:
    """Yank a release, or take that back.

    Raises:
        NotFoundError, StateError: there is no such folder or release; it cannot be written.
    """
    releases.yank(used_folder(data).database, name, version, undo=undo)
    facts = {"library": name, "version": version, "yanked": not undo}
    return Outcome(facts, [f"{name} {version} is {'offered again' if undo else 'yanked'}"])
