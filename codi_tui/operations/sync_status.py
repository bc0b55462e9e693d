"""How current the local copy is: of each library whether it would run, is pinned, fresh, stale, expired or revoked."""

from __future__ import annotations

from codi_tui.errors import CodiError
from codi_tui.limits import TRUST_FRESH_SECONDS
from codi_tui.operations.cached import list_cached, verify_cached
from codi_tui.trust.policy import BUNDLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.operations.cached import CachedLibrary
    from codi_tui.operations.core import Core
    from codi_tui.trust import Record

_REFUSED = {"E_EXPIRED": "expired", "E_TRUST_EXPIRED": "expired", "E_KEY_REVOKED": "revoked"}


class Standing:
    """How current one cached release is.

    Attributes:
        state: `fresh` or `stale` (its server was asked within the hour, or not), `update` (its server has another
            version), `older` (a release before the newest one here), `newer`
            (another one is chosen), `pinned`, `locked`, `bundled`; or it would not run:
            `expired`, `revoked`, `refused`.
        chosen: `lock` or `pin`, when that is why it runs.
        offered: the version that its server lists, as far as it was asked. It is not signed.
        checked_at: when its server was last asked about it, Unix seconds; 0 for never.
    """

    def __init__(self, entry: CachedLibrary) -> None:
        self.entry = entry
        self.state = ""
        self.chosen: str | None = None
        self.offered: str | None = None
        self.checked_at = 0


async def standings(core: Core, notice: Callable[[str], None]) -> list[Standing]:
    """How current everything in the cache is, by origin and name. Servers are asked for their lists, unless offline.

    Args:
        notice: told which server could not say what it offers.

    Raises:
        CacheError, StateError, InputError: cache, state or the folder's lock cannot be read.
    """
    entries = await list_cached(core)
    marks = await core.trust.marks.marks() if any(entry.origin != BUNDLED for entry in entries) else {}
    offers = await _offers(core, {entry.origin for entry in entries}, notice)
    found = []
    for entry in entries:
        standing = Standing(entry)
        place = (entry.origin, entry.name)
        standing.offered = offers.get(place)
        await verify_cached(core, entry)
        await _judge(core, standing, marks.get(place))
        found.append(standing)
    return found


async def _judge(core: Core, standing: Standing, record: Record | None) -> None:
    entry = standing.entry
    if entry.origin == BUNDLED:
        standing.state = "bundled" if entry.refusal is None else "refused"
        return
    choice = await core.choices.of(entry.origin, entry.name)
    if choice is not None and choice.digest == entry.digest:
        lock = core.choices.lock
        standing.chosen = "lock" if lock is not None and lock.get(entry.origin, entry.name) is choice else "pin"
    standing.checked_at = 0 if record is None else record.checked_at
    if entry.refusal is not None:
        standing.state = _REFUSED.get(entry.refusal.code, "refused")
    elif standing.chosen is not None:
        standing.state = "locked" if standing.chosen == "lock" else "pinned"
    elif entry.older or choice is not None:
        standing.state = "older" if entry.older else "newer"
    elif standing.offered not in (None, entry.version):
        standing.state = "update"
    else:
        standing.state = "fresh" if core.trust.clock() - standing.checked_at < TRUST_FRESH_SECONDS else "stale"


async def _offers(core: Core, origins: set[str], notice: Callable[[str], None]) -> dict[tuple[str, str], str | None]:
    """What servers list; a folder without versions in its list, and a host of files, say nothing."""
    offers: dict[tuple[str, str], str | None] = {}
    for source in core.servers:
        if source.origin not in origins or (core.offline and source.networked):
            continue
        try:
            listed = await source.list_offers()
        except CodiError as error:
            notice(f"{source.origin} was not asked what is newest: {error.message}")
            continue
        offers |= {(source.origin, offer.name): offer.version for offer in listed}
    return offers
