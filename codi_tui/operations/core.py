"""Putting the core together: settings, keys, sources, cache, loader. Every front door starts here."""

from __future__ import annotations

import os
import time

from codi_tui.cache.sqlite import SqliteCache
from codi_tui.config import FOLDER_SCHEME, load_settings
from codi_tui.errors import CacheError, CodiError, DocumentError, RefusedError, TrustError
from codi_tui.execute.module import validate_wasm
from codi_tui.library.client import LibraryClient
from codi_tui.library.directory import DirectoryClient
from codi_tui.loader import DynamicLoader
from codi_tui.network import Network
from codi_tui.operations.tokens import Tokens
from codi_tui.runs.history import HISTORY_FILE, HistoryStore
from codi_tui.runs.log import LOG_FILE, Log
from codi_tui.runs.redact import Redactor
from codi_tui.runtime import COMPLETION, LISTING, RuntimeMode, bundled_folder
from codi_tui.state.audit import AUDIT_FILE, AuditLog
from codi_tui.state.database import STATE_FILE, StateDatabase
from codi_tui.state.keeper import TrustKeeper
from codi_tui.state.pins import Choices, PinStore
from codi_tui.trust.canonical import loads_strict
from codi_tui.trust.clock import TrustedClock
from codi_tui.trust.keyring import Keyring, TrustedKey
from codi_tui.trust.policy import BUNDLED
from codi_tui.trust.validator import SecurityValidator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from codi_tui.cache.storage import Connect
    from codi_tui.config import RunSettings, SessionSettings, Settings
    from codi_tui.library.client import Response, Transport
    from codi_tui.library.source import LibrarySource
    from codi_tui.state.agent_approvals import AgentApprovals
    from codi_tui.state.grants import GrantStore


class Core:
    """The assembled core.

    Attributes:
        data_folder: where all that is kept has its folder.
        modules_folder: where compiled modules are kept.
        runs_folder: where the files of path arguments are staged.
        server_origins: the settings' library servers; the first is the current one.
        trust: what is remembered of servers' libraries: trust documents, marks, the clock; and the audit trail.
        choices: the releases that were chosen in the place of the newest: the folder's lock, and pins.
        servers: their clients, in the same order.
        offline: whether no socket may be opened.
        agents_folder: where agents are kept.
        settings_path: the settings file.
        secrets_folder: where secrets are, each in a file of its own.
        own_folders: codi's own, which are conferred on no guest.
        session: what is kept of runs.
        run: what a run is, where its command line does not say.
        log: the log.
        redactor: what takes secrets out of everything that is written down.
        tokens: of library servers.
        network: how servers are reached.
    """

    def __init__(
        self,
        mode: RuntimeMode,
        loader: DynamicLoader,
        cache: SqliteCache | None,
        bundled: DirectoryClient,
        server_origins: Sequence[str] = (),
        *,
        trust: TrustKeeper,
        database: StateDatabase,
        now: Callable[[], float],
        log: Log,
        redactor: Redactor,
        session: SessionSettings,
        run: RunSettings,
        history: HistoryStore,
        choices: Choices,
        tokens: Tokens,
        network: Network,
        servers: Sequence[LibrarySource] = (),
        offline: bool = False,
    ) -> None:
        self.loader = loader
        self.choices = choices
        self.trust = trust
        self.servers = servers
        self.cache = cache
        self.bundled = bundled
        self.data_folder = mode.data_folder()
        self.modules_folder = os.path.join(mode.data_folder(), "modules")
        self.runs_folder = os.path.join(mode.data_folder(), "runs")
        self.server_origins = server_origins
        self.offline = offline
        self.agents_folder = os.path.join(mode.data_folder(), "agents")
        self.settings_path = mode.settings_path()
        settings_folder = os.path.dirname(self.settings_path)
        self.secrets_folder = os.path.join(settings_folder, "secrets")
        self.own_folders = (mode.data_folder(), settings_folder)
        self.log = log
        self.redactor = redactor
        self.session = session
        self.run = run
        self.history = history
        self.tokens = tokens
        self.network = network
        self.now = now
        self._database = database
        self._grants: GrantStore | None = None

    @property
    def grants(self) -> GrantStore:
        """What was granted; its database is opened when it is first read, which no run of a bundled command does."""
        if self._grants is None:
            from codi_tui.state.grants import GrantStore

            self._grants = GrantStore(self._database, self.now, self.trust.audit)
        return self._grants

    @property
    def agent_approvals(self) -> AgentApprovals:
        """What agents were let call."""
        from codi_tui.state.agent_approvals import AgentApprovals

        return AgentApprovals(self._database, self.now, self.trust.audit)

    async def close(self) -> None:
        """Let go of the databases."""
        await self.trust.close()
        await self.history.close()
        if self.cache is not None:
            await self.cache.close()


async def assemble(
    *,
    connect: Connect,
    transport: Callable[[Network], Transport],
    offline: bool = False,
    settings: Settings | None = None,
    notice: Callable[[str], None],
    now: Callable[[], float] = time.time,
    folder: str | None = None,
    allow_expired: bool = False,
) -> Core:
    """Build the core of this user's settings.

    Args:
        connect: the storage to use: blocking, or on an event loop.
        transport: makes the HTTP transport when a server is asked for the first time.
        offline: open no socket; the settings can say so too.
        settings: when they were read already.
        notice: told, in a sentence, what the user should know although the work goes on.
        folder: the working folder, whose `codi.lock` is followed; None follows none, as agents' doors have it.
        allow_expired: as for `DynamicLoader`.

    Raises:
        ConfigError: the settings file is wrong.
        RefusedError: the bundled libraries' key is missing or damaged.
        CacheError: `E_CACHE_PERMS`, the cache is not safely this user's.
    """
    mode = RuntimeMode.detect()
    settings = settings or load_settings(mode.settings_path())
    offline = offline or settings.run.offline
    if settings.foreign is not None:
        notice(f"{settings.foreign} belongs to someone else, or others may write to it; it is not read")
    keys = {server.origin: server.keys for server in settings.servers}
    keys[BUNDLED] = [_bundled_key()]
    bundled = DirectoryClient(BUNDLED, bundled_folder())
    keyring, clock = Keyring(keys), TrustedClock(now)
    data_folder, redactor = mode.data_folder(), Redactor()
    tokens = Tokens(os.path.dirname(mode.settings_path()), redactor)
    network = Network(settings.network.proxy, settings.network.ca_file, tokens.of)
    origins = [server.origin for server in settings.servers]
    lazy = _LazyTransport(lambda: transport(network))
    servers = [_client(origin, lazy, offline=offline) for origin in origins]
    log = Log(os.path.join(data_folder, LOG_FILE), settings.log_level, now, redactor)
    database = StateDatabase(os.path.join(data_folder, STATE_FILE), connect)
    trust = TrustKeeper(
        database,
        AuditLog(os.path.join(data_folder, AUDIT_FILE), now, redactor.text),
        keyring,
        clock,
        notice=notice,
    )
    try:
        cache = await SqliteCache.init(mode, connect=connect, notice=notice, log=log)
    except CacheError as error:
        if error.code == "E_CACHE_PERMS":
            trust.refused(error, origin="", name="")
            raise
        log.warning("cache.given_up", code=error.code, message=error.message)
        notice(f"{error.message}; going on without it")
        cache = None
    choices = Choices(PinStore(database, trust.audit), database, folder, notice)
    loader = DynamicLoader(
        cache,
        [bundled, *servers],
        SecurityValidator(keyring, clock),
        now=clock,
        trust=trust,
        check_module=validate_wasm,
        offline=offline,
        notice=notice,
        choices=choices,
        allow_expired=allow_expired,
        log=log,
        stored=lambda cache: render_listing(bundled, cache, data_folder),
    )
    return Core(
        mode,
        loader,
        cache,
        bundled,
        origins,
        trust=trust,
        database=database,
        now=now,
        log=log,
        redactor=redactor,
        session=settings.session,
        run=settings.run,
        history=HistoryStore(os.path.join(data_folder, HISTORY_FILE), connect),
        tokens=tokens,
        network=network,
        servers=servers,
        offline=offline,
        choices=choices,
    )


def _client(origin: str, transport: Transport, *, offline: bool) -> LibrarySource:
    """What asks a server, or the folder that stands for one."""
    if origin.startswith(FOLDER_SCHEME):
        from codi_tui.library.folder import FolderClient

        return FolderClient(origin)
    client = LibraryClient(origin, transport)
    client.set_offline_mode(offline)
    return client


async def render_listing(bundled: DirectoryClient, cache: SqliteCache, folder: str) -> None:
    """Keep the list of cached commands as text beside the cache, so that help and the tab key need not open it."""
    from codi_tui.cache.files import replace_file
    from codi_tui.catalog.commands import list_commands, render
    from codi_tui.catalog.completion import render_cached

    entries = [entry for entry in await list_commands(bundled, cache) if entry.origin != BUNDLED]
    try:
        replace_file(os.path.join(folder, LISTING), render(entries).encode(errors="replace"))
        replace_file(os.path.join(folder, COMPLETION), (await render_cached(cache)).encode(errors="replace"))
    except (OSError, CodiError, LookupError, TypeError, AttributeError):
        pass  # the list is a convenience; what can be run does not depend on it


def _bundled_key() -> TrustedKey:
    """The public half of the key that sealed the bundled libraries; the private half is gone."""
    path = os.path.join(bundled_folder(), "key.json")
    try:
        with open(path, "rb") as file:
            document = loads_strict(file.read())
        return TrustedKey(document["public_key"], document["libraries"])
    except (OSError, DocumentError, TrustError, KeyError, TypeError, AttributeError):
        raise RefusedError(
            "the bundled libraries' key is missing or damaged", code="E_NO_TRUST", hint="reinstall codi"
        ) from None


class _LazyTransport:
    """Imports and makes the real transport when it is first used, which a cached run never does."""

    def __init__(self, make: Callable[[], Transport]) -> None:
        self._make = make
        self._transport: Transport | None = None

    async def get(self, url: str, *, limit_bytes: int) -> Response:
        if self._transport is None:
            self._transport = self._make()
        return await self._transport.get(url, limit_bytes=limit_bytes)


def drive(coroutine: Any) -> Any:
    """Run a coroutine whose ports never suspend, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise RuntimeError("a port suspended, and there is no event loop to resume it")
