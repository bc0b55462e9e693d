"""`codi sync pull`, and how the outcome of fetching is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codi_tui.cli.exits import OK, status_of
from codi_tui.cli.narration import notice, report, say
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.sync_core import Progress, with_core
from codi_tui.lock import working_folder
from codi_tui.operations import sync
from codi_tui.operations.pins import lock_releases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.operations.core import Core
    from codi_tui.operations.sync import Pulled


def pull(names: Sequence[str], *, locks: bool, frozen: bool, compiles: bool, offline: bool, as_json: bool) -> int:
    """Fetch libraries; returns the exit status: of the first that failed.

    Raises:
        CodiError: nothing could be begun.
    """
    folder = working_folder()

    async def work(core: Core, progress: Progress) -> list[Pulled]:
        wanted, failed = await sync.wanted(core, names, frozen=frozen)
        core.choices.follows_lock = not locks
        progress.total = len(wanted)
        pulled = await sync.pull(core, wanted, compiles=compiles, done=lambda one: progress.step(one.name))
        if locks and (releases := [one.release for one in pulled if one.release is not None]):
            path = lock_releases(core, releases, folder)
            progress.notice(f"{path} names {len(releases)} of them")
        return failed + pulled

    return tell(with_core(work, offline=offline, folder=folder), as_json=as_json)


def tell(pulled: Sequence[Pulled], *, as_json: bool) -> int:
    """Say what became of each library; returns the exit status."""
    if as_json:
        show_json([_facts(one) for one in pulled])
    else:
        show_lines(_line(one) for one in pulled)
    if not pulled:
        say("codi: there is nothing to fetch")
    status = OK
    for one in pulled:
        if one.error is not None:
            status = status or status_of(one.error.code)
            if not as_json:
                one.error.library = one.error.library or one.name or None
                report(one.error)
        if one.not_compiled is not None:
            notice(f"{one.name} is here, and its module could not be compiled: {one.not_compiled.message}")
    return status


def _line(one: Pulled) -> str:
    if one.library is None:
        where = f" ({one.origin})" if one.origin and one.name else one.origin
        return f"failed     {one.name}{where}: {'' if one.error is None else one.error.code}"
    before = f"{one.before} → " if one.state == "updated" and one.before else ""
    return f"{one.state:<9}  {one.name} {before}{one.library.version} ({one.origin})"


def _facts(one: Pulled) -> dict[str, Any]:
    library, error = one.library, one.error
    return {
        "origin": one.origin or None,
        "library": one.name or None,
        "state": one.state,
        "before": one.before,
        "version": None if library is None else library.version,
        "digest": None if library is None else library.digest,
        "error": None if error is None else {"code": error.code, "message": error.message, "hint": error.hint},
    }
