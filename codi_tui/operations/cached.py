"""The local copy, row by row: what is kept, from where, signed by whom, whether it would run now; and dropping it.

What must not be forgotten is not here: marks, pins, grants and trust outlive every row.
"""

from __future__ import annotations

import os
import re
import time

from codi_tui.errors import CodiError, TrustError
from codi_tui.execute.artefacts import ArtefactStore, artefact_paths, remove_artefacts
from codi_tui.execute.module import engine
from codi_tui.operations.core import render_listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.cache.sqlite import LibraryData
    from codi_tui.model.manifest import WasmFormat
    from codi_tui.operations.core import Core


class CachedLibrary:
    """One row of the cache, as an inspector shows it. Until `refusal` was asked for, nothing here is verified.

    Attributes:
        size_bytes, packed_bytes: the manifest as it was signed, and as it is stored.
        age_seconds: since it was stored.
        expires_seconds: until it expires; negative afterwards, None when it never does.
        module_digest: SHA-256 of its module, or None without one.
        verified: whether `verify` accepted it, or None while nobody has asked.
        older: whether it was accepted as a release before the newest: it runs when it is pinned.
        refusal: why `verify` refused it.
    """

    def __init__(self, row: LibraryData, now: float) -> None:
        self.row = row
        self.origin, _, self.name = row.id.rpartition("/")
        self.version = row.version
        details = row.details()
        key_id, module = details.get("key_id"), details.get("module")
        self.key_id = key_id if isinstance(key_id, str) else None
        self.module_digest = module if isinstance(module, str) and _DIGEST.fullmatch(module) else None
        self.digest = row.hash
        self.size_bytes = row.size_bytes
        self.packed_bytes = len(row.json)
        self.age_seconds = max(0.0, now - row.loaded_at)
        self.expires_seconds = None if row.expires_at is None else row.expires_at - now
        self.verified: bool | None = None
        self.older = False
        self.refusal: CodiError | None = None

    @property
    def ratio(self) -> float:
        """How many times smaller it is stored."""
        return self.size_bytes / self.packed_bytes if self.packed_bytes else 0.0


_DIGEST = re.compile("[0-9a-f]{64}", re.ASCII)


async def list_cached(core: Core) -> list[CachedLibrary]:
    """Every row of the cache, by origin and name.

    Raises:
        CacheError: the cache cannot be read.
    """
    now = time.time()
    return [] if core.cache is None else [CachedLibrary(row, now) for row in await core.cache.list_libraries()]


async def verify_cached(core: Core, entry: CachedLibrary) -> None:
    """Verify a row as a run would, with the module that is here, and note the outcome in the entry."""
    entry.older = False
    try:
        try:
            library = await core.loader.verify_row(entry.row)
        except TrustError as error:
            if error.code != "E_ROLLBACK" or "mark_digest" not in error.facts:
                raise
            library = await core.loader.verify_row(entry.row, pinned=True)
            entry.older = True
        if library.module_digest is not None and "type" in library.manifest.document:
            await core.loader.held_module(library)
    except CodiError as error:
        entry.verified, entry.refusal = False, error
    else:
        entry.verified, entry.refusal = True, None


async def evict(core: Core, entry: CachedLibrary) -> None:
    """Drop a row, its module and its compiled modules. It is fetched again when it is next wanted.

    Raises:
        CacheError: the cache cannot be written.
    """
    await evict_all(core, [entry])


async def evict_all(core: Core, entries: Sequence[CachedLibrary]) -> None:
    """Drop rows, with what belongs to them alone.

    Raises:
        CacheError: the cache cannot be written.
    """
    if core.cache is None or not entries:
        return
    for entry in entries:
        await core.cache.forget_library(entry.row.id, entry.row.version)
        digest = entry.module_digest
        if digest is not None and await core.cache.get_module(digest) is None:
            remove_artefacts(core.modules_folder, digest)
    await render_listing(core.bundled, core.cache, core.data_folder)


def damaged_artefacts(core: Core) -> list[str]:
    """Compiled modules of this codi that are not as they were kept. None of them is run: it is compiled again."""
    formats: tuple[WasmFormat, ...] = ("wasi-command", "component")
    stores = [ArtefactStore(core.modules_folder, engine(wasm_format).identity) for wasm_format in formats]
    return [path for store in stores for digest, path in store.kept() if store.load(digest) is None]


def compiled_bytes(core: Core, entry: CachedLibrary) -> int:
    """What the compiled modules of a row take on disk."""
    if entry.module_digest is None:
        return 0
    try:
        return sum(os.stat(path).st_size for path in artefact_paths(core.modules_folder, entry.module_digest))
    except OSError:
        return 0
