"""DynamicLoader: resolve, fetch, verify, store (the record, section 3). The only orchestrator.

Everything it touches is a port, and it imports no I/O library: driven by one `send(None)` over ports that never suspend,
or awaited on an event loop, it is the same code.
"""

from __future__ import annotations

import time
from copy import copy

from codi_tui.admission import Admission
from codi_tui.cache.rows import new_row
from codi_tui.cache.zstd import decompress
from codi_tui.errors import (
    CacheError,
    CodiError,
    FetchError,
    GrantError,
    NotFoundError,
    RefusedError,
    StateError,
    TrustError,
)
from codi_tui.limits import DEPENDENCIES_MAX, DOCUMENT_MAX_BYTES
from codi_tui.model.manifest import SCHEMA_VERSION
from codi_tui.model.names import split_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from codi_tui.cache.sqlite import LibraryData, SqliteCache
    from codi_tui.library.source import Delivery, LibrarySource
    from codi_tui.lock import Release
    from codi_tui.model.manifest import SubcommandDefinition, WasmFormat
    from codi_tui.runs.log import Log
    from codi_tui.state.keeper import TrustKeeper
    from codi_tui.state.pins import Choices
    from codi_tui.trust import CommandLibrary, Record, SecurityValidator, VerifiedModule

_NOT_DAMAGE = frozenset(
    {"E_EXPIRED", "E_CLOCK", "E_NO_TRUST", "E_KEY_SCOPE", "E_TYPE"}
    | {"E_ROLLBACK", "E_THRESHOLD", "E_KEY_RETIRED", "E_KEY_REVOKED", "E_TRUST_EXPIRED", "E_NAME_RESERVED"}
    | {"E_PERMISSION"}
)
"""Refusals that time, the settings, a trust document or a server bring: the row is as it was signed, and stays."""


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
        check_module: Callable[[bytes, WasmFormat], None],
        offline: bool = False,
        notice: Callable[[str], None] = lambda _: None,
        stored: Callable[[SqliteCache], Awaitable[None]] | None = None,
        trust: TrustKeeper | None = None,
        choices: Choices | None = None,
        allow_expired: bool = False,
        log: Log | None = None,
    ) -> None:
        """
        Args:
            cache: None when there is none to be had; libraries are then fetched for each run.
            sources: the bundled libraries first: they keep their commands' short names.
            check_module: refuses bytes that are no module of a format (`codi_tui.execute.module.validate_wasm`).
            offline: never ask a source that is not local.
            notice: told, in a sentence, what the user should know although the run goes on.
            stored: called when the cache has taken a library.
            trust: remembers what was accepted from servers; without it nothing is remembered.
            choices: the releases that were chosen in the place of the newest; without it there are none.
            allow_expired: whether a cached library that was accepted before, and cannot be had anew, is loaded although
                it has expired. Only ever on a person's word, never from MCP.
            log: told of every load and of every refusal.
        """
        self._log = log
        self._cache = cache
        self._sources = sources
        self._validator = validator
        self._now = now
        self._admission = Admission(validator, check_module, trust)
        self._offline = offline
        self._notice = notice
        self._stored = stored
        self._trust = trust
        self._choices = choices
        self._allow_expired = allow_expired

    def with_sources(self, sources: Sequence[LibrarySource]) -> DynamicLoader:
        """The same loader over other sources; what they deliver is judged, remembered and stored just so."""
        other = copy(self)
        other._sources = sources
        return other

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

    async def load_library(
        self, source: LibrarySource, name: str, version: str | None = None, *, digest: str | None = None
    ) -> CommandLibrary:
        """A library of a source, from the cache when it is there and still verifies, else fetched.

        Args:
            version: the only version that will do.
            digest: the only message that will do. Pinning one is the choice of that release, so no mark stands against
                it and none is set; revocation and its publisher's floor count all the same.

        Without both, a release that was chosen before (`choices`) is what is loaded.

        Raises:
            RefusedError, FetchError, NotFoundError: as for `load_command`; also when the source has another version
                than the wanted one.
            StateError: what was accepted before cannot be read.
            InputError: `E_LOCK`, the working folder's lock cannot be used.
        """
        begun = time.perf_counter()
        try:
            choice = None if version or digest else await self._choice(source, name)
            if choice is not None:
                version, digest = choice.version, choice.digest
            library = await self._load(source, name, version, digest)
        except CodiError as error:
            if self._log is not None:
                level = self._log.warning if isinstance(error, RefusedError) else self._log.info
                level("library.not_loaded", library=name, origin=source.origin, code=error.code, message=error.message)
            raise
        if self._log is not None:
            self._log.info(
                "library.loaded",
                library=name,
                version=library.version,
                origin=source.origin,
                digest=library.digest,
                cached=library.cached,
                duration_ms=round(1000 * (time.perf_counter() - begun), 3),
                storage_type="sqlite"
                if library.cached
                else "http"
                if source.origin.startswith("http")
                else "directory",
            )
        return library

    async def _load(self, source: LibrarySource, name: str, version: str | None, digest: str | None) -> CommandLibrary:
        chosen = None if digest is None else (version, digest)
        record = await self._admission.record(source, name, pinned=digest is not None)
        wanted = digest or (record.mark.digest if record.mark and version is None else None)
        row = await self._row(source, name, version, digest=wanted)
        if row is None and wanted is not None and digest is None:
            row = await self._row(source, name, version)
        if row is not None and (version, digest) == (None, None) and _is_outdated(row, source, name):
            newer = await self._newer(source, name)
            if newer is not None:
                return newer
        if row is None:
            library = await self._fetch(source, name, chosen)
        else:
            try:
                library = await self._open(row, source, name, record)
                if digest is None:
                    await self._admission.accept(library, source, record, checked_at=row.loaded_at)
            except (RefusedError, CacheError) as refusal:
                library = await self._replace(row, source, name, refusal, chosen)
        if version is not None and library.version != version:
            raise NotFoundError(f"{source.origin} has {name} {library.version}, not {version}", library=name)
        return library

    async def load_release(self, source: LibrarySource, name: str, version: str) -> CommandLibrary:
        """A release that is to be chosen, from the cache when it is there, else fetched; no mark stands against it.

        Raises:
            RefusedError, FetchError, NotFoundError, StateError: as for `load_library`.
        """
        record = await self._admission.record(source, name, pinned=True)
        row = await self._row(source, name, version)
        if row is None:
            return await self._fetch(source, name, (version, None))
        try:
            return await self._open(row, source, name, record)
        except (RefusedError, CacheError) as refusal:
            return await self._replace(row, source, name, refusal, (version, None))

    async def fetch_library(self, source: LibrarySource, name: str) -> CommandLibrary:
        """A library as its source has it now, verified, remembered and stored; what is here already is not enough.

        Raises:
            RefusedError, FetchError, NotFoundError, StateError: as for `load_library`.
        """
        return await self._fetch(source, name)

    async def _choice(self, source: LibrarySource, name: str) -> Release | None:
        """The release that was chosen of a library. A local one is its folder's, and not chosen."""
        if source.local or self._choices is None:
            return None
        try:
            choice = await self._choices.of(source.origin, name)
        except StateError as error:
            if self._trust is not None:
                self._trust.refused(error, origin=source.origin, name=name)
            raise
        if choice is not None:
            record = await self._admission.record(source, name)
            await self._choices.used(choice, None if record.mark is None else record.mark.digest)
        return choice

    async def load_named(self, origin: str, name: str) -> CommandLibrary:
        """A library of the source with this origin, as `load_library` has it.

        Raises:
            RefusedError, FetchError, NotFoundError: as for `load_command`; also when there is no such source.
        """
        source = next((source for source in self._sources if source.origin == origin), None)
        if source is None:
            raise NotFoundError(f"{origin[:200]} is not in the settings")
        return await self.load_library(source, name)

    async def load_module(self, library: CommandLibrary) -> VerifiedModule:
        """The module of a library, verified.

        Raises:
            RefusedError, FetchError: it is nowhere to be had as it was signed.
            CacheError: the cached one is damaged, and its server cannot be asked.
        """
        if library.module is not None:
            return library.module
        refusal: CodiError | None = None
        source = self._source_of(library.origin)
        try:
            if (module := await self.held_module(library)) is not None:
                return module
        except (CacheError, TrustError) as error:
            if error.code == "E_CACHE_PERMS":
                raise
            refusal = error
            if self._trust is not None:
                self._trust.refused(error, origin=library.origin, name=library.name, digest=library.module_digest)
        try:
            choice = await self._choice(source, library.name)
            is_chosen = choice is not None and choice.digest == library.digest
            fetched = await self._fetch(source, library.name, (library.version, library.digest) if is_chosen else None)
        except FetchError as error:
            raise refusal or error from None
        if refusal is not None:
            self._notice(f"{library.name}: the cached module is damaged ({refusal.code}); it was fetched again")
        if fetched.digest != library.digest or fetched.module is None:
            raise TrustError(
                f"{library.name} {library.version} has changed at its source; run the command again",
                code="E_WASM_HASH",
                library=library.name,
            )
        return fetched.module

    async def held_module(self, library: CommandLibrary) -> VerifiedModule | None:
        """The module of a library, verified, when the cache has it.

        Raises:
            CacheError, TrustError: it is damaged.
        """
        data = None if self._cache is None else await self._cache.get_module(str(library.module_digest))
        return None if data is None else self._validator.verify_module(library, data)

    async def _sound_module(self, library: CommandLibrary) -> VerifiedModule | None:
        """The same, where a damaged one is as good as none."""
        try:
            return await self.held_module(library)
        except (CacheError, TrustError):
            return None

    async def verify_row(self, row: LibraryData, *, pinned: bool = False) -> CommandLibrary:
        """Verify a cached row as it is; nothing is fetched and nothing dropped.

        Args:
            pinned: as a release that was chosen, against which no mark stands.

        Raises:
            RefusedError: it would not be run: `E_NO_TRUST` when its server is no longer in the settings.
            CacheError: it is damaged.
        """
        origin, _, name = row.id.rpartition("/")
        source = next((source for source in self._sources if source.origin == origin), None)
        if source is None:
            raise TrustError(
                f"its server {origin[:200]} is not in the settings", code="E_NO_TRUST", library=name[:80] or None
            )
        return await self._open(row, source, name, await self._admission.record(source, name, pinned=pinned))

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
        reached = [source for source in remote if not (self._offline and source.networked)]
        silent: CodiError | None = None
        for source in reached:
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
        if len(reached) < len(remote):
            raise _offline(what)
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

    async def _row(
        self, source: LibrarySource, name: str, version: str | None, *, digest: str | None = None
    ) -> LibraryData | None:
        tag = source.current_tag(name)
        if source.local and tag is None:
            return None  # it is gone from its folder
        try:
            library_id = f"{source.origin}/{name}"
            row = None if self._cache is None else await self._cache.get_library(library_id, version, digest)
        except CacheError as error:
            self._give_up_cache(error)
            return None
        if row is None or (source.local and row.details().get("tag") != tag):
            return None
        return row

    async def _open(
        self, row: LibraryData, source: LibrarySource, name: str, record: Record, *, allow_expired: bool = False
    ) -> CommandLibrary:
        metadata = row.details()
        if metadata.get("denied"):
            raise GrantError(
                f"{source.origin} does not let you have {name} any more",
                hint="ask its operator for access",
                library=name,
            )
        message = decompress(row.json, DOCUMENT_MAX_BYTES)
        library = await self._validator.verify_stored(
            message,
            metadata.get("signature", ""),
            metadata.get("key_id"),
            origin=source.origin,
            name=name,
            record=record,
            allow_expired=allow_expired,
        )
        if library.digest != row.hash or library.version != row.version:
            raise TrustError("the cache holds another library than it says", code="E_DIGEST", library=name)
        if metadata.get("schema") != SCHEMA_VERSION:
            from codi_tui.model.schema import validate_manifest

            validate_manifest(library.manifest.document, library=name)
        return library

    async def _replace(
        self,
        row: LibraryData,
        source: LibrarySource,
        name: str,
        refusal: CodiError,
        chosen: tuple[str | None, str | None] | None,
    ) -> CommandLibrary:
        """The cached copy was refused: if it is damaged it is kept as evidence only; fetch it again if that can be."""
        if self._trust is not None:
            self._trust.refused(refusal, origin=source.origin, name=name, digest=str(row.hash))
        if refusal.code not in _NOT_DAMAGE and self._cache is not None:
            if self._trust is not None:
                await self._trust.quarantine(row, refusal.code)
            try:
                await self._cache.forget_library(row.id, row.version)
            except CacheError as error:
                self._give_up_cache(error)
        try:
            library = await self._fetch(source, name, chosen)
        except CodiError as error:
            if not isinstance(error, FetchError) and error.code != "E_EXPIRED":
                raise
            if refusal.code == "E_EXPIRED" and self._allow_expired:
                return await self._open_expired(row, source, name)
            if not isinstance(error, FetchError):
                raise
            raise refusal from None
        self._notice(f"{name}: the cached copy was refused ({refusal.code}); it was fetched again")
        return library

    async def _open_expired(self, row: LibraryData, source: LibrarySource, name: str) -> CommandLibrary:
        """A copy that has expired and was accepted, or pinned, before it did.

        Raises:
            RefusedError: it was not, or something else is wrong with it.
        """
        record = await self._admission.record(source, name)
        choice = await self._choice(source, name)
        accepted = [record.mark.digest] if record.mark else []
        is_pinned = choice is not None and choice.digest == row.hash
        if is_pinned:
            record.mark = None
        return await self._open(row, source, name, record, allow_expired=is_pinned or row.hash in accepted)

    # Fetch, verify, store.

    async def _newer(self, source: LibrarySource, name: str) -> CommandLibrary | None:
        """What a source has now instead of the cached copy; None when it is not accepted, and the copy goes on."""
        try:
            return await self._fetch(source, name)
        except (RefusedError, FetchError, NotFoundError) as error:
            self._notice(f"{name}: what {source.origin} has now is not taken ({error.code}): {error.message}")
            return None

    async def _fetch(
        self, source: LibrarySource, name: str, chosen: tuple[str | None, str | None] | None = None
    ) -> CommandLibrary:
        """Fetch a library and, as far as they are to be had, those that it names.

        Args:
            chosen: as for `Admission.fetch`.
        """
        library = await self._fetch_one(source, name, chosen)
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

    async def _fetch_one(
        self, source: LibrarySource, name: str, chosen: tuple[str | None, str | None] | None = None
    ) -> CommandLibrary:
        if self._offline and source.networked:
            raise _offline(f"the library {name}", library=name)
        if not source.local and self._trust is not None:
            await self._refresh_trust(source, self._trust)
        try:
            library, delivery = await self._admission.fetch(source, name, chosen, self._sound_module)
        except GrantError as refusal:
            if refusal.code == "E_PERMISSION":
                await self._deny(source, name, refusal)
            raise
        await self._store(library, delivery, sole_version=source.local)
        return library

    async def _deny(self, source: LibrarySource, name: str, refusal: GrantError) -> None:
        """A server has said that this user may not have a library: its cached copy is run no more, nor is it deleted."""
        if self._trust is not None:
            self._trust.refused(refusal, origin=source.origin, name=name)
        try:
            if self._cache is not None:
                await self._cache.deny_library(f"{source.origin}/{name}")
        except CacheError as error:
            self._give_up_cache(error)

    async def _refresh_trust(self, source: LibrarySource, trust: TrustKeeper) -> None:
        gone = await trust.refresh_if_due(source)
        if gone and self._cache is not None:
            from codi_tui.state.quarantine import quarantine_signed_by

            try:
                await quarantine_signed_by(self._cache, trust, source.origin, gone)
            except CacheError as error:
                self._give_up_cache(error)

    async def _store(self, library: CommandLibrary, delivery: Delivery, *, sole_version: bool) -> None:
        if self._cache is None:
            return
        module = library.module if "type" in library.manifest.document else None
        try:
            taken = await self._cache.store_library(
                new_row(library, delivery, self._now()),
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
            if self._trust is not None:
                self._trust.refused(error, origin="", name="")
            raise error
        if self._log is not None:
            self._log.warning("cache.given_up", code=error.code, message=error.message)
        self._notice(f"{error.message}; going on without it")
        self._cache = None


def _is_outdated(row: LibraryData, source: LibrarySource, name: str) -> bool:
    """Whether a source that can tell without a network has something else now than what the row is of."""
    tag = source.current_tag(name)
    return not source.local and tag is not None and row.details().get("tag") != tag


def _offline(what: str, library: str | None = None) -> FetchError:
    return FetchError(
        f"{what} is not here, and codi is offline",
        code="E_OFFLINE",
        hint="run it once without --offline while its library server can be reached",
        library=library,
    )
