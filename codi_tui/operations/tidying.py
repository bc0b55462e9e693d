"""Making room in the local copy. What is pinned stays, and so does all that must not be forgotten."""

from __future__ import annotations

import os

from codi_tui.operations.cached import evict_all, list_cached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.cached import CachedLibrary
    from codi_tui.operations.core import Core


async def find(core: Core, text: str) -> list[CachedLibrary]:
    """The cached releases that `LIBRARY`, `LIBRARY@VERSION` or either behind `ORIGIN/` means.

    Raises:
        NotFoundError: there is none.
        CacheError: the cache cannot be read.
    """
    from codi_tui.errors import NotFoundError
    from codi_tui.operations.targets import split_version

    name, version = split_version(text)
    origin, slash, name = name.rpartition("/")
    found = [
        entry
        for entry in await list_cached(core)
        if entry.name == name and (not slash or entry.origin == origin) and version in (None, entry.version)
    ]
    if not found:
        raise NotFoundError(f"{text[:200]} is not here", hint="codi sync status lists what is")
    return found


async def prunable(core: Core, *, older_than_seconds: int | None, larger_than_bytes: int | None) -> list[CachedLibrary]:
    """The cached releases that were stored longer ago and are larger, where that is asked for; never a pinned one.

    Raises:
        CacheError, StateError, InputError: cache, pins or lock cannot be read.
    """
    found = []
    for entry in await list_cached(core):
        choice = await core.choices.of(entry.origin, entry.name)
        if choice is not None and choice.digest == entry.digest:
            continue
        old = older_than_seconds is None or entry.age_seconds > older_than_seconds
        if old and (larger_than_bytes is None or await taken(core, entry) > larger_than_bytes):
            found.append(entry)
    return found


async def taken(core: Core, entry: CachedLibrary) -> int:
    """The bytes that a cached release takes: manifest, module and compiled module."""
    from codi_tui.operations.cached import compiled_bytes

    digest = entry.module_digest
    module = 0 if digest is None or core.cache is None else await core.cache.module_bytes(digest)
    return entry.packed_bytes + module + compiled_bytes(core, entry)


async def clear(core: Core) -> int:
    """Drop every cached library and every compiled module; returns how many libraries that were.

    Raises:
        CacheError: the cache cannot be written.
    """
    entries = await list_cached(core)
    await evict_all(core, entries)
    try:
        names = os.listdir(core.modules_folder)
    except OSError:
        return len(entries)
    for name in names:
        if name.endswith(".bin"):
            try:
                os.unlink(os.path.join(core.modules_folder, name))
            except OSError:
                pass  # a copy of something that can be made again
    return len(entries)
