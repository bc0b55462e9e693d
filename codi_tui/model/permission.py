"""Permissions as they are written, what each covers, and what it means in plain words (design, section 4).

One grammar for the schema, for grants and for use. It is not on the way of a bundled command, whose permissions are
compared as they are written.
"""

from __future__ import annotations

import re

from codi_tui.model.hosts import is_host
from codi_tui.model.quantities import BY_KIND

_SHAPE = re.compile(
    r"(?P<plain>clock|random|ws:server)|(?P<fs>fs:read|fs:write):(?P<path>(/|~/).{0,1023})|"
    r"(?P<named>env|secret):(?P<name>[A-Za-z_][A-Za-z0-9_]{0,127})|local:(?P<function>[a-z][a-z0-9_.-]{0,127})|"
    r"(?P<limit>limit:(wall|cpu|memory|output)):(?P<amount>[0-9A-Za-z]{1,20})|"
    r"(?P<net>net|ws):(?P<host>(\*\.)?[a-z0-9.-]{1,253})(:(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)
TLS_PORT = 443
"""The port of a host that is named without one."""


class Permission:
    """One parsed permission.

    Attributes:
        kind: `net`, `ws`, `ws:server`, `fs:read`, `fs:write`, `env`, `secret`, `local`, `clock`, `random`, or
            `limit:` with `wall`, `cpu`, `memory` or `output`.
        target: the host, path, name or amount; empty for kinds that have none.
        port: of `net` and `ws`, else 0.
    """

    __slots__ = ("kind", "port", "target")

    def __init__(self, kind: str, target: str = "", port: int = 0) -> None:
        self.kind = kind
        self.target = target
        self.port = port

    def __str__(self) -> str:
        """The one normal spelling, with the port always written."""
        return ":".join([self.kind, *([self.target] if self.target else []), *([str(self.port)] if self.port else [])])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Permission) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def covers(self, wanted: Permission) -> bool:
        """Whether having this one is having the wanted one.

        Exactly the same, but for three: `*.example.com` covers one label in place of the star, as in a certificate, a
        path that ends in `/` covers what lies below it, and an amount of a limit covers any that is not more.
        """
        if (self.kind, self.port) != (wanted.kind, wanted.port):
            return False
        if limit := BY_KIND.get(self.kind):
            return limit.amount(self.target) >= limit.amount(wanted.target)
        if self.target.startswith("*."):
            label, _, rest = wanted.target.partition(".")
            return self.target == wanted.target or (label != "*" and rest == self.target[2:])
        if self.kind.startswith("fs:") and self.target.endswith("/"):
            return wanted.target.startswith(self.target)
        return self.target == wanted.target


def parse_permission(text: str) -> Permission:
    """Read a permission.

    Raises:
        ValueError: it is none of the kinds, or not in the one spelling that its kind has.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError("not a permission")
    if match["plain"]:
        return Permission(match["plain"])
    if match["fs"]:
        if not _is_plain_path(match["path"]):
            raise ValueError("not a permission: a path is written without . and .., and with nothing invisible")
        return Permission(match["fs"], match["path"])
    if match["named"]:
        return Permission(match["named"], match["name"])
    if match["function"]:
        return Permission("local", match["function"])
    if match["limit"]:
        return _limit(match["limit"], match["amount"])
    host, port = match["host"], int(match["port"] or TLS_PORT)
    if port > 65535 or not _is_host(host):
        raise ValueError("not a permission: not a host, or not a port")
    return Permission(match["net"], host, port)


def _limit(kind: str, words: str) -> Permission:
    limit = BY_KIND[kind]
    try:
        return Permission(kind, limit.words(limit.amount(words)))
    except ValueError as error:
        raise ValueError(f"not a permission: {error}") from None


def _is_host(host: str) -> bool:
    """A host; below a star at least two labels that are no address, so that no star stands for a whole top level."""
    if not host.startswith("*."):
        return is_host(host)
    return is_host(host[2:]) and "." in host[2:] and not host[-1].isdigit()


def _is_plain_path(path: str) -> bool:
    parts = path.removeprefix("~").removesuffix("/").split("/")[1:]
    return path.isprintable() and not {"", ".", ".."}.intersection(parts)


def meaning(text: str) -> str:
    """What a permission lets a library do, as one plain phrase that follows "it may"."""
    try:
        permission = parse_permission(text)
    except ValueError:
        return "do something that this codi does not know, and does not grant"
    kind, target = permission.kind, permission.target
    if kind in ("net", "ws"):
        host = f"any host directly under {target[2:]}" if target.startswith("*.") else target
        if kind == "net":
            return f"send data to and receive data from {host}, port {permission.port}"
        return f"run on the server {host}, port {permission.port}, which is sent its arguments and input"
    if kind.startswith("fs:"):
        if target.endswith("/"):
            return f"{'read' if kind == 'fs:read' else 'read, create, change and delete'} any file under {target}"
        return f"{'read' if kind == 'fs:read' else 'read, create and change'} {target}"
    if limit := BY_KIND.get(kind):
        return _MEANINGS[kind].format(limit.plain(limit.amount(target)), limit.plain(limit.default))
    return _MEANINGS[kind].format(target)


_MEANINGS = {
    "ws:server": "run on its library server, which is sent its arguments and input",
    "env": "read the environment variable {}",
    "secret": "use the secret {}",
    "local": "call codi's own function {}, outside the sandbox",
    "clock": "read the clock",
    "random": "draw random numbers",
    "limit:wall": "run for up to {} at a time, and not the {} that others have",
    "limit:cpu": "use up to {} of processor time, and not the {} that others have",
    "limit:memory": "take up to {} of memory, and not the {} that others have",
    "limit:output": "write up to {} of output, and not the {} that others have",
}
