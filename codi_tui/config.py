"""The settings file: which library servers there are, and whose signatures count for each.

```toml
[[servers]]
url = "https://libraries.example.com"

[[servers.trusted_keys]]
public_key = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
libraries = ["deploy", "acme-*"]

[log]
level = "info"

[session]
keep_days = 90

[network]
proxy = "http://proxy.example.com:3128"
ca_file = "/etc/ssl/example.pem"
```

Environment variables cannot add a server or a key (trust attack H8).
"""

from __future__ import annotations

import re

from codi_tui.errors import ConfigError, TrustError
from codi_tui.limits import HISTORY_DAYS, HISTORY_OUTPUT_BYTES, HISTORY_RUNS, MIB, SETTINGS_MAX_BYTES
from codi_tui.model.hosts import is_host
from codi_tui.runs.log import LEVELS
from codi_tui.trust.keyring import TrustedKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COUNT_MAX = 1_000_000
FOLDER_SCHEME = "file://"
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
DEFAULT_LOG_LEVEL = "info"
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(:(?P<port>[0-9]{1,5}))?", re.ASCII)


class Server:
    """A library server, or a folder that stands for one, and the keys that are trusted for it, and for no other."""

    __slots__ = ("keys", "origin")

    def __init__(self, origin: str, keys: list[TrustedKey]) -> None:
        self.origin = origin
        self.keys = keys


class NetworkSettings:
    """How servers are reached.

    Attributes:
        proxy: `http://host:port`, for TLS to be tunnelled through.
        ca_file: certificates that are trusted beside the usual ones.
    """

    __slots__ = ("ca_file", "proxy")

    def __init__(self, proxy: str | None = None, ca_file: str | None = None) -> None:
        self.proxy = proxy
        self.ca_file = ca_file


class SessionSettings:
    """What is kept of runs.

    Attributes:
        record_workspace: whether the workspace records what its runs write.
        keep_days, keep_runs: older runs are forgotten.
        keep_output_bytes: recorded output of all runs, compressed; the oldest goes first.
    """

    __slots__ = ("keep_days", "keep_output_bytes", "keep_runs", "record_workspace")

    def __init__(
        self,
        record_workspace: bool = True,
        keep_days: int = HISTORY_DAYS,
        keep_runs: int = HISTORY_RUNS,
        keep_output_bytes: int = HISTORY_OUTPUT_BYTES,
    ) -> None:
        self.record_workspace = record_workspace
        self.keep_days = keep_days
        self.keep_runs = keep_runs
        self.keep_output_bytes = keep_output_bytes


class Settings:
    """The settings, checked."""

    __slots__ = ("log_level", "network", "servers", "session")

    def __init__(
        self,
        servers: list[Server],
        log_level: str = DEFAULT_LOG_LEVEL,
        session: SessionSettings | None = None,
        network: NetworkSettings | None = None,
    ) -> None:
        self.servers = servers
        self.log_level = log_level
        self.session = session or SessionSettings()
        self.network = network or NetworkSettings()


def load_settings(path: str) -> Settings:
    """Read the settings file; a missing one is empty.

    Raises:
        ConfigError: `E_CONFIG`, it cannot be read, is not TOML, or says something that codi does not know.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(SETTINGS_MAX_BYTES + 1)
    except FileNotFoundError:
        return Settings([])
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    import tomllib

    try:
        if len(data) > SETTINGS_MAX_BYTES:
            raise ValueError(f"larger than {SETTINGS_MAX_BYTES} bytes")
        return _settings(tomllib.loads(data.decode()))
    except (ValueError, TrustError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}", hint="mend the file, or move it away") from None


def _settings(document: dict[str, Any]) -> Settings:
    _known(document, {"servers", "log", "session", "network"}, "the settings file")
    servers = [_server(item) for item in _tables(document, "servers")]
    origins = [server.origin for server in servers]
    if twice := {origin for origin in origins if origins.count(origin) > 1}:
        raise ValueError(f"a server is named twice: {', '.join(sorted(twice))}")
    network = _network(_table(document, "network"))
    return Settings(servers, _log_level(_table(document, "log")), _session(_table(document, "session")), network)


def _network(table: dict[str, Any]) -> NetworkSettings:
    _known(table, {"proxy", "ca_file"}, "[network]")
    proxy, ca_file = _value(table, "proxy", str, None), _value(table, "ca_file", str, None)
    if proxy is not None:
        match = _ORIGIN.fullmatch(proxy.removesuffix("/"))
        if match is None or match["scheme"] != "http" or not match["port"] or not is_host(match["host"]):
            raise ValueError(f"proxy must be http://host:port, without a user: {_without_user(proxy)[:80]!r}")
        proxy = proxy.removesuffix("/")
    if ca_file is not None and not ca_file.startswith("/"):
        raise ValueError(f"ca_file must be an absolute path: {ca_file[:200]!r}")
    return NetworkSettings(proxy, ca_file)


def _without_user(url: str) -> str:
    """A URL as it may be shown: what stands before an @ may be a password."""
    return url.rpartition("@")[2]


def _log_level(table: dict[str, Any]) -> str:
    _known(table, {"level"}, "[log]")
    level: str = _value(table, "level", str, DEFAULT_LOG_LEVEL)
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}")
    return level


def _session(table: dict[str, Any]) -> SessionSettings:
    _known(table, {"record_workspace", "keep_days", "keep_runs", "keep_output_mib"}, "[session]")
    return SessionSettings(
        _value(table, "record_workspace", bool, True),
        _count(table, "keep_days", HISTORY_DAYS),
        _count(table, "keep_runs", HISTORY_RUNS),
        _count(table, "keep_output_mib", HISTORY_OUTPUT_BYTES // MIB) * MIB,
    )


def _count(table: dict[str, Any], name: str, default: int) -> int:
    """0 keeps nothing."""
    number: int = _value(table, name, int, default)
    if isinstance(number, bool) or not 0 <= number <= _COUNT_MAX:
        raise ValueError(f"{name} must be a whole number from 0 to {_COUNT_MAX}")
    return number


def _server(table: dict[str, Any]) -> Server:
    _known(table, {"url", "insecure_loopback", "trusted_keys"}, "[[servers]]")
    origin = parse_origin(_value(table, "url", str), insecure_loopback=_value(table, "insecure_loopback", bool, False))
    return Server(origin, [_key(item) for item in _tables(table, "trusted_keys")])


def _key(table: dict[str, Any]) -> TrustedKey:
    _known(table, {"public_key", "libraries", "accept_v0"}, "[[servers.trusted_keys]]")
    libraries = _value(table, "libraries", list)
    if not all(isinstance(item, str) for item in libraries):
        raise ValueError("libraries must be a list of names")
    return TrustedKey(_value(table, "public_key", str), libraries, accept_v0=_value(table, "accept_v0", bool, False))


def parse_origin(url: str, *, insecure_loopback: bool = False) -> str:
    """A server's address as its origin: scheme, host and port, nothing else.

    A folder stands for a server as `file:///srv/codi`: the path as it is, with nothing %-encoded.

    Raises:
        ValueError: it is anything else, or plain http to anywhere but a loopback address that was allowed.
    """
    if url.startswith(FOLDER_SCHEME):
        return origin_of_folder(url.removeprefix(FOLDER_SCHEME).removesuffix("/"))
    match = _ORIGIN.fullmatch(url.removesuffix("/"))
    port = int(match["port"]) if match and match["port"] else None
    if match is None or not is_host(match["host"]) or (port is not None and not 0 < port < 65536):
        raise ValueError(f"not a server address such as https://libraries.example.com: {url[:80]!r}")
    scheme, host = match["scheme"], match["host"]
    if scheme == "http" and not (insecure_loopback and host in _LOOPBACK):
        raise ValueError(f"a server is reached by https (or, with insecure_loopback, http on loopback): {url[:80]!r}")
    return f"{scheme}://{host}" + ("" if port is None or (scheme, port) == ("https", 443) else f":{port}")


def origin_of_folder(path: str) -> str:
    """The origin of a folder that `codi-registry publish` writes to.

    Raises:
        ValueError: it is not an absolute path in its plain form, or has characters that a URL writes otherwise.
    """
    plain = path.startswith("/") and not {"", ".", ".."}.intersection(path[1:].split("/"))
    if not plain or not path.isprintable() or set("%?#\\") & set(path):
        raise ValueError(f"not a server's folder such as file:///srv/codi: {path[:200]!r}")
    return f"{FOLDER_SCHEME}{path}"


def _tables(table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    items = table.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError(f"{name} must be a list of tables, written [[{name}]]")
    return items


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(_value(document, name, dict, {}))


_REQUIRED = object()


def _value(table: dict[str, Any], name: str, kind: type, default: object = _REQUIRED) -> Any:
    value = table.get(name, default)
    if value is _REQUIRED:
        raise ValueError(f"{name} is missing")
    if value is not default and not isinstance(value, kind):
        raise ValueError(f"{name} must be a {_KINDS[kind]}")
    return value


_KINDS = {str: "text", bool: "true or false", list: "list", dict: "table", int: "whole number"}


def _known(table: dict[str, Any], names: set[str], where: str) -> None:
    if unknown := sorted(set(table) - names):
        raise ValueError(f"{where} has no {', '.join(unknown)[:200]}; it has {', '.join(sorted(names))}")
