"""Whom codi trusts: pinning a server's trust document, following it, and saying who decides."""

from __future__ import annotations

from codi_tui.errors import NotFoundError, TrustError
from codi_tui.limits import TRUST_FRESH_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.library.source import LibrarySource
    from codi_tui.operations.core import Core
    from codi_tui.state.refresh import Refreshed
    from codi_tui.trust.document import TrustDocument


class Offer:
    """A trust document as a server shows it, before the user has accepted anything.

    Attributes:
        data: the document's bytes, to be given to `pin`.
        fingerprint: of its root: what the user compares.
    """

    __slots__ = ("data", "fingerprint")

    def __init__(self, data: bytes, fingerprint: str) -> None:
        self.data = data
        self.fingerprint = fingerprint


class Trusted:
    """Who decides for a server.

    Attributes:
        document: its trust document, or None when the settings' keys decide.
        keys: how many keys the settings name.
        fingerprint: of the root that was accepted.
        pinned_at, checked_at: Unix seconds; 0 without a document.
        fresh: whether the server was asked for a newer document within the hour.
    """

    __slots__ = ("checked_at", "document", "fingerprint", "fresh", "keys", "origin", "pinned_at")

    def __init__(self, origin: str, keys: int) -> None:
        self.origin = origin
        self.keys = keys
        self.document: TrustDocument | None = None
        self.fingerprint: str | None = None
        self.pinned_at = self.checked_at = 0
        self.fresh = False


async def offered(core: Core, origin: str, source: LibrarySource | None = None) -> Offer:
    """Ask a server for its latest trust document, to show its fingerprint to the user. Nothing is believed.

    Args:
        source: what has it instead of the server, such as a bundle.

    Raises:
        NotFoundError: there is no such server, or it has none.
        RefusedError: it is malformed.
        FetchError: the server cannot be asked.
        StateError: the state database cannot be used.
    """
    from codi_tui.trust.document import root_fingerprint

    await core.trust.observe_time()
    data = await (source or _server(core, origin)).fetch_trust()
    return Offer(data, root_fingerprint(data))


async def pin(core: Core, origin: str, data: bytes, fingerprint: str) -> TrustDocument:
    """Let a trust document decide for a server from now on. Only ever on the user's word, never from MCP.

    Raises:
        NotFoundError: there is no such server in the settings.
        TrustError: `E_PINNED`, another one is pinned already; `E_TRUST_EXPIRED`; see `trust.document.pin`.
        StateError: the state database cannot be used.
    """
    from codi_tui.trust import document as documents

    keeper = core.trust
    _server(core, origin)
    await keeper.observe_time()
    document = documents.pin(data, origin=origin, fingerprint=fingerprint)
    now = keeper.clock()
    document.check_expiry(now)
    stored, dropped = await keeper.documents.put(document, None, int(now))
    if not stored:
        existing = await keeper.documents.get(origin)
        if existing is None or existing.digest != document.digest:
            raise TrustError(
                f"a trust document is pinned for {origin} already",
                code="E_PINNED",
                hint="refresh it; or, if its root was given up, remove this server's trust first",
            )
    keeper.keyring.adopt(document)
    if stored:
        keeper.audit.append(
            "pin",
            origin=origin,
            version=document.version,
            digest=document.digest,
            fingerprint=document.fingerprint,
            marks_dropped=dropped or None,
        )
        await _quarantine(core, origin, document.gone_since(None))
    return document


async def unpin(core: Core, origin: str) -> bool:
    """Let the settings' keys decide for a server again; False when nothing was pinned. Marks and grants stay.

    Raises:
        StateError: the state database cannot be used.
    """
    removed = await core.trust.documents.remove(origin)
    core.trust.keyring.forget(origin)
    if removed:
        core.trust.audit.append("unpin", origin=origin)
    return removed


async def refresh(core: Core, origin: str, carried: LibrarySource | None = None) -> Refreshed:
    """Follow a server's trust documents to the newest, and keep evidence of what its revoked keys signed.

    Args:
        carried: a bundle that has them instead of the server; it cannot say that there is no newer one.

    Raises:
        NotFoundError: there is no such server.
        RefusedError, FetchError, StateError: see `codi_tui.state.refresh`; also `E_TRUST_EXPIRED`, the newest document
            is out of date.
    """
    from codi_tui.state.refresh import refresh as follow

    gone: set[str] = set()
    await core.trust.observe_time()
    try:
        refreshed = await follow(core.trust, carried or _server(core, origin), gone, live=carried is None)
        refreshed.now.check_expiry(core.trust.clock())
    except TrustError as error:
        core.trust.refused(error, origin=origin, name="")
        raise
    finally:
        await _quarantine(core, origin, gone)
    return refreshed


async def list_trusted(core: Core) -> list[Trusted]:
    """Who decides for each server of the settings.

    Raises:
        StateError: the state database cannot be read.
    """
    await core.trust.observe_time()
    stored = {row.origin: row for row in await core.trust.documents.list_documents()}
    entries = []
    for origin in core.server_origins:
        entry = Trusted(origin, len(core.trust.keyring.settings_keys(origin)))
        if (row := stored.get(origin)) is not None:
            entry.document = row.restored()
            entry.fingerprint = row.fingerprint
            entry.pinned_at, entry.checked_at = row.pinned_at, row.checked_at
            entry.fresh = core.trust.clock() - row.checked_at < TRUST_FRESH_SECONDS
        entries.append(entry)
    return entries


def _server(core: Core, origin: str) -> LibrarySource:
    servers: Sequence[LibrarySource] = core.servers
    for server in servers:
        if server.origin == origin:
            return server
    raise NotFoundError(f"{origin[:200]} is not in the settings", hint="add it to the settings file as [[servers]]")


async def _quarantine(core: Core, origin: str, key_ids: set[str]) -> None:
    if core.cache is not None and key_ids:
        from codi_tui.state.quarantine import quarantine_signed_by

        await quarantine_signed_by(core.cache, core.trust, origin, key_ids)
