"""LibraryClient: the client side of the library server's API (the record, section 6; design, section 4)."""

from __future__ import annotations

from codi_tui.errors import CodiError, DocumentError, FetchError, GrantError, NotFoundError, ProtocolError
from codi_tui.library.source import Delivery, Offer
from codi_tui.limits import (
    ANSWER_MAX_BYTES,
    DOCUMENT_MAX_BYTES,
    LIST_MAX,
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


_HEX = frozenset("0123456789abcdef")
_LOGIN_PAGE = "the network may want you to log in: open a web page; or the address is not a library server's"


class TokenFacts:
    """What a server says of a token; not believed, and to be sanitised.

    Attributes:
        permissions: such as `library:acme-*`.
        expires_at: as the server writes it.
    """

    __slots__ = ("expires_at", "permissions")

    def __init__(self, permissions: list[str], expires_at: str | None) -> None:
        self.permissions = permissions
        self.expires_at = expires_at


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
            response = await self._get(f"commands/{command}", ANSWER_MAX_BYTES, what=command)
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

    async def list_offers(self) -> list[Offer]:
        offers: list[Offer] = []
        following: object = 0
        while isinstance(following, int) and len(offers) < PULL_LIBRARIES_MAX:
            path = f"libraries?offset={following:d}&limit={LIST_MAX}"
            answer = loads_strict((await self._get(path, ANSWER_MAX_BYTES, what="list of libraries")).body)
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

    async def list_libraries(self, offset: int = 0) -> tuple[list[str], int | None]:
        """A page of the names that it has for this user, and where the next one begins; None after the last."""
        answer = loads_strict((await self._get(f"libraries?offset={offset:d}", ANSWER_MAX_BYTES, what="its list")).body)
        items = answer.get("libraries") if isinstance(answer, dict) else None
        following = answer.get("next") if isinstance(answer, dict) else None
        names = [item.get("name") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        return [name for name in names if isinstance(name, str) and is_name(name)], (
            following if isinstance(following, int) and following > offset else None
        )

    async def describe_token(self) -> TokenFacts:
        """What the server says of the token that this user has for it.

        Raises:
            GrantError: `E_LOGIN`, it takes none, or not this one.
        """
        answer = loads_strict((await self._get("token", ANSWER_MAX_BYTES, what="your token")).body)
        answer = answer if isinstance(answer, dict) else {}
        permissions, expires_at = answer.get("permissions"), answer.get("expires_at")
        return TokenFacts(
            [item for item in permissions if isinstance(item, str)] if isinstance(permissions, list) else [],
            expires_at if isinstance(expires_at, str) else None,
        )

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
        if response.status != 200:
            raise refusal(response, self.origin, what)
        if response.headers.get("content-type", "").startswith("text/html"):
            raise FetchError(
                f"{self.origin} answered with a web page instead of {what}", code="E_HTTP", hint=_LOGIN_PAGE
            )
        return response


def sound_offers(page: object) -> list[Offer]:
    """What a page of a list says, without whatever is not of its shape."""
    offers = []
    for entry in page if isinstance(page, list) else ():
        name, version = (entry.get("name"), entry.get("version")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and is_name(name):
            offers.append(Offer(name, version if isinstance(version, str) and is_version(version) else None))
    return offers


def refusal(response: Response, origin: str, what: str) -> CodiError:
    """What an answer other than the wanted one means. A 403 is the one that takes a cached copy away."""
    status = response.status
    if status in (404, 410):
        return NotFoundError(f"{origin} has no {what}")
    if status == 401:
        return GrantError(
            f"{origin} wants a token for {what}, or no longer takes yours (401)",
            code="E_LOGIN",
            hint=f"codi auth login {origin}",
        )
    if status == 403:
        return GrantError(f"{origin} does not let you have {what} (403)", hint="ask its operator for access")
    if 300 <= status < 400:
        return ProtocolError(f"{origin} answered with a redirect", code="E_REDIRECT", hint=_LOGIN_PAGE)
    if status == 429:
        return FetchError(
            f"{origin} is asked too often (429)", code="E_HTTP", hint=f"try again {_when(response.headers)}"
        )
    return FetchError(
        f"{origin} answered {status} for {what}", code="E_HTTP", hint=f"try again {_when(response.headers)}"
    )


def _when(headers: dict[str, str]) -> str:
    """When a server that is busy wants to be asked again (RFC 9110, 10.2.3), if it says so in seconds."""
    seconds = headers.get("retry-after", "")
    return f"in {int(seconds)} s" if seconds.isascii() and seconds.isdigit() and len(seconds) <= 6 else "later"
