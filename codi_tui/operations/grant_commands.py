"""Grants as they are listed, added and revoked by name; and the exact commands that hints give."""

from __future__ import annotations

from codi_tui.errors import GrantError, NotFoundError, TrustError, UsageError
from codi_tui.operations.command_line import quote
from codi_tui.trust.policy import BUNDLED, declared_and_granted, normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.operations.core import Core
    from codi_tui.state.grants import Grant
    from codi_tui.trust import CommandLibrary

_SHOWN_DIGITS = 16


def library_words(core: Core, library: CommandLibrary) -> str:
    """How a library is written so that no other is meant: by its name where there is one server only."""
    return library.name if len(core.server_origins) == 1 else library.id


def add_command(core: Core, library: CommandLibrary, permissions: Sequence[str]) -> str:
    """The command that grants permissions and has them remembered."""
    words = ["codi", "config", "grants", "add", library_words(core, library), *permissions]
    return " ".join(quote(word) for word in words)


def approve_command(core: Core, library: CommandLibrary) -> str:
    """The command that approves a library as it is now, and no other that may come meanwhile."""
    words = ["codi", "config", "grants", "approve", library_words(core, library)]
    return " ".join(quote(word) for word in [*words, "--digest", library.digest[:_SHOWN_DIGITS]])


async def find_library(core: Core, words: str) -> CommandLibrary:
    """The library that is meant by its name or by `ORIGIN/NAME`, loaded and verified.

    Raises:
        UsageError: several servers have one of this name.
        NotFoundError: there is none.
        RefusedError, FetchError: as for a run.
    """
    origin, _, name = words.rpartition("/")
    origins = [origin] if origin else await _origins_of(core, name)
    if origin == BUNDLED or (not origins and not core.server_origins):
        raise NotFoundError(f"there is no library {words[:80]!r} that could be granted anything")
    if len(origins) > 1:
        raise UsageError([f"{name[:80]} is at {' and at '.join(origins)}"], hint=f"write {origins[0]}/{name[:80]}")
    last: NotFoundError | None = None
    for candidate in origins or core.server_origins:
        try:
            return await core.loader.load_named(candidate, name)
        except NotFoundError as error:
            last = error
    raise last or NotFoundError(f"there is no library {name[:80]!r}")


async def _origins_of(core: Core, name: str) -> list[str]:
    """The servers whose library of this name is here."""
    if core.cache is None:
        return []
    return [origin for origin in core.server_origins if await core.cache.get_library(f"{origin}/{name}")]


async def add_grants(core: Core, words: str, permissions: Sequence[str]) -> CommandLibrary:
    """Grant what a library declares, and remember it.

    Raises:
        GrantError: `E_PERMISSION`, the library does not declare one of them.
        UsageError, NotFoundError, RefusedError, FetchError: as for `find_library`.
        StateError: it cannot be written.
    """
    library = await find_library(core, words)
    declared = library.manifest.permissions
    granted = declared_and_granted(declared, permissions)
    known = {normal(name) for name in granted}
    if foreign := [name for name in permissions if normal(name) not in known]:
        raise GrantError(
            f"{library.name} {library.version} does not declare {', '.join(foreign)[:500]}",
            hint=f"it declares {', '.join(declared)[:500] or 'none'}",
            library=library.name,
        )
    await core.grants.grant(library, sorted(granted))
    return library


async def find_grants(core: Core, words: str, permissions: Sequence[str] = ()) -> list[Grant]:
    """The remembered grants of a library by its name or `ORIGIN/NAME`: all of them, or those of some permissions.

    Raises:
        NotFoundError: there are none.
        StateError: they cannot be read.
    """
    origin, _, name = words.rpartition("/")
    wanted = {normal(permission) for permission in permissions}
    found = [
        grant
        for grant in await core.grants.list()
        if grant.library == name and origin in ("", grant.origin) and (not wanted or normal(grant.permission) in wanted)
    ]
    if not found or wanted - {normal(grant.permission) for grant in found}:
        what = f" {', '.join(permissions)[:500]}" if permissions else ""
        raise NotFoundError(f"{words[:200]} is not granted{what or ' anything'}", hint="codi config grants list")
    return found


async def approve_library(core: Core, words: str, digest: str | None) -> tuple[CommandLibrary, list[str]]:
    """Approve a library as it is now. Returns it and, as lines, how it differs from what was approved before.

    Raises:
        TrustError: `E_DIGEST`, it is not the one that was meant.
        UsageError, NotFoundError, RefusedError, FetchError: as for `find_library`.
        StateError: it cannot be written.
    """
    from codi_tui.operations.grants import Review
    from codi_tui.operations.question import bounded, difference_lines
    from codi_tui.trust import Permissions

    library = await find_library(core, words)
    if digest is not None and not (len(digest) >= _SHOWN_DIGITS and library.digest.startswith(digest)):
        raise TrustError(
            f"{library.name} is {library.digest[:_SHOWN_DIGITS]} now, and not {digest[:64]}",
            code="E_DIGEST",
            hint="run its command again, and look at the difference",
            library=library.name,
        )
    review = Review(library, Permissions(library, "", ()), [], core.grants)
    await review.compare(await core.grants.approved_digest(library))
    await review.remember()
    return library, bounded(difference_lines(review.changes))
