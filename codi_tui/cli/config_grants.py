"""`codi config grants`: what was granted to libraries."""

from __future__ import annotations

from codi_tui.cli.exits import OK
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.with_core import with_core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.manual.words import Words
    from codi_tui.operations.core import Core


def _list_grants(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> None:
        from codi_tui.model.permission import meaning
        from codi_tui.model.times import timestamp

        grants = await core.grants.list()
        if parsed.as_json:
            members = ("origin", "library", "rule", "permission")
            show_json(
                [
                    {**{name: getattr(grant, name) for name in members}, "granted_at": timestamp(grant.granted_at)}
                    for grant in grants
                ]
            )
            return
        lines = []
        for grant in grants:
            head = f"{grant.library}  from {grant.origin}, rule {grant.rule}"
            if head not in lines:
                lines.append(head)
            lines.append(f"  {grant.permission}   {meaning(grant.permission)}")
        show_lines(lines or ["nothing is granted"])

    with_core(work)
    return OK


def _add_grants(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> None:
        from codi_tui.operations.grant_commands import add_grants

        library = await add_grants(core, parsed.rest[0], parsed.rest[1:])
        show_lines([f"granted to {library.name} from {library.origin}, rule {library.rule}"])

    with_core(work)
    return OK


def _revoke_grants(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> None:
        from codi_tui.operations.grant_commands import find_grants

        grants = await find_grants(core, parsed.rest[0], parsed.rest[1:])
        await core.grants.revoke(grants)
        show_lines([f"revoked: {grant.library} from {grant.origin}: {grant.permission}" for grant in grants])

    with_core(work)
    return OK


def _approve(parsed: Words) -> int:
    parsed.check()

    async def work(core: Core) -> None:
        from codi_tui.operations.grant_commands import approve_library

        library, lines = await approve_library(core, parsed.rest[0], parsed.options.get("--digest"))
        show_lines([*lines, f"approved: {library.name} {library.version} from {library.origin}"])

    with_core(work)
    return OK


GRANT_VERBS: dict[str, Callable[[Words], int]] = {
    "config grants list": _list_grants,
    "config grants add": _add_grants,
    "config grants revoke": _revoke_grants,
    "config grants approve": _approve,
}
