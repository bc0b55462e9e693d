"""A verified library, as a lock or a pin names it."""

from __future__ import annotations

from codi_tui.lock import Release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.trust import CommandLibrary


def release_of(library: CommandLibrary) -> Release:
    """The release that a verified library is."""
    signers = [key.key_id for key in library.keys]
    return Release(library.origin, library.name, library.version, library.digest, library.sequence, signers)
