"""TrustKeeper: what the loader asks before it verifies a library of a server, and tells afterwards.

It brings the origin's trust document into the keyring, the marks and the clock to the validator, and writes down what
was accepted or refused. What can be read must be readable: any doubt refuses. What cannot be written (a full disk)
is said, and the run goes on with what is known.
"""

from __future__ import annotations

from codi_tui.errors import CacheError, CodiError, FetchError, StateError
from codi_tui.limits import STALE_NOTICE_EVERY_SECONDS, STALE_NOTICE_SECONDS, TRUST_FRESH_SECONDS
from codi_tui.model.times import timestamp
from codi_tui.state.audit import AuditLog
from codi_tui.state.database import StateDatabase
from codi_tui.state.documents import DocumentStore
from codi_tui.state.marks import MarkStore
from codi_tui.trust.marks import NO_RECORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.cache.sqlite import LibraryData
    from codi_tui.library.source import LibrarySource
    from codi_tui.state.documents import StoredDocument
    from codi_tui.trust import CommandLibrary, Keyring, Record, TrustedClock


class TrustKeeper:
    """The state of trust, behind the loader.

    Attributes:
        documents, marks: what is stored.
        audit: the trail.
        keyring: shared with the validator; an origin's document is brought into it.
        clock: shared with the validator.
    """

    def __init__(
        self,
        database: StateDatabase,
        audit: AuditLog,
        keyring: Keyring,
        clock: TrustedClock,
        *,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._database = database
        self._notice = notice
        self._asked: set[str] = set()
        self._warned = False
        self._absent = False
        self.documents = DocumentStore(database)
        self.marks = MarkStore(database)
        self.audit = audit
        self.keyring = keyring
        self.clock = clock

    async def record(self, origin: str, name: str, *, pinned: bool = False) -> Record:
        """What is remembered of a library; afterwards keyring and clock are those that judge its origin.

        Args:
            pinned: a digest was chosen: no mark stands against it.

        Raises:
            StateError: it cannot be read.
        """
        if not await self._is_there():
            return NO_RECORD
        await self._adopt(origin)
        await self.observe_time()
        document = self.keyring.document(origin)
        with_history = document is not None and document.has_retired_keys
        record = await self.marks.record(origin, name, with_history=with_history)
        if pinned:
            record.mark = None
        return record

    async def observe_time(self) -> None:
        """Judge by the latest time that was ever verified too: a clock that was set back revives nothing.

        Raises:
            StateError: it cannot be read.
        """
        self.clock.observe(await self.marks.latest())
        if self.clock.is_behind and not self._warned:
            self._warned = True
            self._notice("this machine's clock is more than a day behind what was verified before: set it right")

    async def accepted(
        self, library: CommandLibrary, record: Record, *, fetched: bool, checked_at: float, header: str | None = None
    ) -> None:
        """Write down that a library was accepted, when there is something new to write.

        Args:
            checked_at: when its server was last asked about it, as far as is known.
            header: what the trail says of `X-Library-Signature`.

        Raises:
            TrustError: `E_ROLLBACK`, `E_EQUIVOCATION`: another process accepted a later or another release meanwhile.
            StateError: `E_STATE_DAMAGED`.
        """
        now = int(library.verified_at)
        if self._absent:
            return
        if not fetched and record.mark is not None and record.mark.digest == library.digest:
            await self._tell_age(library, record, now)
            return
        try:
            moved = await self.marks.advance(library, now=now, fetched=fetched, checked_at=min(int(checked_at), now))
            if moved:
                self._audit_mark(library, record, header)
        except StateError as error:
            if error.code == "E_STATE_DAMAGED":
                raise
            self._unwritten(error)

    def refused(self, error: CodiError, *, origin: str, name: str, digest: str | None = None) -> None:
        """Write down that a library was refused, or that nothing can be judged where state or cache are not safely ours.

        Args:
            origin, name: empty when it is not about one server or library.
        """
        try:
            self.audit.refused(error, origin=origin, library=name, digest=digest)
        except StateError as unwritten:
            if not isinstance(error, (StateError, CacheError)):  # else what is in the way is being said already
                self._unwritten(unwritten)

    async def quarantine(self, row: LibraryData, code: str) -> None:
        """Keep a refused row as evidence."""
        from codi_tui.state.quarantine import Quarantine

        if self._absent:
            return
        try:
            await Quarantine(self._database).take(row, code, int(self.clock()))
        except StateError as error:
            self._unwritten(error)

    async def refresh_if_due(self, source: LibrarySource) -> set[str]:
        """Ask a server that is about to be asked anyway for newer trust documents: once an hour, or when ours expired.

        What goes wrong is said, and the document that is here stays: it is refused once it expires.

        Returns:
            The key ids that no longer count.

        Raises:
            StateError: what is stored cannot be read.
        """
        origin = source.origin
        if origin in self._asked or not await self._is_there():
            return set()
        stored = await self.documents.get(origin)
        if stored is None or not await self._is_due(stored):
            return set()
        self._asked.add(origin)
        from codi_tui.state.refresh import refresh

        gone: set[str] = set()
        try:
            await refresh(self, source, gone)
        except (FetchError, StateError) as error:
            self._notice(f"the trust document of {origin} could not be refreshed: {error.message}")
        except CodiError as error:
            self.refused(error, origin=origin, name="")
            self._notice(f"a new trust document of {origin} was refused ({error.code}): {error.message}")
        return gone

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()

    async def _is_there(self) -> bool:
        """Whether there is a database, made now if it can be; one that is there has to be readable."""
        if self._absent:
            return False
        existed = self._database.exists
        try:
            await self._database.read("SELECT 1")
        except StateError as error:
            if existed or error.code != "E_STATE":
                raise
            self._absent = self._database.told = True
            self._notice(f"{error.message}; going on without knowing which releases were seen before")
        return not self._absent

    async def _adopt(self, origin: str) -> None:
        stored = await self.documents.get(origin)
        current = self.keyring.document(origin)
        if stored is None:
            self.keyring.forget(origin)
        elif current is None or current.digest != stored.digest:
            if current is None and self.keyring.settings_keys(origin):
                self._notice(f"{origin} has a trust document, which decides; its keys in the settings are not used")
            self.keyring.adopt(stored.restored())

    async def _is_due(self, stored: StoredDocument) -> bool:
        await self._adopt(stored.origin)
        document = self.keyring.document(stored.origin)
        expired = document is not None and document.expires_at <= timestamp(self.clock())
        return expired or self.clock() - stored.checked_at >= TRUST_FRESH_SECONDS

    async def _tell_age(self, library: CommandLibrary, record: Record, now: int) -> None:
        days = (now - record.checked_at) // (24 * 60 * 60)
        if now - record.checked_at < STALE_NOTICE_SECONDS or now - record.told_at < STALE_NOTICE_EVERY_SECONDS:
            return
        self._notice(f"{library.name}: its server was last asked for a newer release {days} days ago")
        try:
            await self.marks.tell(library.origin, library.name, now)
        except StateError as error:
            self._unwritten(error)

    def _audit_mark(self, library: CommandLibrary, record: Record, header: str | None) -> None:
        before = record.mark
        self.audit.append(
            "mark",
            origin=library.origin,
            library=library.name,
            sequence=library.sequence,
            version=library.version,
            digest=library.digest,
            key_id=library.key_id,
            before=None if before is None else before.digest,
            note=None if before else "no rollback history",
            header=header,
        )

    def _unwritten(self, error: StateError) -> None:
        self._notice(f"{error.message}; going on")
