"""Which libraries are meant: by name, by `ORIGIN/NAME`, by a lock, or all that the servers offer."""

from __future__ import annotations

from codi_tui.errors import CodiError, DocumentError, NotFoundError, ProtocolError
from codi_tui.model.names import is_name, is_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.library.source import LibrarySource
    from codi_tui.operations.core import Core


class Target:
    """A library that is wanted.

    Attributes:
        sources: who may have it, in the order in which they are asked.
    """

    __slots__ = ("name", "sources")

    def __init__(self, name: str, sources: Sequence[LibrarySource]) -> None:
        self.name = name
        self.sources = sources


def split_version(text: str) -> tuple[str, str | None]:
    """`LIBRARY@VERSION` as (library, version).

    Raises:
        NotFoundError: what stands behind the @ is no version.
    """
    name, at, version = text.partition("@") if "://" not in text else _behind_host(text)
    if at and not is_version(version):
        raise NotFoundError(f"{version[:80]!r} is not a version", hint="such as deploy@1.2.0")
    return name, version if at else None


def _behind_host(text: str) -> tuple[str, str, str]:
    origin, slash, last = text.rpartition("/")
    name, at, version = last.partition("@")
    return f"{origin}{slash}{name}", at, version


async def named(core: Core, text: str) -> Target:
    """The library that a name, or `ORIGIN/NAME`, means; of several servers, those that it is here from come first.

    Raises:
        NotFoundError: it cannot be one, or its server is not in the settings.
        CacheError: the cache cannot be read.
    """
    origin, slash, name = text.rpartition("/")
    if not is_name(name):
        raise NotFoundError(f"{text[:80]!r} is not a library's name", hint="such as deploy, or ORIGIN/deploy")
    if not core.servers:
        raise NotFoundError("no library server is in the settings", hint="docs/settings.md says how to name one")
    if slash:
        return Target(name, [server_of(core, origin)])
    here = {row.id for row in await core.cache.list_libraries()} if core.cache is not None else set()
    return Target(name, sorted(core.servers, key=lambda source: f"{source.origin}/{name}" not in here))


def server_of(core: Core, origin: str) -> LibrarySource:
    """The server of an origin.

    Raises:
        NotFoundError: it is not in the settings.
    """
    for source in core.servers:
        if source.origin == origin:
            return source
    raise NotFoundError(f"{origin[:200]} is not in the settings", hint="add it to the settings file as [[servers]]")


async def offered(core: Core, source: LibrarySource) -> list[Target]:
    """All that a server offers; of one without a list, such as a host of files, what was accepted from it before.

    Raises:
        CodiError: it cannot be asked, or has no list and nothing of it is known.
    """
    try:
        return [Target(offer.name, [source]) for offer in await source.list_offers()]
    except (NotFoundError, DocumentError, ProtocolError) as error:
        known = await accepted(core, source.origin)
        if not known:
            raise NotFoundError(
                f"{source.origin} has no list of its libraries: {error.message}", hint="name those that you want"
            ) from None
        return [Target(name, [source]) for name in known]


async def accepted(core: Core, origin: str) -> list[str]:
    """The libraries that were ever accepted of a server."""
    try:
        return [name for known, name in await core.trust.marks.marks() if known == origin]
    except CodiError:
        return []
