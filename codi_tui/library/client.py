"""LibraryClient: the client side of the library server's API (the record, section 6; design, section 4)."""

from __future__ import annotations

from codi_tui.errors import DocumentError, FetchError, GrantError, NotFoundError, ProtocolError
from codi_tui.library.source import Delivery, Offer
from codi_tui.limits import (
    DOCUMENT_MAX_BYTES,
    LIST_MAX,
    MIB,
    MODULE_MAX_BYTES,
    PULL_LIBRARIES_MAX,
    TRUST_MAX_BYTES,
)
from codi_tui.model.names import is_name, is_version, split_command
from codi_tui.trust.canonical import loads_strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Response(Protocol):
        """A whole HTTP answer, already bounded."""

        status: int
        headers: dict[str, str]
        body: bytes

    class Transport(Protocol):
        """One GET: no redirects, no content encoding, one deadline. Raises FetchError, ProtocolError and DocumentError."""

        async def get(self, url: str, *, limit_bytes: int) -> Response: ...


_ANSWER_MAX_BYTES = 1 * MIB
_HEX = frozenset("0123456789abcdef")


class LibraryClient:
    """Fetches from one library server. Names are checked before a URL is built, so no path trick leaves this machine."""

    local = False
    networked = True

    def __init__(self, origin: str, transport: Transport) -> None:
        self.origin = origin
        self._transport = transport
        self._offline = False

    def set_offline_mode(self, offline: bool) -> None:
        """Promise that no socket is opened from now on (the record, section 7)."""
        self._offline = offline

    async def find_command(self, command: str) -> str | None:
        if split_command(command) is None:
            return None
        try:
            response = await self._get(f"commands/{command}", _ANSWER_MAX_BYTES, what=command)
        except NotFoundError:
            return None
        answer = loads_strict(response.body)
        library = answer.get("library") if isinstance(answer, dict) else None
        return library if isinstance(library, str) and is_name(library) else None

    async def fetch_library(self, name: str, version: str | None = None) -> Delivery:
        if not is_name(name) or not (version is None or is_version(version)):
            raise NotFoundError(f"not a library name: {name[:80]!r}")
        query, what = (
            ("", name) if version is None else (f"?version={version.replace('+', '%2B')}", f"{name} {version}")
        )
        response = await self._get(f"libraries/{name}{query}", DOCUMENT_MAX_BYTES, what=what)
        return Delivery(response.body, response.headers.get("etag"), response.headers.get("x-library-signature"))

    async def list_libraries(self) -> list[Offer]:
        offers: list[Offer] = []
        following: object = 0
        while isinstance(following, int) and len(offers) < PULL_LIBRARIES_MAX:
            path = f"libraries?offset={following:d}&limit={LIST_MAX}"
            answer = loads_strict((await self._get(path, _ANSWER_MAX_BYTES, what="list of libraries")).body)
            page = answer.get("libraries") if isinstance(answer, dict) else None
            offers += sound_offers(page)
            known, following = following, answer.get("next") if isinstance(answer, dict) else None
            if isinstance(following, int) and following <= known:
                raise ProtocolError(f"{self.origin} lists its libraries without end")
        return offers[:PULL_LIBRARIES_MAX]

    async def fetch_module(self, digest: str, size_bytes: int) -> bytes:
        if not isinstance(size_bytes, int) or not 0 < size_bytes <= MODULE_MAX_BYTES:
            raise DocumentError(f"a module has 1 to {MODULE_MAX_BYTES} bytes", code="E_TOO_LARGE")
        if len(digest) != 64 or not set(digest) <= _HEX:
            raise DocumentError("not a SHA-256 digest", code="E_WASM_HASH")
        return (await self._get(f"blobs/sha256/{digest}", size_bytes, what="the module")).body

    async def fetch_trust(self, version: int | None = None) -> bytes:
        """The server's trust document of a version, or the latest: `/api/v1/trust` and `/api/v1/trust/{version}`.

        A host of files cannot have both `trust` and `trust/1`. It has the latest as `trust/latest`, and answers for the
        folder in its own way.
        """
        if version is not None:
            return await self._trust(f"trust/{version:d}")
        try:
            return await self._trust("trust")
        except (NotFoundError, ProtocolError):
            return await self._trust("trust/latest")

    async def _trust(self, path: str) -> bytes:
        return (await self._get(path, TRUST_MAX_BYTES, what=path.replace("/", " document "))).body

    def current_tag(self, name: str) -> str | None:
        return None

    async def _get(self, path: str, limit_bytes: int, *, what: str) -> Response:
        if self._offline:
            raise FetchError(
                f"{what} is not in the cache, and codi is offline",
                code="E_OFFLINE",
                hint="run it once without --offline while the library server can be reached",
            )
        response = await self._transport.get(f"{self.origin}/api/v1/{path}", limit_bytes=limit_bytes)
        if response.status == 200:
            return response
        raise self._refusal(response.status, what)

    def _refusal(self, status: int, what: str) -> Exception:
        if status in (404, 410):
            return NotFoundError(f"{self.origin} has no {what}")
        if status in (401, 403):
            return GrantError(
                f"{self.origin} does not let you have {what} ({status})", hint="ask its operator for access"
            )
        if 300 <= status < 400:
            return ProtocolError(f"{self.origin} answered with a redirect", code="E_REDIRECT")
        return FetchError(f"{self.origin} answered {status} for {what}", code="E_HTTP", hint="try again later")


def sound_offers(page: object) -> list[Offer]:
    """What a page of a list says, without whatever is not of its shape."""
    offers = []
    for entry in page if isinstance(page, list) else ():
        name, version = (entry.get("name"), entry.get("version")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and is_name(name):
            offers.append(Offer(name, version if isinstance(version, str) and is_version(version) else None))
    return offers
