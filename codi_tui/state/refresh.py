"""Following an origin's trust documents from the accepted one to the newest (the trust profile, lines 50 to 52)."""

from __future__ import annotations

from codi_tui.errors import FetchError, NotFoundError, TrustError
from codi_tui.limits import TRUST_CHAIN_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.library.source import LibrarySource
    from codi_tui.state.keeper import TrustKeeper
    from codi_tui.trust.document import TrustDocument


class Refreshed:
    """What a refresh did.

    Attributes:
        before, now: the document that was here, and the one that is.
        gone: key ids that no longer count; whoever asked has this set too, also when a later step failed.
        dropped: libraries whose mark was dropped because such a key had set it.
    """

    __slots__ = ("before", "dropped", "gone", "now")

    def __init__(self, before: TrustDocument, gone: set[str]) -> None:
        self.before = before
        self.now = before
        self.gone = gone
        self.dropped: list[str] = []


async def refresh(keeper: TrustKeeper, source: LibrarySource, gone: set[str], *, live: bool = True) -> Refreshed:
    """Take in every newer trust document that a server has, step by step, and keep each step that holds.

    That an intermediate document has expired does not matter; the last one is judged when it is used. A chain of more
    than `TRUST_CHAIN_MAX` steps is cut there; what was taken in stays, so that a later refresh can go on.

    Args:
        gone: takes up the key ids that no longer count, step by step: they are gone although a later step fails.
        live: whether the source is the server, so that having no newer one means that there is none.

    Raises:
        TrustError: `E_NO_TRUST`, no document was pinned for the server; `E_TRUST_CHAIN`; see `advance`.
        DocumentError: the server's answer is no trust document.
        FetchError: the server cannot be asked.
        StateError: the state database cannot be used.
    """
    from codi_tui.trust.document import advance

    stored = await keeper.documents.get(source.origin)
    if stored is None:
        raise TrustError(f"no trust document was pinned for {source.origin}", code="E_NO_TRUST")
    refreshed = Refreshed(stored.restored(), gone)
    for step in range(TRUST_CHAIN_MAX + 1):
        try:
            data = await source.fetch_trust(refreshed.now.version + 1)
        except NotFoundError:
            break
        if step == TRUST_CHAIN_MAX:
            raise TrustError(
                f"{source.origin} offers more than {TRUST_CHAIN_MAX} new trust documents at once",
                code="E_TRUST_CHAIN",
                hint="refresh again to go on from here, if that many changes can be true",
            )
        await _take(keeper, refreshed, advance(refreshed.now, data))
    if live:
        await keeper.documents.checked(source.origin, int(keeper.clock()))
    return refreshed


async def _take(keeper: TrustKeeper, refreshed: Refreshed, document: TrustDocument) -> None:
    before = refreshed.now
    if document is before:
        raise FetchError(f"{document.origin} answers with trust document {before.version} when asked for the next")
    taken, dropped = await keeper.documents.put(document, before, int(keeper.clock()))
    refreshed.now = document
    refreshed.gone |= document.gone_since(before)
    refreshed.dropped += dropped
    if not taken:
        return  # another process has gone this far already
    keeper.keyring.adopt(document)
    keeper.audit.append(
        "trust",
        origin=document.origin,
        version=document.version,
        digest=document.digest,
        before=before.digest,
        gone=sorted(document.gone_since(before)) or None,
        marks_dropped=dropped or None,
    )
