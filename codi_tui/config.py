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
```

What there is to set is in `settings.table`. Environment variables cannot add a server or a key (trust attack H8), and a
project's `codi.toml` can make a run stricter, never more trusting (`settings.project`).
"""

from __future__ import annotations

import re

from codi_tui.errors import TrustError
from codi_tui.limits import HISTORY_DAYS, HISTORY_OUTPUT_BYTES, HISTORY_RUNS, MIB
from codi_tui.model.hosts import is_host
from codi_tui.trust.keyring import TrustedKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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


class NetworkSettings:
    """How servers are reached.

    Attributes:
        proxy: `http://host:port`, for TLS to be tunnelled through.
        ca_file: certificates that are trusted beside the usual ones.

    Raises:
        ValueError: one of them is malformed.
    """

    __slots__ = ("ca_file", "proxy")

    def __init__(self, proxy: str | None = None, ca_file: str | None = None) -> None:
        self.proxy = None if proxy is None else proxy.removesuffix("/")
        match = None if self.proxy is None else _ORIGIN.fullmatch(self.proxy)
        if self.proxy is not None and (
            not match or match["scheme"] != "http" or not match["port"] or not is_host(match["host"])
        ):
            raise ValueError("network.proxy must be http://host:port, without a user")  # which may have a password
        if ca_file is not None and not ca_file.startswith("/"):
            raise ValueError(f"network.ca_file must be an absolute path: {ca_file[:200]!r}")
        self.ca_file = ca_file


class RunSettings:
    """What a run is, where its command line does not say.

    Attributes:
        offline: whether no socket may be opened.
        output: as `--output` has it.
        timeout: as `--timeout` has it; None is the clock's own limit.
    """

    __slots__ = ("offline", "output", "timeout")

    def __init__(self, offline: bool = False, output: str = "text", timeout: float | None = None) -> None:
        self.offline = offline
        self.output = output
        self.timeout = timeout


class Settings:
    """The settings, checked.

    Attributes:
        aliases: what each name stands for.
        project: the path of the project's file that was taken in, or None.
        foreign: the path of one that was not, because it is someone else's, or None.
    """

    __slots__ = ("aliases", "foreign", "log_level", "network", "project", "run", "servers", "session")

    def __init__(
        self,
        servers: list[Server],
        log_level: str = DEFAULT_LOG_LEVEL,
        session: SessionSettings | None = None,
        *,
        run: RunSettings | None = None,
        aliases: dict[str, str] | None = None,
        network: NetworkSettings | None = None,
    ) -> None:
        self.servers = servers
        self.log_level = log_level
        self.session = session or SessionSettings()
        self.run = run or RunSettings()
        self.aliases = aliases or {}
        self.network = network or NetworkSettings()
        self.project: str | None = None
        self.foreign: str | None = None


def load_settings(path: str) -> Settings:
    """Read the settings file, and the project's that the working folder is in; a missing one is empty.

    Raises:
        ConfigError: `E_CONFIG`, one cannot be read, is not TOML, or says something that codi does not know; or the user's
            own could have been written by someone else.
    """
    from codi_tui.settings.files import PROJECT_FILE, find_upwards, read_project_file, read_settings_file

    file, project_path = read_settings_file(path), find_upwards(PROJECT_FILE)
    if file is None and project_path is None:
        return Settings([])
    document = {} if file is None else file.document
    check_settings(path, document)
    project = None if project_path is None else read_project_file(project_path)
    if project is not None:
        from codi_tui.settings.project import tightened

        document = tightened(document, project)
    settings = _settings(document)
    if project is not None:
        settings.project = project_path
    else:
        settings.foreign = project_path
    return settings


def check_settings(path: str, document: dict[str, Any]) -> None:
    """Whether a document could be the settings.

    Raises:
        ConfigError: `E_CONFIG`, with every problem.
    """
    from codi_tui.settings.check import problems_of
    from codi_tui.settings.files import refused

    problems = problems_of(document)
    try:
        if not problems:
            _settings(document)
    except (ValueError, TrustError) as error:
        problems.append(str(error))
    if problems:
        raise refused(path, problems)


def _settings(document: dict[str, Any]) -> Settings:
    """The settings that a checked document says.

    Raises:
        ValueError, TrustError: a server's address or a key is none, or one is named twice.
    """
    servers = [_server(item) for item in document.get("servers", [])]
    origins = [server.origin for server in servers]
    if twice := {origin for origin in origins if origins.count(origin) > 1}:
        raise ValueError(f"a server is named twice: {', '.join(sorted(twice))}")
    run = RunSettings(**document.get("run", {}))
    level = document.get("log", {}).get("level", DEFAULT_LOG_LEVEL)
    return Settings(
        servers,
        level,
        _session(document.get("session", {})),
        run=run,
        aliases=document.get("alias"),
        network=NetworkSettings(**document.get("network", {})),
    )


def _session(table: dict[str, Any]) -> SessionSettings:
    """0 keeps nothing."""
    members = dict(table)
    if "keep_output_mib" in members:
        members["keep_output_bytes"] = members.pop("keep_output_mib") * MIB
    return SessionSettings(**members)


def _server(table: dict[str, Any]) -> Server:
    origin = parse_origin(table["url"], insecure_loopback=table.get("insecure_loopback", False))
    return Server(origin, [_key(item) for item in table.get("trusted_keys", [])])


def _key(table: dict[str, Any]) -> TrustedKey:
    return TrustedKey(table["public_key"], table["libraries"], accept_v0=table.get("accept_v0", False))


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
