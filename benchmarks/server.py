"""The library server over loopback: answers a second, and what 100,000 libraries cost.

Usage: python benchmarks/server.py [LIBRARIES]     (default 100000)

Manifests are of 18 kB. The load is one process with 8 connections that are kept, for 3 s each; latencies are of one
request at a time. The many libraries are rows that copy one published release under other names.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from serving import Serving, library

from codi_tui.holdings.database import transaction
from codi_tui.holdings.folder import DataFolder

SECONDS, CONNECTIONS = 3.0, 8
BOUND_MS = 50.0
"""List, search and resolve, with 100,000 libraries."""


def main() -> int:
    """Print the figures; 1 when a bound does not hold."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        data = Path(name, "data")
        server, empty_ms = start(data)
        token = server.token("library:*", "publish:*")
        with client(server, token) as publisher:
            took = [publish(publisher, number) for number in range(20)]
        print(f"publish       {statistics.median(took):7.1f} ms")
        etag = httpx.get(f"{server.origin}/api/v1/libraries/lib-0", headers=bearer(token)).headers["etag"]
        print(f"manifest 200  {rate(server, token):7.0f} a second")
        print(f"manifest 304  {rate(server, token, f'if-none-match: {etag}'):7.0f} a second")
        server.stop()
        multiply(data, count)
        many, many_ms = start(data)
        print(f"start-up      {empty_ms:7.0f} ms empty, {many_ms:.0f} ms with {count} libraries")
        slowest = latencies(many, token, count)
        many.stop()
    return 1 if slowest > BOUND_MS else 0


def start(data: Path) -> tuple[Serving, float]:
    """A server, and the milliseconds until it answered that it is ready."""
    began = time.perf_counter()
    server = Serving(data)
    httpx.get(f"{server.origin}/readyz", trust_env=False).raise_for_status()
    return server, (time.perf_counter() - began) * 1000


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


def client(server: Serving, token: str) -> httpx.Client:
    return httpx.Client(base_url=server.origin, headers=bearer(token), timeout=60, trust_env=False)


def publish(publisher: httpx.Client, number: int) -> float:
    """Publish a library; milliseconds."""
    document = library(f"lib-{number}")
    began = time.perf_counter()
    publisher.put(f"/api/v1/libraries/lib-{number}/1.1.0", content=document).raise_for_status()
    return (time.perf_counter() - began) * 1000


def rate(server: Serving, token: str, *headers: str) -> float:
    """Whole answers a second over kept connections."""
    lines = ["GET /api/v1/libraries/lib-0 HTTP/1.1", "host: x", f"authorization: Bearer {token}", *headers, "", ""]
    request, port = "\r\n".join(lines).encode(), int(server.origin.rpartition(":")[2])
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(request)
            selector.register(connection, selectors.EVENT_READ, [0, None])
        answers, end = 0, time.monotonic() + SECONDS
        while time.monotonic() < end:
            for key, _ in selector.select(1):
                answers += _take(key.fileobj, key.data, request)  # type: ignore[arg-type]
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return answers / SECONDS


def _take(connection: socket.socket, state: list[int | None], request: bytes) -> int:
    """Take in what has come; 1 when that completes an answer, and the next request is sent."""
    data = connection.recv(1 << 20)
    if state[1] is None:
        head = data[: data.index(b"\r\n\r\n")]
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        state[:] = [len(data) - len(head) - 4, int(length[0].split(b":")[1]) if length else 0]
    else:
        state[0] = (state[0] or 0) + len(data)
    if state[0] != state[1]:
        return 0
    state[:] = [0, None]
    connection.sendall(request)
    return 1


def multiply(data: Path, count: int) -> None:
    """Give a server so many libraries, each with the commands of one."""
    with transaction(DataFolder(str(data)).database) as connection:
        row = connection.execute("SELECT * FROM libraries WHERE name = 'lib-0'").fetchone()
        release = connection.execute("SELECT * FROM releases WHERE name = 'lib-0'").fetchone()
        names = [f"team-{number % 1000:03d}-tool-{number:06d}" for number in range(count)]
        connection.executemany(
            f"INSERT INTO libraries VALUES ({','.join('?' * len(row))})",
            ((name, *row[1:6], json.dumps({**json.loads(row[6]), "name": name}), row[7]) for name in names),
        )
        connection.executemany(
            f"INSERT INTO releases VALUES ({','.join('?' * len(release))})", ((name, *release[1:]) for name in names)
        )
        connection.executemany("INSERT INTO commands VALUES (?, ?, ?)", ((f"{name}.count", name, 1) for name in names))


def latencies(server: Serving, token: str, count: int) -> float:
    """Print the slowest median; the first list reads them all."""
    last = f"team-{(count - 1) % 1000:03d}-tool-{count - 1:06d}"
    slowest = 0.0
    narrow = server.token("library:team-007-*", f"library:{last}")
    with client(server, token) as caller, client(server, narrow) as other:
        began = time.perf_counter()
        caller.get("/api/v1/libraries").raise_for_status()
        print(f"first list    {(time.perf_counter() - began) * 1000:7.1f} ms")
        for what, who, path in (
            ("list", caller, "libraries"),
            ("list, far", caller, f"libraries?offset={count - 50}"),
            ("list, narrow", other, "libraries"),
            ("search, one", caller, f"libraries?filter={last[-6:]}"),
            ("search, all", caller, f"libraries?filter=count&offset={count - 50}"),
            ("search, none", caller, "libraries?filter=nothing"),
            ("search, narrow", other, "libraries?filter=tool"),
            ("resolve", caller, f"commands/{last}.count"),
            ("manifest", caller, f"libraries/{last}"),
        ):
            took = []
            for _ in range(15):
                began = time.perf_counter()
                who.get(f"/api/v1/{path}").raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
            slowest = max(slowest, statistics.median(took))
            print(f"{what:14}{statistics.median(took):7.1f} ms   (slowest {max(took):.1f})")
        publish(caller, 999)
        began = time.perf_counter()
        caller.get("/api/v1/libraries?filter=lib-999").raise_for_status()
        print(f"search after a publish {(time.perf_counter() - began) * 1000:.1f} ms")
    return slowest


if __name__ == "__main__":
    sys.exit(main())
