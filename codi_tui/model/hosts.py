"""What a host may look like, wherever an address is written."""

from __future__ import annotations

import re

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

_HOST_MAX_CHARACTERS = 253
"""RFC 1035: what a name of 255 octets on the wire is in text."""


def is_host(host: str) -> bool:
    """Whether a host is a DNS name, an IPv4 address or an IPv6 address in brackets, in the one spelling it has."""
    import ipaddress

    labels = host.split(".")
    try:
        if host.startswith("["):
            address = ipaddress.IPv6Address(host[1:-1])
            return address.ipv4_mapped is None and f"[{address}]" == host
        if labels[-1][:1].isdigit():  # no name ends so, and an address has one spelling
            ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return len(host) <= _HOST_MAX_CHARACTERS and all(_LABEL.fullmatch(label) for label in labels)
