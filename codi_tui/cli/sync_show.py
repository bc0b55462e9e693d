"""`codi sync status` and `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codi_tui.cli.exits import OK
from codi_tui.cli.page import mark, show_json, show_lines
from codi_tui.cli.sync_core import Progress, with_core
from codi_tui.errors import TrustError
from codi_tui.lock import working_folder
from codi_tui.model.times import timestamp
from codi_tui.operations.cached import damaged_artefacts, list_cached, verify_cached
from codi_tui.operations.measures import short_span, size
from codi_tui.operations.sync_status import Standing, standings

if TYPE_CHECKING:
    from codi_tui.operations.cached import CachedLibrary
    from codi_tui.operations.core import Core


def status(*, offline: bool, as_json: bool) -> int:
    """Show how current the local copy is; returns the exit status.

    Raises:
        CodiError: cache, state or lock cannot be read.
    """

    async def work(core: Core, progress: Progress) -> tuple[list[Standing], float]:
        progress.message = "asking the servers what is newest"
        return await standings(core, progress.notice), core.trust.clock()

    found, now = with_core(work, offline=offline, folder=working_folder())
    if as_json:
        show_json([_facts(standing) for standing in found])
    else:
        show_lines([_line(standing, now) for standing in found] or ["nothing is in the cache: codi sync pull"])
    return OK


def _line(standing: Standing, now: float) -> str:
    entry = standing.entry
    notes = [size(entry.packed_bytes)]
    if standing.checked_at:
        notes.append(f"asked {short_span(max(0, now - standing.checked_at))} ago")
    if entry.expires_seconds is not None and entry.expires_seconds > 0:
        notes.append(f"expires in {short_span(entry.expires_seconds)}")
    if standing.offered not in (None, entry.version):
        notes.append(f"{standing.offered} is offered")
    if entry.refusal is not None:
        notes.append(f"{entry.refusal.message} ({entry.refusal.code})")
    return f"{standing.state:<8} {entry.name} {entry.version} ({entry.origin})  {', '.join(notes)}"


def _facts(standing: Standing) -> dict[str, Any]:
    entry = standing.entry
    return {
        **_entry_facts(entry),
        "state": standing.state,
        "chosen_by": standing.chosen,
        "offered": standing.offered,
        "checked_at": timestamp(standing.checked_at) if standing.checked_at else None,
        "stored_at": timestamp(entry.row.loaded_at),
        "expires_at": None if entry.row.expires_at is None else timestamp(entry.row.expires_at),
        "size_bytes": entry.packed_bytes,
    }


def verify(*, as_json: bool) -> int:
    """Verify everything that is kept; returns the exit status.

    Raises:
        CodiError: the cache cannot be read; `E_VERIFY`, something does not hold.
    """

    async def work(core: Core, progress: Progress) -> tuple[list[CachedLibrary], list[str]]:
        entries = await list_cached(core)
        progress.total = len(entries)
        for entry in entries:
            await verify_cached(core, entry)
            progress.step(entry.name)
        return entries, damaged_artefacts(core)

    entries, damaged = with_core(work, offline=True)
    if as_json:
        show_json({"libraries": [_entry_facts(entry) for entry in entries], "damaged_compiled_modules": damaged})
    else:
        show_lines(_verdict(entry) for entry in entries)
        show_lines(f"{mark(False)} {path}: not as it was kept; it is not run, but compiled again" for path in damaged)
    refused = sum(not entry.verified for entry in entries)
    if not refused and not damaged:
        if not as_json:
            show_lines([f"all {len(entries)} hold" if entries else "nothing is in the cache"])
        return OK
    raise TrustError(
        f"{refused} of {len(entries)} libraries and {len(damaged)} compiled modules do not hold",
        code="E_VERIFY",
        hint="codi auth trust explain LIBRARY says why; codi sync evict drops one, codi sync pull fetches it again",
    )


def _verdict(entry: CachedLibrary) -> str:
    what = f"{mark(entry.verified)} {entry.name} {entry.version} ({entry.origin})"
    if entry.refusal is not None:
        return f"{what}: {entry.refusal.message} ({entry.refusal.code})"
    return f"{what}: older than what was accepted since" if entry.older else what


def _entry_facts(entry: CachedLibrary) -> dict[str, Any]:
    return {
        "origin": entry.origin,
        "library": entry.name,
        "version": entry.version,
        "digest": entry.digest,
        "verified": entry.verified,
        "code": None if entry.refusal is None else entry.refusal.code,
    }
