"""One HTTP request of a module, over httpcore: no proxy, no cookie jar, no decoding, certifi's authorities alone.

Each hop is checked as the first: scheme, host and port against what was granted, and the address that the name has now.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from urllib.parse import urljoin

import httpcore

from codi_tui.errors import DocumentError, FetchError, GrantError, ProtocolError
from codi_tui.execute.http_address import LOOPBACK_NAME, resolve
from codi_tui.limits import HTTP_REDIRECTS_MAX, HTTP_RESPONSE_MAX_BYTES
from codi_tui.model.permission import parse_permission
from codi_tui.model.url import Url, parse_url
from codi_tui.tls import client_context
from codi_tui.trust.policy import covering

Headers = list[tuple[str, str]]

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e]{0,8192}", re.ASCII)
_OWN = {
    *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"),
    *("accept-encoding", "proxy-authorization", "proxy-connection", "proxy-authenticate"),
}
"""Headers of one connection, which are codi's to say."""
_HARMLESS = {"accept", "accept-language", "content-type", "user-agent"}
"""All that another origin is told after a redirect: any other header may be a credential."""


class Request:
    """What a module asks for, checked but for where it goes.

    Raises:
        ProtocolError: `E_PROTOCOL`, it is not a request.
    """

    def __init__(self, method: str, url: str, headers: Headers, body: bytes) -> None:
        if method not in _METHODS:
            raise ProtocolError(f"a method is one of {', '.join(sorted(_METHODS))}")
        for name, value in headers:
            if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ProtocolError(f"not a header: {name[:80]!r}")
            if name.lower() in _OWN:
                raise ProtocolError(f"the header {name} is codi's own to send")
        self.method = method
        self.headers = headers
        self.body = body
        self.url = _parse(url)

    def redirected(self, status: int, location: str) -> Request:
        """The request that follows a redirect (RFC 9110, section 15.4).

        Raises:
            ProtocolError: `E_REDIRECT`, it is not followed.
        """
        try:
            url = parse_url(urljoin(str(self.url), location))
        except ValueError:
            raise ProtocolError("it redirects to what is not a URL that codi takes", code="E_REDIRECT") from None
        if self.url.scheme == "https" and url.scheme != "https":
            raise ProtocolError("it redirects from https to http", code="E_REDIRECT")
        method, headers, body = self.method, self.headers, self.body
        if status == 303 or (status in (301, 302) and method == "POST"):
            method, body = ("HEAD" if method == "HEAD" else "GET"), b""
            headers = [item for item in headers if item[0].lower() != "content-type"]
        if url.origin != self.url.origin:
            headers = [item for item in headers if item[0].lower() in _HARMLESS]
            if body:
                raise ProtocolError(f"it redirects what was sent to {url.origin}", code="E_REDIRECT")
        return Request(method, str(url), headers, body)


def _parse(url: str) -> Url:
    try:
        return parse_url(url)
    except ValueError as error:
        raise ProtocolError(str(error)) from None


class Answer:
    """A whole answer, bounded."""

    def __init__(self, url: Url, status: int, headers: Headers, body: bytes) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body


def exchange(request: Request, permissions: Iterable[str], deadline: float) -> Answer:
    """Perform a request, following redirects.

    Args:
        permissions: declared ∩ granted.
        deadline: by the monotonic clock, for all of it.

    Raises:
        GrantError: `E_PERMISSION`, `E_HOST`: a hop goes where it may not.
        FetchError: `E_NETWORK`, unreachable, cut off, or too slow.
        DocumentError: `E_TOO_LARGE`.
        ProtocolError: `E_REDIRECT`, `E_PROTOCOL`.
    """
    held = [item for item in permissions if item.startswith("net:")]
    for _ in range(HTTP_REDIRECTS_MAX + 1):
        addresses = _allowed_addresses(request.url, held)
        try:
            answer = _one_hop(request, addresses, deadline)
        except (httpcore.TimeoutException, TimeoutError):
            raise FetchError(f"no whole answer from {request.url.host} in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise FetchError(f"cannot reach {request.url.host}: {reason[:200]}") from None
        location = next((value for name, value in answer.headers if name.lower() == "location"), None)
        if answer.status not in (301, 302, 303, 307, 308) or location is None:
            return answer
        request = request.redirected(answer.status, location)
    raise ProtocolError(f"it redirects more than {HTTP_REDIRECTS_MAX} times", code="E_REDIRECT")


def _allowed_addresses(url: Url, held: list[str]) -> list[str]:
    """Where a hop may connect to: checked in this order, and nothing is looked up for a host that was not granted."""
    permission = covering(held, url.permission)
    if permission is None:
        raise GrantError(f"{url.permission} is not granted")
    named = parse_permission(permission).target == url.host
    if url.scheme == "http" and not (named and url.host in ("127.0.0.1", LOOPBACK_NAME)):
        raise GrantError(f"{url.host} is reached by https alone", code="E_HOST")
    return resolve(url.host, url.port, named=named)


def _one_hop(request: Request, addresses: list[str], deadline: float) -> Answer:
    url = request.url
    headers = [("Host", url.authority), ("Accept-Encoding", "identity"), ("Connection", "close"), *request.headers]
    if not any(name.lower() == "user-agent" for name, _ in headers):
        headers.append(("User-Agent", "codi"))
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(request.body))))
    tls = client_context() if url.scheme == "https" else None
    with (
        httpcore.ConnectionPool(ssl_context=tls, retries=0, network_backend=_Addresses(addresses, deadline)) as pool,
        pool.stream(request.method, str(url), headers=headers, content=request.body) as response,
    ):
        parts, total = [], 0
        for part in response.iter_stream():
            total += len(part)
            if total > HTTP_RESPONSE_MAX_BYTES:
                raise DocumentError(f"{url.host} sent more than {HTTP_RESPONSE_MAX_BYTES} bytes", code="E_TOO_LARGE")
            parts.append(part)
        received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
        return Answer(url, response.status, [item for item in received if item[0].lower() not in _OWN], b"".join(parts))


class _Addresses(httpcore.NetworkBackend):
    """Connects to the addresses that were checked, whatever name is asked for, and to nothing else."""

    def __init__(self, addresses: list[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = OSError("no address")
        for address in self._addresses:
            try:
                connected = self._backend.connect_tcp(address, port, _left(self._deadline))
                return _Stream(connected, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection all of whose waiting together ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for at in range(0, len(buffer), _SLICE_BYTES):
            self._stream.write(buffer[at : at + _SLICE_BYTES], _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))  # type: ignore[arg-type]
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


_SLICE_BYTES = 64 * 1024


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
