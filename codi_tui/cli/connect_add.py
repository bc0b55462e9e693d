"""`codi connect URL`: what a server is, shown and accepted before anything of it is written down."""

from __future__ import annotations

from codi_tui.cli.auth_token import ask_token, keep_token, read_token
from codi_tui.cli.auth_trust import accepted_offer
from codi_tui.cli.exits import OK
from codi_tui.cli.narration import say
from codi_tui.cli.page import show_lines
from codi_tui.cli.question import somebody_is_there
from codi_tui.cli.with_core import with_core
from codi_tui.config import Server, load_settings
from codi_tui.errors import CodiError, GrantError, NotFoundError, TrustError
from codi_tui.operations import trust
from codi_tui.operations.servers import add_server, try_token
from codi_tui.runtime import RuntimeMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.core import Core
    from codi_tui.state.documents import StoredDocument

_SHOWN_MAX = 10
"""Names of libraries that are shown before a person decides."""


def add(origin: str, fingerprint: str | None, *, asks: bool, reads_token: bool) -> int:
    """Show a server and, when it is accepted, pin its trust document and write it into the settings; returns the status.

    Args:
        fingerprint: the only root that will do.
        asks: whether a person is asked; without it a fingerprint is given.
        reads_token: whether a token for it is on standard input.

    Raises:
        CodiError: as for `auth_trust.add`; also what `try_token` raises.
    """
    token = read_token() if reads_token else None
    settings = load_settings(RuntimeMode.detect().settings_path())
    known = any(server.origin == origin for server in settings.servers)
    if not known:
        settings.servers.append(Server(origin, []))

    async def work(core: Core) -> int:
        shown = token
        if shown is not None:
            await try_token(core, origin, shown)
        stored = await core.trust.documents.get(origin)
        if stored is None:
            shown = await _accept(core, origin, fingerprint, asks=asks) or shown
        else:
            _check_root(stored, fingerprint)
        if not known:
            add_server(core.settings_path, origin)
        if shown is not None:
            say(f"codi: {keep_token(core, origin, shown)}")
        current = core.server_origins[0] == origin
        first = "it is the current server" if current else f"the current server is {core.server_origins[0]}"
        show_lines([f"{origin} is connected{' already' if known and stored else ''}; {first}"])
        return OK

    return with_core(work, settings=settings)


async def _accept(core: Core, origin: str, fingerprint: str | None, *, asks: bool) -> str | None:
    """Pin what a server offers; returns the token that it wanted, and that was typed for it."""
    typed = None
    try:
        try:
            await _pin(core, origin, fingerprint, asks=asks)
        except GrantError as refusal:
            if refusal.code != "E_LOGIN" or not asks or not somebody_is_there():
                raise
            say(f"codi: {origin} wants a token")
            typed = ask_token(origin)
            await try_token(core, origin, typed)
            await _pin(core, origin, fingerprint, asks=asks)
    except NotFoundError:
        raise NotFoundError(
            f"{origin} has no trust document, so there is nothing to pin",
            hint="its operator can make one (codi-registry trust init); or name its publishers' keys in the settings",
        ) from None
    return typed


async def _pin(core: Core, origin: str, fingerprint: str | None, *, asks: bool) -> None:
    await _show_offer(core, origin)
    offer = await accepted_offer(core, origin, fingerprint, asks=asks)
    await trust.pin(core, origin, offer.data, offer.fingerprint)


async def _show_offer(core: Core, origin: str) -> None:
    """What a server has, as far as it says; a host of files has no list."""
    from codi_tui.library.client import LibraryClient

    source = next(server for server in core.servers if server.origin == origin)
    if not isinstance(source, LibraryClient):
        return
    try:
        names, following = await source.list_libraries()
    except CodiError as error:
        if error.code == "E_LOGIN":
            raise
        return  # what is wrong with it will be said of its trust document
    more = len(names) - _SHOWN_MAX
    rest = " and more" if following is not None else f" and {more} more" if more > 0 else ""
    say(f"offers       {', '.join(names[:_SHOWN_MAX]) or 'nothing that you may read'}{rest}")


def _check_root(stored: StoredDocument, fingerprint: str | None) -> None:
    if fingerprint is not None and fingerprint not in (stored.fingerprint, stored.restored().fingerprint):
        raise TrustError(
            "a trust document of another root is pinned for this server",
            code="E_PINNED",
            hint="if that root was given up: codi connect remove, then connect again",
        )
