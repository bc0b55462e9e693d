"""Admission: a library that a source delivers is let in, or refused, by all that is known of it.

What was accepted before is asked for, and what is accepted now is remembered, before anybody stores or runs it.
"""

from __future__ import annotations

from codi_tui.errors import DocumentError, RefusedError, StateError, TrustError
from codi_tui.trust.marks import NO_RECORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codi_tui.library.source import Delivery, LibrarySource
    from codi_tui.model.manifest import WasmFormat
    from codi_tui.state.keeper import TrustKeeper
    from codi_tui.trust import CommandLibrary, Record, SecurityValidator, VerifiedModule

_FETCH_ATTEMPTS = 10
"""A release that another process overtook while it was on its way is fetched again."""


class Admission:
    """The way in, for what comes from a source and, in part, for what comes from the cache."""

    def __init__(
        self, validator: SecurityValidator, check_module: Callable[[bytes, WasmFormat], None], trust: TrustKeeper | None
    ) -> None:
        """
        Args:
            check_module: refuses bytes that are no module of a format.
            trust: remembers what was accepted from servers; without it nothing is remembered.
        """
        self._validator = validator
        self._check_module = check_module
        self._trust = trust

    async def record(self, source: LibrarySource, name: str, *, pinned: bool = False) -> Record:
        """What is remembered of a library; nothing of a local one, which its folder vouches for.

        Raises:
            StateError: it cannot be read; that is in the audit trail.
        """
        if source.local or self._trust is None:
            return NO_RECORD
        try:
            return await self._trust.record(source.origin, name, pinned=pinned)
        except StateError as error:
            self._trust.refused(error, origin=source.origin, name=name)
            raise

    async def accept(
        self,
        library: CommandLibrary,
        source: LibrarySource,
        record: Record,
        *,
        checked_at: float | None = None,
        header: str | None = None,
    ) -> None:
        """Move the mark, before anything is stored: what a crash leaves is a mark whose release is fetched again.

        Args:
            checked_at: when the source of a cached library was last asked; None says just now.
            header: what the audit trail says of `X-Library-Signature`.

        Raises:
            TrustError: `E_ROLLBACK`, `E_EQUIVOCATION`: another process accepted a later or another release meanwhile.
        """
        if source.local or self._trust is None:
            return
        asked_at = library.verified_at if checked_at is None else checked_at
        await self._trust.accepted(library, record, fetched=checked_at is None, checked_at=asked_at, header=header)

    async def fetch(
        self,
        source: LibrarySource,
        name: str,
        chosen: tuple[str | None, str | None] | None,
        held: Callable[[CommandLibrary], Awaitable[VerifiedModule | None]],
    ) -> tuple[CommandLibrary, Delivery]:
        """Fetch and verify a library, and remember it unless it is pinned.

        Args:
            chosen: the version and the digest, as far as they are known, of the release that was pinned; None for the
                newest.
            held: gives a library's module, verified, when it is here already.

        Raises:
            RefusedError: it is not to be trusted; that is in the audit trail.
            FetchError, NotFoundError: it is not to be had.
            StateError: what was accepted before cannot be read.
        """
        pinned = chosen is not None
        version, digest = chosen or (None, None)
        for _ in range(_FETCH_ATTEMPTS):
            before = await self.record(source, name, pinned=pinned)
            try:
                delivery = await (source.fetch_library(name, version) if version else source.fetch_library(name))
            except DocumentError as error:
                refusal: RefusedError = error
                break
            record = await self.record(source, name, pinned=pinned)
            try:
                library = await self._admit(source, name, delivery, record, held)
                _check_choice(library, version, digest)
                if not pinned:
                    header = "absent" if delivery.signature_header is None else None
                    await self.accept(
                        library, source, record, header=header, checked_at=None if delivery.live else record.checked_at
                    )
            except RefusedError as error:
                refusal = error
                if error.code == "E_ROLLBACK" and _place(before) != _place(
                    await self.record(source, name, pinned=pinned)
                ):
                    continue
                break
            return library, delivery
        if self._trust is not None:
            self._trust.refused(refusal, origin=source.origin, name=name)
        raise refusal

    async def _admit(
        self,
        source: LibrarySource,
        name: str,
        delivery: Delivery,
        record: Record,
        held: Callable[[CommandLibrary], Awaitable[VerifiedModule | None]],
    ) -> CommandLibrary:
        """Verify what was delivered, with its module, wherever that comes from."""
        library = await self._validator.admit(
            delivery.document, origin=source.origin, name=name, header=delivery.signature_header, record=record
        )
        if library.module is None and library.module_digest is not None:
            library.module = await held(library)
        if library.module is None and library.module_digest is not None:
            data = await source.fetch_module(library.module_digest, library.module_bytes)
            library.module = self._validator.verify_module(library, data)
        if library.module is not None:
            described = library.manifest.wasm_module
            assert described is not None
            self._check_module(library.module.data, described.format)
        return library


def _check_choice(library: CommandLibrary, version: str | None, digest: str | None) -> None:
    """The release that was chosen, and no other.

    Raises:
        TrustError: `E_DIGEST`.
    """
    if digest is not None and library.digest != digest:
        raise TrustError(
            f"{library.origin} has another {library.name} {library.version} than the pinned one",
            code="E_DIGEST",
            library=library.name,
            facts={"digest": library.digest, "pinned": digest},
        )
    if version is not None and library.version != version:
        raise TrustError(
            f"{library.origin} answers with {library.version} when asked for {library.name} {version}",
            code="E_DIGEST",
            library=library.name,
        )


def _place(record: Record) -> str | None:
    """What a record's mark stands at."""
    return None if record.mark is None else record.mark.digest
