"""The record's section 7, in Python. Its times are benchmarks (benchmarks/startup.py), not tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.cache import SqliteCache
from codi_tui.cache.storage import BlockingStorage
from codi_tui.errors import FetchError
from codi_tui.library.client import LibraryClient
from codi_tui.loader import DynamicLoader
from codi_tui.operations.core import Core, assemble, drive
from codi_tui.runtime import RuntimeMode
from conftest import add_server
from support.cores import async_core
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand
from support.server import Server, serving


def library(name: str, group: str, *commands: str) -> bytes:
    subcommands = {command: subcommand() for command in commands}
    return signed(manifest(name, commands={group: {"description": group, "subcommands": subcommands}}))


@pytest.fixture
def nothing_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record's libraries are bundled now; in its tests they come from a server."""
    folder = tmp_path / "bundled"
    folder.mkdir()
    (folder / "index.json").write_text('{"commands": {}}')
    (folder / "key.json").write_text(json.dumps({"public_key": PUBLIC_KEY.hex(), "libraries": []}))
    monkeypatch.setattr("codi_tui.operations.core.bundled_folder", lambda: str(folder))


@pytest.fixture
def server(home: Path, tmp_path: Path, nothing_bundled: None) -> Iterator[Server]:
    site = tmp_path / "site"
    publish(
        site,
        library("prompt-engineering", "prompt", "generate", "test"),
        library("agent-ops", "agent", "list", "create"),
    )
    with serving(site) as running:
        add_server(home, running.origin, PUBLIC_KEY, ["prompt-engineering", "agent-ops"])
        yield running


def client_of(core: Core) -> LibraryClient:
    loader: DynamicLoader = core.loader
    (client,) = [source for source in loader._sources if isinstance(source, LibraryClient)]
    return client


async def test_library_loading(server: Server) -> None:
    async with async_core() as core:
        first = await core.loader.load_command("prompt.generate")
        assert first.library.manifest.library.name == "prompt-engineering"
        assert not first.library.cached
        second = await core.loader.load_command("prompt.test")
        assert second.library.cached
        assert len(server.requests) == 2


async def test_offline_capability(server: Server) -> None:
    async with async_core() as core:
        await core.loader.load_command("agent.list")
        client_of(core).set_offline_mode(True)
        loaded = await core.loader.load_command("agent.create")
        assert loaded.library.manifest.library.name == "agent-ops"
        with pytest.raises(FetchError) as refusal:
            await core.loader.load_command("prompt.generate")
        assert refusal.value.code == "E_OFFLINE"


def test_the_same_core_without_an_event_loop(server: Server) -> None:
    async def load() -> list[bool]:
        from codi_tui.library.http import BlockingTransport, HttpTransport

        core = await assemble(
            connect=BlockingStorage.open,
            transport=lambda network: BlockingTransport(HttpTransport(network)),
            notice=print,
        )
        loaded = [(await core.loader.load_command(name)).library.cached for name in ("prompt.generate", "prompt.test")]
        assert core.cache is not None
        await core.close()
        return loaded

    assert drive(load()) == [False, True]


def test_multi_environment_storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("K_SERVICE", "test-service")
    mode = RuntimeMode.detect()
    assert mode is RuntimeMode.CLOUD_RUN
    assert mode.cache_path() == "/var/lib/codi/cache.db"
    monkeypatch.delenv("K_SERVICE")
    mode = RuntimeMode.detect()
    assert mode is RuntimeMode.LOCAL
    assert mode.cache_path().endswith("coditect/codi/cache.db")
    cache = drive(SqliteCache.init(mode))
    assert Path(mode.cache_path()).is_file()
    drive(cache.close())
    monkeypatch.setattr("sys.platform", "emscripten")
    assert RuntimeMode.detect() is RuntimeMode.WASM
    assert RuntimeMode.WASM.cache_path() == ":memory:"
