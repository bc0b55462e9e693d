"""Pulling: libraries fetched side by side, each stored as soon as it is verified, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from codi_tui.errors import CacheError, CodiError, InputError, NotFoundError
from codi_tui.execute.artefacts import ArtefactStore
from codi_tui.execute.compile import Compilation
from codi_tui.execute.module import engine
from codi_tui.limits import PULL_AT_ONCE
from codi_tui.operations import targets
from codi_tui.operations.releases import release_of
from codi_tui.operations.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.library.source import LibrarySource
    from codi_tui.loader import DynamicLoader
    from codi_tui.lock import Release
    from codi_tui.operations.core import Core
    from codi_tui.trust import CommandLibrary

_POLL_SECONDS = 0.02
_LOOK_SECONDS = 0.005
"""How long a look at a compiler may keep the other libraries waiting; in none at all it would take no input."""


class Pulled:
    """What became of one library.

    Attributes:
        origin: its server; empty when no server was found to have it.
        name: empty when it is about the server as a whole.
        state: `new`, `updated`, `unchanged`, `pinned`, `locked`, or `failed`.
        before: the version that was here.
        not_compiled: why its module could not be compiled ahead, which its first run will meet as well.
    """

    def __init__(self, origin: str, name: str, state: str = "failed", error: CodiError | None = None) -> None:
        self.origin = origin
        self.name = name
        self.state = state
        self.error = error
        self.before: str | None = None
        self.library: CommandLibrary | None = None
        self.not_compiled: CodiError | None = None

    @property
    def release(self) -> Release | None:
        """The release that is here now, as a lock names it."""
        return None if self.library is None else release_of(self.library)


async def wanted(core: Core, names: Sequence[str], *, frozen: bool) -> tuple[list[Target], list[Pulled]]:
    """What a pull is to fetch: what is named, else what the folder's lock names, else all that the servers offer.

    Args:
        frozen: only what the lock names will do.

    Returns:
        The libraries, and the servers that could not say what they offer.

    Raises:
        InputError: `E_LOCK`, the lock cannot be used; or there is none, or it does not name a library, with `frozen`.
        NotFoundError: a name is none.
    """
    lock = core.choices.lock
    if frozen and lock is None:
        raise InputError(
            "there is no codi.lock here, nor above", code="E_LOCK", hint="codi sync pull --lock writes one"
        )
    if names:
        found = [await targets.named(core, name) for name in names]
        for target in found if frozen and lock is not None else ():
            target.sources = [
                source for source in target.sources if lock is not None and lock.get(source.origin, target.name)
            ]
            if not target.sources:
                raise InputError(f"codi.lock does not name {target.name}", code="E_LOCK", hint="codi sync pull --lock")
        return found, []
    found, failed = [], []
    if lock is not None:
        for release in lock:
            try:
                found.append(Target(release.name, [targets.server_of(core, release.origin)]))
            except NotFoundError as error:
                failed.append(Pulled(release.origin, release.name, error=error))
        return found, failed
    if not core.servers:
        raise NotFoundError("no library server is in the settings", hint="docs/settings.md says how to name one")
    for source in core.servers:
        try:
            found += await targets.offered(core, source)
        except CodiError as error:
            failed.append(Pulled(source.origin, "", error=error))
    return found, failed


async def pull(
    core: Core,
    wanted: Sequence[Target],
    *,
    compiles: bool,
    done: Callable[[Pulled], None] = lambda _: None,
    loader: DynamicLoader | None = None,
) -> list[Pulled]:
    """Fetch libraries, `PULL_AT_ONCE` at a time. One that fails keeps no other from being fetched.

    Args:
        compiles: whether modules are compiled now, so that their first run is fast.
        done: told of each library that is over with.
        loader: fetches from other sources than the settings' servers.
    """
    turns = asyncio.Semaphore(PULL_AT_ONCE)

    async def one(target: Target) -> Pulled:
        async with turns:
            pulled = await _pull_one(core, loader or core.loader, target, compiles=compiles)
        done(pulled)
        return pulled

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(target)) for target in wanted]
    return [task.result() for task in tasks]


async def _pull_one(core: Core, loader: DynamicLoader, target: Target, *, compiles: bool) -> Pulled:
    absent: CodiError = NotFoundError(f"no library server has {target.name}", library=target.name)
    for source in target.sources:
        pulled = Pulled(source.origin, target.name)
        try:
            await _fetch(core, loader, source, pulled)
            if compiles and pulled.library is not None:
                await _compile(core, loader, pulled)
        except NotFoundError as error:
            absent = error
            continue
        except CodiError as error:
            pulled.state, pulled.error = "failed", error
        return pulled
    return Pulled(target.sources[0].origin if len(target.sources) == 1 else "", target.name, error=absent)


async def _fetch(core: Core, loader: DynamicLoader, source: LibrarySource, pulled: Pulled) -> None:
    mark = (await core.trust.record(source.origin, pulled.name)).mark
    held = None if core.cache is None else await core.cache.get_library(f"{source.origin}/{pulled.name}")
    pulled.before = None if held is None else mark.version if mark else held.version
    choice = await core.choices.of(source.origin, pulled.name)
    if choice is not None:
        pulled.library = await loader.load_library(source, pulled.name)
        locked = core.choices.lock and core.choices.lock.get(source.origin, pulled.name) is choice
        pulled.state = "locked" if locked else "pinned"
        return
    library = await loader.fetch_library(source, pulled.name)
    pulled.library = library
    same = mark is not None and mark.digest == library.digest
    pulled.state = "new" if held is None else "unchanged" if same else "updated"


async def _compile(core: Core, loader: DynamicLoader, pulled: Pulled) -> None:
    """Compile a library's module in a child that can be killed, while other libraries are fetched."""
    library = pulled.library
    assert library is not None
    described = library.manifest.wasm_module
    if library.module_digest is None or described is None:
        return
    try:
        artefacts = ArtefactStore(core.modules_folder, engine(described.format).identity)
        if artefacts.load(library.module_digest) is not None:
            return
        with Compilation(await loader.load_module(library), described.format) as compilation:
            while not compilation.is_done_within(_LOOK_SECONDS):  # noqa: ASYNC110 - a process's end is no event here
                await asyncio.sleep(_POLL_SECONDS)
            artefacts.save(library.module_digest, compilation.artefact())
    except CacheError as error:
        if error.code == "E_CACHE_PERMS":
            raise
        pulled.not_compiled = error
    except CodiError as error:
        pulled.not_compiled = error
