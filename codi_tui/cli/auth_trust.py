"""`codi auth trust list`, `add`, `remove` and `refresh`."""

from __future__ import annotations

from codi_tui.cli.exits import OK, status_of
from codi_tui.cli.narration import notice, report, say
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.with_core import with_core
from codi_tui.errors import CodiError, ConfigError, NotFoundError, RefusedError, TrustError
from codi_tui.operations import trust
from codi_tui.operations import trust_words as words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.library.source import LibrarySource
    from codi_tui.operations.core import Core
    from codi_tui.operations.trust import Offer, Trusted
    from codi_tui.trust.document import TrustDocument


def show_list(*, as_json: bool) -> int:
    """Show who decides for each server; returns the exit status.

    Raises:
        CodiError: settings or state cannot be read.
    """
    from codi_tui.cli.auth_list import bundled_facts, bundled_line, entry_facts, entry_line

    async def work(core: Core) -> tuple[str, list[Trusted], float]:
        for row in await core.trust.documents.list_documents():
            if row.origin not in core.server_origins:
                notice(f"a trust document is pinned for {row.origin}, which is no longer in the settings")
        (key,) = core.trust.keyring.settings_keys(core.bundled.origin)
        return key.key_id, await trust.list_trusted(core), core.trust.clock()

    key_id, entries, now = with_core(work, offline=True)
    if as_json:
        show_json([bundled_facts(key_id), *(entry_facts(entry, now) for entry in entries)])
    else:
        show_lines([bundled_line(key_id), *(entry_line(entry, now) for entry in entries)])
    return OK


def add(origin: str, fingerprint: str | None, *, asks: bool, bundle: str | None = None) -> int:
    """Show a server's trust document and, when it is accepted, pin it; returns the exit status.

    Args:
        fingerprint: the only root that will do.
        asks: whether a person is asked; without it a fingerprint is given.
        bundle: a file that carries the document, on a machine that cannot ask the server.

    Raises:
        CodiError: the server is not in the settings or cannot be asked, its document does not hold or is of another
            root, it was not accepted (`E_DECLINED`), or there is nobody to ask (`E_TERMINAL`).
    """

    async def work(core: Core) -> int:
        if origin not in core.server_origins:
            raise ConfigError(f"{origin} is not a server of the settings", hint=f"codi connect {origin}")
        if await _is_pinned(core, origin, fingerprint):
            say(f"codi: {origin}: a trust document of this root is pinned already")
            return OK
        offer = await accepted_offer(core, origin, fingerprint, asks=asks, bundle=bundle)
        document = await trust.pin(core, origin, offer.data, offer.fingerprint)
        show_lines([f"{origin}: trust document {document.version} decides from now on"])
        return OK

    return with_core(work, offline=bundle is not None)


async def accepted_offer(
    core: Core, origin: str, fingerprint: str | None, *, asks: bool, bundle: str | None = None
) -> Offer:
    """What a server offers, shown, and accepted: by the person at the terminal, or by the fingerprint that was named.

    Args:
        bundle: as for `add`.

    Raises:
        CodiError: as for `add`.
    """
    try:
        offer, document = await _offered(core, origin, fingerprint, bundle)
    except RefusedError as error:
        core.trust.refused(error, origin=origin, name="")
        raise
    if keys := len(core.trust.keyring.settings_keys(origin)):
        notice(f"the settings name {words.count(keys, 'key')} for this server, which will no longer count")
    if asks:
        _ask_for(document)
    return offer


async def _offered(core: Core, origin: str, fingerprint: str | None, bundle: str | None) -> tuple[Offer, TrustDocument]:
    """What a server offers, shown, and fit to be pinned.

    Raises:
        TrustError, DocumentError: it does not hold, has expired, or is of another root than the named one.
        NotFoundError, FetchError: it is not to be had.
    """
    offer = await trust.offered(core, origin, None if bundle is None else _carried(bundle, origin))
    document = words.preview(offer, origin)
    for line in words.document_lines(document, core.trust.clock()):
        say(line)
    if fingerprint is not None and fingerprint != offer.fingerprint:
        raise TrustError(
            "the root of this server's trust document is not the one that you named",
            code="E_FINGERPRINT",
            hint="ask its operator, by a way that you trust; accept nothing until then",
            facts={"fingerprint": offer.fingerprint, "accepted": fingerprint},
        )
    document.check_expiry(core.trust.clock())
    return offer, document


def _carried(path: str, origin: str) -> LibrarySource:
    """What a bundle has of a server.

    Raises:
        InputError: it is no bundle.
        NotFoundError: it has nothing of that server.
    """
    from codi_tui.library.bundle import Bundle

    for source in Bundle(path).sources:
        if source.origin == origin:
            return source
    raise NotFoundError(f"{path} has nothing of {origin}")


def _ask_for(document: TrustDocument) -> None:
    """Let the person at the terminal decide.

    Raises:
        TrustError: `E_DECLINED`.
        CodiError: `E_TERMINAL`.
    """
    from codi_tui.cli.question import confirm

    say("codi: compare this fingerprint with the operator's, by a way that you trust; the server is not one:")
    for line in words.fingerprint_lines(document.fingerprint):
        say(f"  {line}")
    accepted = confirm(
        f"Let this document decide for {document.origin}?",
        otherwise="in a script: --yes --fingerprint HEX, with the fingerprint that the operator gave you",
    )
    if not accepted:
        raise TrustError("nothing was accepted, nothing is changed", code="E_DECLINED")


async def _is_pinned(core: Core, origin: str, fingerprint: str | None) -> bool:
    """Whether a document of the named root is pinned already.

    Raises:
        TrustError: `E_PINNED`, one is, and this root was not named.
    """
    stored = await core.trust.documents.get(origin)
    if stored is None:
        return False
    if fingerprint is not None and fingerprint in (stored.fingerprint, stored.restored().fingerprint):
        return True
    raise TrustError(
        f"a trust document is pinned for {origin} already, version {stored.version}",
        code="E_PINNED",
        hint=f"codi auth trust refresh {origin}; or, if its root was given up, codi auth trust remove first",
    )


def remove(origin: str, *, asks: bool) -> int:
    """Give a server's trust document up; returns the exit status.

    Raises:
        CodiError: none is pinned (`E_NOT_FOUND`), it was not confirmed (`E_DECLINED`), there is nobody to ask
            (`E_TERMINAL`), or the state cannot be written.
    """

    async def work(core: Core) -> int:
        if await core.trust.documents.get(origin) is None:
            raise NotFoundError(f"no trust document is pinned for {origin}", hint="codi auth trust list")
        keys = len(core.trust.keyring.settings_keys(origin))
        meaning = (
            f"{words.count(keys, 'key')} in the settings will decide for {origin}; what its document revoked or "
            "withdrew is then no longer refused for that"
            if keys
            else f"the libraries of {origin} will be refused until keys are named for it again"
        )
        if asks:
            from codi_tui.cli.question import confirm

            say(f"codi: {meaning}")
            if not confirm(f"Give the trust document of {origin} up?", otherwise="in a script: --yes"):
                raise TrustError("nothing is changed", code="E_DECLINED")
        await trust.unpin(core, origin)
        show_lines([f"{origin}: its trust document was given up", meaning])
        return OK

    return with_core(work, offline=True)


def refresh(origin: str | None) -> int:
    """Follow the trust documents of a server, or of all; returns the exit status: of the first that failed.

    Raises:
        CodiError: settings or state cannot be read.
    """

    async def work(core: Core) -> int:
        pinned = {row.origin for row in await core.trust.documents.list_documents()}
        chosen = [known for known in core.server_origins if known in pinned] if origin is None else [origin]
        if not chosen:
            say("codi: no trust document is pinned for any server: codi auth trust add URL")
        failed = OK
        for one in chosen:
            try:
                await _refresh(core, one)
            except CodiError as error:
                show_lines([f"{one}: failed"])
                failed = failed or _failed(error)
        return failed

    return with_core(work)


def _failed(error: CodiError) -> int:
    report(error)
    return status_of(error.code)


async def _refresh(core: Core, origin: str) -> None:
    """Refresh one server and tell what changed, also when only a part of the way was gone.

    Raises:
        CodiError: as for `operations.trust.refresh`.
    """
    stored = await core.trust.documents.get(origin)
    before = None if stored is None else stored.restored()
    try:
        refreshed = await trust.refresh(core, origin)
    except CodiError:
        after = await core.trust.documents.get(origin)
        if before is not None and after is not None and after.version > before.version:
            _show_changes(before, after.restored())
        raise
    if refreshed.now.version == refreshed.before.version:
        until = words.until(refreshed.now.expires_at, core.trust.clock())
        show_lines([f"{origin}: version {refreshed.now.version} is the newest, {until}"])
        return
    _show_changes(refreshed.before, refreshed.now)
    show_lines(
        f"  the mark of {name} was dropped: a key that no longer counts had set it"
        for name in sorted(set(refreshed.dropped))
    )


def _show_changes(before: TrustDocument, now: TrustDocument) -> None:
    first, *more = words.changes(before, now)
    show_lines([f"{now.origin}: {first}", *(f"  {line}" for line in more)])
