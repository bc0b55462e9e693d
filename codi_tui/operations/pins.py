"""Choosing another release than the newest: only ever on a person's word, in the audit trail, never for an agent."""

from __future__ import annotations

import os

from codi_tui.errors import NotFoundError
from codi_tui.lock import LOCK_FILE, Lock, write_lock
from codi_tui.operations import targets
from codi_tui.operations.releases import release_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from codi_tui.lock import Release
    from codi_tui.operations.core import Core
    from codi_tui.trust import CommandLibrary


async def candidate(core: Core, text: str) -> CommandLibrary:
    """The release that is to be chosen, `LIBRARY[@VERSION]`, verified as a pinned one; fetched when it is not here.

    Without a version it is the one that would run now.

    Raises:
        CodiError: it is not to be had, or is refused.
    """
    name, version = targets.split_version(text)
    target = await targets.named(core, name)
    absent: NotFoundError | None = None
    for source in target.sources:
        try:
            if version is None:
                return await core.loader.load_library(source, target.name)
            return await core.loader.load_release(source, target.name, version)
        except NotFoundError as error:
            absent = error
    raise absent or NotFoundError(f"no library server has {name}")


async def pin(core: Core, library: CommandLibrary) -> None:
    """Let a release be the one that runs, here and everywhere but where a lock says otherwise.

    Raises:
        StateError: it cannot be remembered.
    """
    await core.choices.pins.put(release_of(library))


async def unpin(core: Core, text: str) -> list[str]:
    """Let the newest release run again; returns whose pins were given up, by origin.

    Raises:
        NotFoundError: none is pinned.
        StateError: it cannot be written.
    """
    target = await targets.named(core, text)
    removed = [source.origin for source in target.sources if await core.choices.pins.remove(source.origin, target.name)]
    if not removed:
        raise NotFoundError(f"{target.name} is not pinned", hint="codi sync status shows what is")
    return removed


def lock_releases(core: Core, releases: Iterable[Release], folder: str | None) -> str:
    """Write releases into the folder's lock, beside what it names already; returns where it stands.

    Raises:
        CodiError: it cannot be read or written.
    """
    lock = core.choices.lock or Lock(os.path.join(folder or ".", LOCK_FILE))
    for release in releases:
        lock.put(release)
    write_lock(lock)
    return lock.path
