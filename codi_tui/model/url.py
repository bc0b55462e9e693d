"""URLs that a module may ask for: `https://host[:port]/path?query`, in one grammar (RFC 3986 without userinfo).

What is parsed here is what is checked and what is connected to; nobody parses it a second time.
"""

from __future__ import annotations

import re

from codi_tui.limits import URL_MAX_CHARACTERS
from codi_tui.model.hosts import is_host

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(:(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<target>[/?][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.ASCII,
)
_AUTHORITY = re.compile(r"[A-Za-z]+://[A-Za-z0-9.-]+", re.ASCII)
_PORTS = {"https": 443, "http": 80}


class Url:
    """A parsed URL.

    Attributes:
        scheme: `https` or `http`.
        host: a name in lower case, or an IPv4 address.
        target: path and query, as they are sent.
    """

    __slots__ = ("host", "port", "scheme", "target")

    def __init__(self, scheme: str, host: str, port: int, target: str) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port, as the `Host` header has them."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def permission(self) -> str:
        """What is needed to ask for it."""
        return f"net:{self.host}:{self.port}"


def parse_url(text: str) -> Url:
    """Read a URL; a fragment is not part of what is asked for.

    Raises:
        ValueError: it is not of the one form that is taken.
    """
    text = text.partition("#")[0]
    if match := _AUTHORITY.match(text):
        text = match[0].lower() + text[match.end() :]
    match = _URL.fullmatch(text) if len(text) <= URL_MAX_CHARACTERS else None
    port = int(match["port"] or _PORTS[match["scheme"]]) if match else 0
    if match is None or not is_host(match["host"]) or port > 65535:
        raise ValueError("not a URL of the form https://host[:port]/path?query")
    target = match["target"] or "/"
    return Url(match["scheme"], match["host"], port, target if target.startswith("/") else f"/{target}")
