"""`codi sync pin`, `unpin`, `evict`, `prune` and `clear`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codi_tui.cli.exits import OK
from codi_tui.cli.narration import say
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.question import confirm
from codi_tui.cli.sync_core import Progress, with_core
from codi_tui.errors import TrustError
from codi_tui.lock import working_folder
from codi_tui.operations import pins, tidying
from codi_tui.operations.cached import evict_all, list_cached
from codi_tui.operations.measures import size
from codi_tui.operations.releases import release_of

if TYPE_CHECKING:
    from codi_tui.operations.core import Core

_SCRIPT = "in a script: --yes"


def pin(text: str, *, locks: bool, asks: bool, offline: bool) -> int:
    """Choose a release; returns the exit status.

    Raises:
        CodiError: it is not to be had or refused, it was not confirmed (`E_DECLINED`), there is nobody to ask
            (`E_TERMINAL`), or it cannot be written.
    """
    folder = working_folder()

    async def work(core: Core, progress: Progress) -> str:
        progress.message = text
        library = await pins.candidate(core, text)
        what = f"{library.name} {library.version}"
        if asks:
            progress.erase()
            say(f"codi: {what} from {library.origin}, sequence {library.sequence}, digest {library.digest}")
            where = "in this folder, by codi.lock" if locks else "from now on"
            if not confirm(f"Run {what}, not the newest, {where}?", otherwise=_SCRIPT):
                raise TrustError("nothing is changed", code="E_DECLINED")
        if not locks:
            await pins.pin(core, library)
            return f"{what} ({library.origin}) is what runs; codi sync unpin {library.name} gives that up"
        return f"{pins.lock_releases(core, [release_of(library)], folder)} names {what} ({library.origin})"

    show_lines([with_core(work, offline=offline, folder=folder, asks=asks)])
    return OK


def unpin(text: str) -> int:
    """Give a choice up; returns the exit status.

    Raises:
        CodiError: there is none, or it cannot be written.
    """

    async def work(core: Core, _: Progress) -> list[str]:
        return await pins.unpin(core, text)

    show_lines(f"{text}: the newest release runs again ({origin})" for origin in with_core(work, offline=True))
    return OK


def evict(text: str) -> int:
    """Drop a library; returns the exit status.

    Raises:
        CodiError: it is not here, or the cache cannot be written.
    """

    async def work(core: Core, _: Progress) -> list[str]:
        found = await tidying.find(core, text)
        await evict_all(core, found)
        return [f"evicted {entry.name} {entry.version} ({entry.origin})" for entry in found]

    show_lines(with_core(work, offline=True))
    return OK


def prune(age_seconds: int | None, size_bytes: int | None, *, tries: bool, as_json: bool) -> int:
    """Drop what is old or large; returns the exit status.

    Args:
        tries: only say what would be dropped.

    Raises:
        CodiError: the cache cannot be used.
    """

    async def work(core: Core, _: Progress) -> list[tuple[str, str, str, int]]:
        found = await tidying.prunable(core, older_than_seconds=age_seconds, larger_than_bytes=size_bytes)
        told = [(entry.origin, entry.name, entry.version, await tidying.taken(core, entry)) for entry in found]
        if not tries:
            await evict_all(core, found)
        return told

    told = with_core(work, offline=True, folder=working_folder())
    if as_json:
        names = ("origin", "library", "version", "bytes")
        show_json([dict(zip(names, one, strict=True)) for one in told])
        return OK
    word = "would go" if tries else "dropped"
    show_lines(f"{word}  {name} {version} ({origin}), {size(taken)}" for origin, name, version, taken in told)
    show_lines([f"{len(told)} of the cache's libraries, {size(sum(one[3] for one in told))}"])
    return OK


def clear(*, asks: bool) -> int:
    """Drop everything; returns the exit status.

    Raises:
        CodiError: it was not confirmed (`E_DECLINED`), there is nobody to ask (`E_TERMINAL`), or the cache cannot be
            written.
    """

    async def work(core: Core, _: Progress) -> int:
        if asks:
            count = len(await list_cached(core))
            if not confirm(f"Drop all {count} libraries from the cache?", otherwise=_SCRIPT):
                raise TrustError("nothing is changed", code="E_DECLINED")
        return await tidying.clear(core)

    show_lines([f"{with_core(work, offline=True, asks=asks)} libraries were dropped; grants, pins and trust are kept"])
    return OK
