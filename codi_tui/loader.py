"""DynamicLoader: resolve, fetch, verify, store (the record, section 3). The only orchestrator.

Everything it touches is a port, and it imports no I/O library: driven by one `send(None)` over ports that never suspend,
or awaited on an event loop, it is the same code.
"""

from __future__ import annotations

from codi_tui.cache.sqlite import LibraryData
from codi_tui.cache.zstd import compress, decompress
from codi_tui.errors import CacheError, CodiError, FetchError, NotFoundError, RefusedError, TrustError
from codi_tui.limits import DEPENDENCIES_MAX, DOCUMENT_MAX_BYTES
from codi_tui.model.manifest import SCHEMA_VERSION
from codi_tui.model.names import split_command
from codi_tui.model.times import unix_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from codi_tui.cache.sqlite import SqliteCache
    from codi_tui.library.source import Delivery, LibrarySource
    from codi_tui.model.manifest import SubcommandDefinition
    from codi_tui.trust import CommandLibrary, SecurityValidator, VerifiedModule

_NOT_DAMAGE = frozenset({"E_EXPIRED", "E_CLOCK", "E_NO_TRUST", "E_KEY_SCOPE", "E_TYPE"})
"""Refusals that time or the settings bring: the row is as it was signed, and stays."""


class ResolvedCommand:
    """A command and the library that has it, verified just now."""

    __slots__ = ("definition", "library")

    def __init__(self, library: CommandLibrary, definition: SubcommandDefinition) -> None:
        self.library = library
        self.definition = definition


class DynamicLoader:
    """Loads commands: from the cache, else from the sources in their order; verified in either case."""

    def __init__(
        self,
        cache: SqliteCache | None,
        sources: Sequence[LibrarySource],
        validator: SecurityValidator,
        *,
        now: Callable[[], float],
        check_module: Callable[[bytes], None],
        offline: bool = False,
        notice: Callable[[str], None] = lambda _: None,
        stored: Callable[[SqliteCache], Awaitable[None]] | None = None,
    ) -> None:
        """
        Args:
            cache: None when there is none to be had; libraries are then fetched for each run.
            sources: the bundled libraries first: they keep their commands' short names.
            check_module: refuses bytes that are no module (`codi_tui.execute.validate_module`).
            offline: never ask a source that is not local.
            notice: told, in a sentence, what the user should know although the run goes on.
            stored: called when the cache has taken a library.
        """
        self._cache = cache
        self._sources = sources
        self._validator = validator
        self._now = now
        self._check_module = check_module
        self._offline = offline
        self._notice = notice
        self._stored = stored

    async def load_command(self, command: str) -> ResolvedCommand:
        """Find a command, written `group.name` or `library:group.name`, and load its library.

        Raises:
            NotFoundError: nobody has it.
            RefusedError: its library is not to be trusted.
            FetchError: its library is not here, and its server cannot be asked.
        """
        parts = split_command(command)
        if parts is None:
            raise NotFoundError(f"there is no command {command[:80]!r}")
        library_name, path = parts
        library = await (self._load_named(library_name) if library_name else self._load_owner(path))
        definition = None if library is None else library.manifest.find(path)
        if library is None or definition is None:
            raise NotFoundError(f"there is no command {command[:80]!r}")
        return ResolvedCommand(library, definition)

    async def load_library(self, source: LibrarySource, name: str, version: str | None = None) -> CommandLibrary:
        """A library of a source, from the cache when it is there and still verifies, else fetched.

        Raises:
            RefusedError, FetchError, NotFoundError: as for `load_command`; also when the source has another version
                than the wanted one.
        """
        row = await self._row(source, name, version)
        if row is None:
            library = await self._fetch(source, name)
        else:
            try:
                library = await self._open(row, source, name)
            except (RefusedError, CacheError) as refusal:
                library = await self._replace(row, source, name, refusal)
        if version is not None and library.version != version:
            raise NotFoundError(f"{source.origin} has {name} {library.version}, not {version}", library=name)
        return library

    async def load_module(self, library: CommandLibrary) -> VerifiedModule:
        """The module of a library, verified.

        Raises:
            RefusedError, FetchError: it is nowhere to be had as it was signed.
        """
        if library.module is not None:
            return library.module
        try:
            data = None if self._cache is None else await self._cache.get_module(str(library.module_digest))
            if data is not None:
                return self._validator.verify_module(library, data)
        except (CacheError, TrustError) as error:
            if error.code == "E_CACHE_PERMS":
                raise
            self._notice(f"{library.name}: the cached module is damaged ({error.code}); it is fetched again")
        fetched = await self._fetch(self._source_of(library.origin), library.name)
        if fetched.digest != library.digest or fetched.module is None:
            raise TrustError(
                f"{library.name} {library.version} has changed at its source; run the command again",
                code="E_WASM_HASH",
                library=library.name,
            )
        return fetched.module

    # Resolve: which source has it, asked in the order that needs no network first.

    async def _load_owner(self, path: str) -> CommandLibrary | None:
        for source in self._sources:
            if source.local and (name := await source.find_command(path)):
                return await self.load_library(source, name)
        if owner := await self._cached_owner(path):
            origin, _, name = owner.rpartition("/")
            library = await self.load_library(self._source_of(origin), name)
            if library.manifest.find(path) is not None:
                return library

        async def ask(source: LibrarySource) -> str | None:
            return await source.find_command(path)

        found = await self._ask_servers(ask, path)
        if found is not None:
            await self._claim(found, path)
        return found

    async def _load_named(self, name: str) -> CommandLibrary | None:
        for source in self._sources:
            if source.local or await self._row(source, name, None) is not None:
                try:
                    return await self.load_library(source, name)
                except NotFoundError:
                    continue

        async def ask(_: LibrarySource) -> str | None:
            return name

        return await self._ask_servers(ask, f"the library {name}")

    async def _ask_servers(
        self, ask: Callable[[LibrarySource], Awaitable[str | None]], what: str
    ) -> CommandLibrary | None:
        """The first server that has it decides: a library that is refused is not looked for elsewhere.

        Raises:
            CodiError: nobody has it, and this server could not be asked.
        """
        remote = [source for source in self._sources if not source.local]
        if remote and self._offline:
            raise _offline(what)
        silent: CodiError | None = None
        for source in remote:
            try:
                name = await ask(source)
            except CodiError as error:
                silent = silent or error
                continue
            try:
                if name is not None:
                    return await self.load_library(source, name)
            except FetchError as error:
                silent = silent or error
            except NotFoundError:
                continue
        if silent is not None:
            raise silent
        return None

    async def _cached_owner(self, path: str) -> str | None:
        try:
            owner = None if self._cache is None else await self._cache.find_command(path)
        except CacheError as error:
            self._give_up_cache(error)
            return None
        known = {source.origin for source in self._sources}
        return owner if owner and owner.rpartition("/")[0] in known else None

    async def _claim(self, library: CommandLibrary, path: str) -> None:
        """Remember who has a command when the index did not say so, or named a library without it."""
        definition = library.manifest.find(path)
        if definition is None or self._cache is None or await self._cached_owner(path) == library.id:
            return
        try:
            await self._cache.claim_command(path, library.id, definition.description)
        except CacheError as error:
            self._give_up_cache(error)

    def _source_of(self, origin: str) -> LibrarySource:
        return next(source for source in self._sources if source.origin == origin)

    # Load: the cached row, verified as if it came from a stranger.

    async def _row(self, source: LibrarySource, name: str, version: str | None) -> LibraryData | None:
        tag = source.current_tag(name)
        if source.local and tag is None:
            return None  # it is gone from its folder
        try:
            row = None if self._cache is None else await self._cache.get_library(f"{source.origin}/{name}", version)
        except CacheError as error:
            self._give_up_cache(error)
            return None
        if row is None or (tag is not None and _metadata(row).get("tag") != tag):
            return None
        return row

    async def _open(self, row: LibraryData, source: LibrarySource, name: str) -> CommandLibrary:
        metadata = _metadata(row)
        message = decompress(row.json, DOCUMENT_MAX_BYTES)
        library = await self._validator.verify_stored(
            message, metadata.get("signature", ""), metadata.get("key_id"), origin=source.origin, name=name
        )
        if library.digest != row.hash or library.version != row.version:
            raise TrustError("the cache holds another library than it says", code="E_DIGEST", library=name)
        if metadata.get("schema") != SCHEMA_VERSION:
            from codi_tui.model.schema import validate_manifest

            validate_manifest(library.manifest.document, library=name)
        return library

    async def _replace(self, row: LibraryData, source: LibrarySource, name: str, refusal: CodiError) -> CommandLibrary:
        """The cached copy was refused: drop it if it is damaged, and fetch it again if that can be done."""
        if refusal.code not in _NOT_DAMAGE and self._cache is not None:
            try:
                await self._cache.forget_library(row.id, row.version)
            except CacheError as error:
                self._give_up_cache(error)
        try:
            library = await self._fetch(source, name)
        except FetchError:
            raise refusal from None
        self._notice(f"{name}: the cached copy was refused ({refusal.code}); it was fetched again")
        return library

    # Fetch, verify, store.

    async def _fetch(self, source: LibrarySource, name: str) -> CommandLibrary:
        """Fetch a library and, as far as they are to be had, those that it names."""
        library = await self._fetch_one(source, name)
        wanted = list(library.manifest.library.dependencies)
        for dependency in wanted:
            if self._cache is None:
                break
            if len(wanted) > DEPENDENCIES_MAX:
                self._notice(f"{name} brings more than {DEPENDENCIES_MAX} libraries along; not all are fetched")
                break
            wanted += await self._fetch_dependency(source, library.name, dependency)
        return library

    async def _fetch_dependency(self, source: LibrarySource, dependent: str, dependency: str) -> list[str]:
        """Bring along what a library names, so that it is here offline; it confers nothing. Returns what it names."""
        name = dependency.partition("@")[0]
        try:
            if await self._row(source, name, None) is None:
                return (await self._fetch_one(source, name)).manifest.library.dependencies
        except CodiError as error:
            self._notice(f"{dependent} names {dependency}, which could not be fetched: {error.message}")
        return []

    async def _fetch_one(self, source: LibrarySource, name: str) -> CommandLibrary:
        if self._offline and not source.local:
            raise _offline(f"the library {name}", library=name)
        delivery = await source.fetch_library(name)
        library = await self._validator.admit(
            delivery.document, origin=source.origin, name=name, header=delivery.signature_header
        )
        if library.module is None and library.module_digest is not None:
            data = await source.fetch_module(library.module_digest, library.module_bytes)
            library.module = self._validator.verify_module(library, data)
        if library.module is not None:
            self._check_module(library.module.data)
        await self._store(library, delivery, sole_version=source.local)
        return library

    async def _store(self, library: CommandLibrary, delivery: Delivery, *, sole_version: bool) -> None:
        if self._cache is None:
            return
        module = library.module if "type" in library.manifest.document else None
        try:
            taken = await self._cache.store_library(
                _new_row(library, delivery, self._now()),
                {command.path: command.description for command in library.manifest.walk()},
                None if module is None else (module.digest, module.data),
                sole_version=sole_version,
            )
            if self._stored is not None:
                await self._stored(self._cache)
        except CacheError as error:
            self._give_up_cache(error)
            return
        if taken:
            names = ", ".join(taken)
            self._notice(f"{library.name}: {names} belong to another library; write {library.name}:{taken[0]}")

    def _give_up_cache(self, error: CacheError) -> None:
        """Go on without a cache; one that is not safely ours is refused instead.

        Raises:
            CacheError: `E_CACHE_PERMS`.
        """
        if error.code == "E_CACHE_PERMS":
            raise error
        self._notice(f"{error.message}; going on without it")
        self._cache = None


def _offline(what: str, library: str | None = None) -> FetchError:
    return FetchError(
        f"{what} is not here, and codi is offline",
        code="E_OFFLINE",
        hint="run it once without --offline while its library server can be reached",
        library=library,
    )


def _new_row(library: CommandLibrary, delivery: Delivery, now: float) -> LibraryData:
    import json

    expires_at = library.manifest.library.expires_at
    metadata = {
        "signature": library.signature,
        "key_id": library.key_id if "type" in library.manifest.document else None,
        "tag": delivery.tag,
        "schema": SCHEMA_VERSION,
    }
    return LibraryData(
        id=library.id,
        version=library.version,
        json=compress(library.message),
        metadata=json.dumps(metadata),
        loaded_at=int(now),
        expires_at=None if expires_at is None else unix_seconds(expires_at),
        size_bytes=len(library.message),
        hash=library.digest,
    )


def _metadata(row: LibraryData) -> dict[str, Any]:
    """What is kept beside the message; nothing of it is believed."""
    import json

    try:
        metadata = json.loads(row.metadata)
    except (ValueError, TypeError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
