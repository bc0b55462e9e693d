"""`codi connect`: library servers. What adds one is in `connect_add`."""

from __future__ import annotations

from codi_tui.cli.auth_words import fingerprint_of, origin_of
from codi_tui.cli.dispatch import dispatch
from codi_tui.cli.exits import OK
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.with_core import with_core
from codi_tui.errors import TrustError
from codi_tui.manual.connect import CONNECT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.manual.words import Words
    from codi_tui.operations.core import Core
    from codi_tui.operations.trust import Trusted


def main(words: Sequence[str]) -> int:
    """`codi connect …`: returns the exit status."""
    return dispatch(CONNECT, words, _VERBS)


def _add(parsed: Words) -> int:
    origin, fingerprint = origin_of(parsed), fingerprint_of(parsed)
    parsed.check()
    from codi_tui.cli.connect_add import add

    return add(
        origin,
        fingerprint,
        asks="--yes" not in parsed.options,
        reads_token="--token-stdin" in parsed.options,
    )


def _list(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> tuple[list[Trusted], list[str | None], float]:
        from codi_tui.operations.trust import list_trusted

        entries = await list_trusted(core)
        return entries, [core.tokens.place(entry.origin) for entry in entries], core.trust.clock()

    entries, places, now = with_core(work, offline=True)
    from codi_tui.cli.auth_list import entry_facts, entry_line

    rows = list(enumerate(zip(entries, places, strict=True)))
    if parsed.as_json:
        show_json([{**entry_facts(entry, now), "current": at == 0, "token": place} for at, (entry, place) in rows])
        return OK
    lines = [
        f"{'*' if at == 0 else ' '} {entry_line(entry, now)}{f'  token: {place}' if place else ''}"
        for at, (entry, place) in rows
    ]
    show_lines(lines or ["no server is connected: codi connect URL"])
    return OK


def _use(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> int:
        from codi_tui.operations.servers import find_server, use_server

        origin = find_server(core.server_origins, parsed.rest[0])
        use_server(core.settings_path, origin)
        show_lines([f"{origin} is the current server"])
        return OK

    return with_core(work, offline=True)


def _remove(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> int:
        from codi_tui.operations import trust
        from codi_tui.operations.servers import find_server, remove_server

        origin = find_server(core.server_origins, parsed.rest[0])
        if "--yes" not in parsed.options:
            _ask(origin)
        remove_server(core.settings_path, origin)
        await trust.unpin(core, origin)
        core.tokens.forget(origin)
        show_lines([f"{origin} was removed, with its keys, its trust document and its token"])
        return OK

    return with_core(work, offline=True)


def _ask(origin: str) -> None:
    from codi_tui.cli.narration import say
    from codi_tui.cli.question import confirm

    say("codi: its libraries stay in the cache and are run no more; its keys, trust document and token are given up")
    if not confirm(f"Remove {origin}?", otherwise="in a script: --yes"):
        raise TrustError("nothing is changed", code="E_DECLINED")


_VERBS: dict[str, Callable[[Words], int]] = {
    "connect": _add,
    "connect list": _list,
    "connect use": _use,
    "connect remove": _remove,
}
