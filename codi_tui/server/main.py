"""`codi-registry serve`: one command, one folder, one process."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys

from codi_tui.config import parse_origin
from codi_tui.errors import CodiError, ConfigError, FetchError, InputError, StateError, UsageError
from codi_tui.holdings.chain import take_in
from codi_tui.holdings.database import connect
from codi_tui.holdings.folder import DataFolder
from codi_tui.limits import SERVER_RUNS, SERVER_VANISHED_SECONDS, TRUST_MAX_BYTES
from codi_tui.runtime import RuntimeMode
from codi_tui.text import sanitize_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from codi_tui.server.running import LibraryServer

_LINE_CHARACTERS = 4000
_STATUSES = ((UsageError, 64), (InputError, 65), (FetchError, 69), (StateError, 74), (ConfigError, 78))


def main(words: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status."""
    try:
        _serve(_parser().parse_args(words))
    except CodiError as error:
        print(sanitize_line(f"codi-registry: {error.message} ({error.code})", _LINE_CHARACTERS), file=sys.stderr)
        if error.hint:
            print(sanitize_line(f"codi-registry: next: {error.hint}", _LINE_CHARACTERS), file=sys.stderr)
        return next((status for kind, status in _STATUSES if isinstance(error, kind)), 77)
    return 0


class _Parser(argparse.ArgumentParser):
    """Mistakes become codi's own errors."""

    def error(self, message: str) -> NoReturn:
        raise UsageError([message], hint=f"{self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    in_cloud = RuntimeMode.detect() is RuntimeMode.CLOUD_RUN
    parser = _Parser(
        prog="codi-registry serve", description="Serve libraries from a folder: the API at /api/v1/openapi.json."
    )
    parser.add_argument("--data", required=True, metavar="DIR", help="the folder; made when it is not there")
    parser.add_argument("--host", default="0.0.0.0" if in_cloud else "127.0.0.1", help="default: loopback only")  # noqa: S104
    parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8075"), help="default: $PORT or 8075")
    parser.add_argument("--origin", metavar="URL", help="the address that clients use; default: http://HOST:PORT")
    parser.add_argument("--trust", metavar="FILE", help="the trust document to begin with, or the next one")
    parser.add_argument("--public-read", action="store_true", help="let anybody read without a token")
    parser.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="LIBRARY=PERMISSION",
        help="what a command that runs here may do; default: nothing",
    )
    parser.add_argument("--runs", type=int, default=SERVER_RUNS, help=f"commands at once; default: {SERVER_RUNS}")
    parser.add_argument("--log", choices=("text", "json"), default="json" if in_cloud else "text")
    return parser


def _serve(options: argparse.Namespace) -> None:
    try:
        from codi_tui.server.running import LibraryServer
    except ImportError as error:
        raise ConfigError(f"the library server needs {error.name}", hint="pip install 'codi-tui[server]'") from None
    from codi_tui.server.logs import log, set_up
    from codi_tui.server.run_offer import parse_grants
    from codi_tui.server.runs import Runs

    if options.runs < 1:
        raise UsageError(["--runs is at least 1"])
    grants = parse_grants(options.grant)
    folder = DataFolder(options.data)
    folder.prepare()
    folder.lock()
    connect(folder.database).close()
    listener = _listen(options.host, options.port)
    origin = _origin(options, listener.getsockname()[1])
    if options.trust:
        take_in(folder.database, origin, _read(options.trust))
    set_up(options.log)
    runs = Runs(folder, origin, grants, options.runs)
    server: LibraryServer = LibraryServer(folder, origin, runs, public_read=options.public_read)
    # a signal that comes before the server listens for it counts too, and one that stopped it is not raised again
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    log(f"serving {folder.root} at {origin}", url=origin, reading="public" if options.public_read else "with a token")
    server.run(listener)
    log("stopped")


def _origin(options: argparse.Namespace, port: int) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    if not options.origin:
        return f"http://{host}:{port}"
    try:
        return parse_origin(options.origin, insecure_loopback=True)
    except ValueError as error:
        raise InputError(str(error)) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        raise FetchError(f"cannot listen on {host} port {port}: {error}", hint="choose another --port") from None
    # what is accepted inherits this: a peer that vanished is noticed, and one that does not read is not taken for one
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SERVER_VANISHED_SECONDS)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SERVER_VANISHED_SECONDS // 3)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    return listener


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(TRUST_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
