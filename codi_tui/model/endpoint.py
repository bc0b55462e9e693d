"""The endpoint of a websocket handler: `wss://host[:port]/path`, or `server:/path`.

Parsed once, by one grammar (RFC 3986 without userinfo, query and fragment), at load and again at use; what was parsed
is what is connected to.
"""

from __future__ import annotations

import re

from codi_tui.model.hosts import is_host

_SEGMENT = r"/[A-Za-z0-9._~!$&'()*+,;=:@%-]+"
_SERVER = re.compile(rf"server:(?P<path>({_SEGMENT})+)", re.ASCII)
_DIRECT = re.compile(
    rf"wss://(?P<host>[a-z0-9.-]{{1,253}})(:(?P<port>[1-9][0-9]{{0,4}}))?(?P<path>({_SEGMENT})+)", re.ASCII
)
_TLS_PORT = 443
_LOOPBACK = {"127.0.0.1", "[::1]", "localhost"}


class Endpoint:
    """A parsed endpoint.

    Attributes:
        host, port: where to connect; None and 0 for `server:`.
        path: what to ask for there.
    """

    __slots__ = ("host", "path", "port")

    def __init__(self, path: str, host: str | None = None, port: int = 0) -> None:
        self.path = path
        self.host = host
        self.port = port

    @property
    def permission(self) -> str:
        """The permission that is needed, in its shortest spelling."""
        if self.host is None:
            return "ws:server"
        return f"ws:{self.host}" if self.port == _TLS_PORT else f"ws:{self.host}:{self.port}"

    def url(self, origin: str | None = None) -> str:
        """The WebSocket URL, for `server:` on an origin such as `https://libraries.example.com`.

        Raises:
            ValueError: the origin is plain http and not on loopback.
        """
        if self.host is not None:
            return f"wss://{self.host}:{self.port}{self.path}"
        scheme, _, authority = str(origin).partition("://")
        if scheme == "https":
            return f"wss://{authority}{self.path}"
        if scheme != "http" or not {authority, authority.rpartition(":")[0]} & _LOOPBACK:
            raise ValueError(f"not reached by TLS: {origin}")
        return f"ws://{authority}{self.path}"


def parse_endpoint(text: str) -> Endpoint:
    """Read a handler's endpoint.

    Raises:
        ValueError: it is neither of the two forms.
    """
    if match := _SERVER.fullmatch(text):
        return Endpoint(match["path"])
    match = _DIRECT.fullmatch(text)
    port = int(match["port"] or _TLS_PORT) if match else 0
    if match is None or not is_host(match["host"]) or port > 65535:
        raise ValueError("an endpoint is wss://host[:port]/path, or server:/path")
    return Endpoint(match["path"], match["host"], port)
