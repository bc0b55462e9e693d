"""Which addresses a module's request may connect to. A name is resolved once, and what was checked is connected to."""

from __future__ import annotations

import ipaddress
import socket

from codi_tui.errors import FetchError, GrantError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    Address = IPv4Address | IPv6Address

_METADATA = ipaddress.ip_address("168.63.129.16")
"""A cloud's own service at an address that is public by its number."""
_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is handed out as global unicast (RFC 4291)."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for the IPv4 address in their last 32 bits (RFC 6052)."""
LOOPBACK_NAME = "localhost"


def resolve(host: str, port: int, *, named: bool) -> list[str]:
    """The addresses of a host that a request may connect to, best first.

    Args:
        named: whether the permission names this very host, and no wildcard covers it. Then an address that stands in
            the permission is allowed whatever it is, and `localhost` is loopback.

    Raises:
        FetchError: `E_NETWORK`, there is no such name.
        GrantError: `E_HOST`, it is not on the public Internet.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"cannot find {host}: {getattr(error, 'strerror', None) or error}") from None
    texts = list(dict.fromkeys(str(item[4][0]).partition("%")[0] for item in found))
    allowed = [text for text in texts if _is_allowed(host, ipaddress.ip_address(text), named=named)]
    if not allowed:
        raise GrantError(f"{host} is not on the public Internet ({', '.join(texts)[:200]})", code="E_HOST")
    return allowed


def _is_allowed(host: str, address: Address, *, named: bool) -> bool:
    if named and (host == str(address) or (host == LOOPBACK_NAME and address.is_loopback)):
        return True
    return is_public(address)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet, and so is one that it holds inside."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None and not is_public(address.sixtofour):
            return False
        return address.is_global and address in _UNICAST
    return address.is_global and not address.is_multicast and address != _METADATA
