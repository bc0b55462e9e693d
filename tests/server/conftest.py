"""One server for all the tests that do not stop or starve it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from support.libraries import manifest, signed, subcommand
from support.library_server import LibraryServer, put, release, trust_file

PRIVATE = "acme-secret"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """A server with `demo` in two releases, and `acme-secret`, which has a command of demo's name too, and had it first."""
    folder = tmp_path_factory.mktemp("library-server")
    running = LibraryServer(folder / "data", *trust_file(folder))
    with running.client("publish:*") as publisher:
        both = {"demo": {"description": "Group", "subcommands": {"run": subcommand()}}}
        both[PRIVATE] = {"description": "Group", "subcommands": {"own": subcommand()}}
        documents = [
            (PRIVATE, "2.0.0", signed(manifest(PRIVATE, "2.0.0", commands=both), sequence=4)),
            ("demo", "1.1.0", release(1)),
            ("demo", "1.2.0", release(2, library={"description": "Newer, and greets the Wörld"})),
        ]
        for name, version, document in documents:
            assert put(publisher, document, name, version).status_code == 201
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def everything(server: LibraryServer) -> Iterator[httpx.Client]:
    """A client that may do everything."""
    with server.client("library:*", "publish:*", "run:*", "metrics") as client:
        yield client


@pytest.fixture(scope="session")
def demo_only(server: LibraryServer) -> Iterator[httpx.Client]:
    """A client that may read demo."""
    with server.client("library:demo") as client:
        yield client
