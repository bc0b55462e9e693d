"""A library server in memory: it is a source, it counts what it was asked, and it can be down or change its mind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from codi_tui.cache.sqlite import SqliteCache
from codi_tui.cache.storage import BlockingStorage
from codi_tui.errors import CodiError, FetchError, NotFoundError
from codi_tui.execute.module import validate_wasm
from codi_tui.library.directory import DirectoryClient
from codi_tui.library.source import Delivery, Offer
from codi_tui.loader import DynamicLoader, ResolvedCommand
from codi_tui.operations import trust as trust_operations
from codi_tui.operations.core import drive
from codi_tui.runtime import RuntimeMode
from codi_tui.state.audit import AuditLog
from codi_tui.state.database import StateDatabase
from codi_tui.state.keeper import TrustKeeper
from codi_tui.state.pins import Choices, PinStore
from codi_tui.trust import BUNDLED, Keyring, SecurityValidator, TrustedClock, TrustedKey
from codi_tui.trust.document import root_fingerprint
from support.trust import NOW, ORIGIN, trusted

if TYPE_CHECKING:
    from codi_tui.library.source import LibrarySource


class Simulator:
    """A library server's answers, without a network."""

    local = False
    networked = True

    def __init__(self, *documents: bytes, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.documents: dict[str, bytes] = {}
        self.releases: dict[tuple[str, str], bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.error: CodiError | None = None
        self.header: str | None = None
        self.live = True
        self.trust: dict[int, bytes] = {}
        for document in documents:
            self.publish(document)

    def publish(self, document: bytes, *, apart: bool = False) -> None:
        """Take a document in; `apart` keeps its module as a blob."""
        parsed = json.loads(document)
        if apart:
            import base64

            module = base64.b64decode(parsed["wasm_module"].pop("data"))
            self.blobs[hashlib.sha256(module).hexdigest()] = module
            document = json.dumps(parsed).encode()
        self.documents[parsed["library"]["name"]] = document
        self.releases[parsed["library"]["name"], parsed["library"]["version"]] = document

    async def find_command(self, command: str) -> str | None:
        self._asked(f"commands/{command}")
        group, _, name = command.partition(".")
        for library, document in self.documents.items():
            if name in json.loads(document)["commands"].get(group, {}).get("subcommands", {}):
                return library
        return None

    async def fetch_library(self, name: str, version: str | None = None) -> Delivery:
        self._asked(f"libraries/{name}" if version is None else f"libraries/{name}?version={version}")
        document = self.documents.get(name) if version is None else self.releases.get((name, version))
        if document is None:
            raise NotFoundError(f"no {name}")
        tag = f'"{hashlib.sha256(document).hexdigest()}"'
        return Delivery(document, tag, self.header, live=self.live)

    async def list_offers(self) -> list[Offer]:
        self._asked("libraries")
        return [Offer(name, json.loads(document)["library"]["version"]) for name, document in self.documents.items()]

    async def fetch_module(self, digest: str, size_bytes: int) -> bytes:
        self._asked(f"blobs/{digest}")
        if digest not in self.blobs:
            raise NotFoundError("no blob")
        return self.blobs[digest]

    async def fetch_trust(self, version: int | None = None) -> bytes:
        self._asked("trust" if version is None else f"trust/{version}")
        if version is None and self.trust:
            version = max(self.trust)
        if version not in self.trust:
            raise NotFoundError("no trust document")
        return self.trust[version]

    def current_tag(self, name: str) -> str | None:
        return None

    def _asked(self, what: str) -> None:
        self.requests.append(what)
        if self.error is not None:
            raise self.error


DOWN = FetchError("the server is down")


class Bench:
    """A cache file and sources; `loader()` is a new process's loader over them."""

    def __init__(
        self,
        folder: Path,
        *sources: LibrarySource,
        keys: dict[str, list[TrustedKey]] | None = None,
        remembers: bool = False,
    ) -> None:
        self.remembers = remembers
        self._keepers: list[TrustKeeper] = []
        self.path = folder / "codi/cache.db"
        self.sources: list[LibrarySource] = list(sources)
        self.keys = keys or {source.origin: [trusted()] for source in sources}
        self.now = float(NOW)
        self.offline = False
        self.notices: list[str] = []
        self.folder: str | None = None
        self.allow_expired = False
        self._caches: list[SqliteCache] = []

    def cache(self) -> SqliteCache:
        cache: SqliteCache = drive(SqliteCache.init(RuntimeMode.LOCAL, path=str(self.path)))
        self._caches.append(cache)
        return cache

    @property
    def state_path(self) -> Path:
        return self.path.with_name("state.db")

    def keeper(self, keyring: Keyring | None = None, clock: TrustedClock | None = None) -> TrustKeeper:
        """A new process's memory of what was accepted."""
        keeper = TrustKeeper(
            StateDatabase(str(self.state_path), BlockingStorage.open),
            AuditLog(str(self.path.with_name("audit.log")), lambda: self.now),
            keyring or Keyring(self.keys),
            clock or TrustedClock(lambda: self.now),
            notice=self.notices.append,
        )
        self._keepers.append(keeper)
        return keeper

    def audit(self) -> list[dict[str, Any]]:
        path = self.path.with_name("audit.log")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def refusals(self) -> list[str]:
        """The codes in the audit trail."""
        return [line["code"] for line in self.audit() if line["event"] == "refused"]

    def marks(self) -> dict[str, int]:
        """Every library's mark."""
        marks = drive(self.keeper().marks.marks())
        return {name: record.mark.sequence for (_, name), record in marks.items()}

    def state(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = drive(self.keeper()._database.read(sql, parameters))
        return rows

    def choices(self, keeper: TrustKeeper) -> Choices:
        """The pins of a new process, and the lock of its working folder."""
        database = keeper._database
        return Choices(PinStore(database, keeper.audit), database, self.folder, self.notices.append)

    def loader(self, cache: SqliteCache | None = None, *, cached: bool = True) -> DynamicLoader:
        keyring, clock = Keyring(self.keys), TrustedClock(lambda: self.now)
        keeper = self.keeper(keyring, clock) if self.remembers else None
        return DynamicLoader(
            (cache or self.cache()) if cached else None,
            self.sources,
            SecurityValidator(keyring, clock),
            now=clock,
            check_module=validate_wasm,
            offline=self.offline,
            notice=self.notices.append,
            trust=keeper,
            choices=None if keeper is None else self.choices(keeper),
            allow_expired=self.allow_expired,
        )

    def core(self) -> Any:
        """As much of a core as the operations on trust need."""
        loader = self.loader()
        assert loader._trust is not None
        return SimpleNamespace(
            loader=loader,
            cache=loader._cache,
            trust=loader._trust,
            servers=[source for source in self.sources if not source.local],
            server_origins=[source.origin for source in self.sources if not source.local],
        )

    def pin(self, data: bytes, origin: str = ORIGIN) -> None:
        """Accept a trust document by its root's fingerprint, as a user would."""
        drive(trust_operations.pin(self.core(), origin, data, root_fingerprint(data)))

    def load(self, command: str = "demo.run") -> ResolvedCommand:
        resolved: ResolvedCommand = drive(self.loader().load_command(command))
        return resolved

    def change(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Tamper with the cache as another process would."""
        cache = self.cache()
        drive(cache._storage.read(sql, parameters))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = drive(self.cache()._storage.read(sql))
        return rows

    def close(self) -> None:
        for keeper in self._keepers:
            drive(keeper.close())
        for cache in self._caches:
            drive(cache.close())


def directory(folder: Path, *documents: bytes, origin: str = BUNDLED) -> DirectoryClient:
    """A directory source with an index."""
    folder.mkdir(exist_ok=True)
    commands = {}
    for document in documents:
        parsed = json.loads(document)
        name = parsed["library"]["name"]
        (folder / f"{name}.json").write_bytes(document)
        for group, command in parsed["commands"].items():
            for sub in command["subcommands"]:
                commands[f"{group}.{sub}"] = {"library": name, "description": ""}
    (folder / "index.json").write_text(json.dumps({"commands": commands}))
    return DirectoryClient(origin, str(folder))
