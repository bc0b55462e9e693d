"""Handlers and tokens through the real executable: where a run's token goes, and what no handler is a way to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.websocket import WebSocketExecutor
from codi_tui.network import Network
from codi_tui.operations.tokens import environment_name
from conftest import Codi, add_server, data_folder
from support.certificates import localhost
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand
from support.proxy import proxying
from support.remote import Remote, library_source
from support.run_server import running
from support.server import Server, serving

CANARY = "codi_canary-77aa10b2c3d4e5f60718"
GRANTED = ("--allow", "ws:server")


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Iterator[Server]:
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        yield server


def handled(handler: dict[str, Any], *permissions: str) -> dict[str, Any]:
    """A manifest whose command has this handler."""
    group = {"description": "Group", "subcommands": {"run": subcommand(handler=handler)}}
    return manifest(commands={"demo": group}, library={"permissions": list(permissions)})


@pytest.mark.attack("C4", "H7")
def test_a_run_shows_its_own_server_the_token_and_keeps_it_to_itself(tmp_path: Path, home: Path, codi: Codi) -> None:
    publish(tmp_path / "site", signed(library_source()))
    with running(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        environment = {environment_name(server.origin): CANARY}
        result = codi("run", *GRANTED, "--output", "jsonl", "--record", "demo.lines", **environment)
        assert result.status == 0, result
        (handshake,) = (headers for headers in server.headers if "Upgrade" in headers)
        assert handshake["Authorization"] == f"Bearer {CANARY}"
    assert CANARY not in result.stderr + result.stdout.decode()
    assert [path for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []


class Remotely(Remote):
    """As `Remote`, over a network."""

    def __init__(self, origin: str, network: Network, **source: Any) -> None:
        super().__init__(origin, **source)
        websocket = WebSocketExecutor((), network=network)
        self.executor = DynamicExecutor({"websocket": websocket, "wasm": self.fallback})


@pytest.mark.attack("C4")
async def test_an_address_that_a_library_names_is_shown_no_token(tmp_path: Path) -> None:
    context, _ = localhost(tmp_path)
    with running(tmp_path, context) as server:
        endpoint = f"wss://localhost:{server.port}/run"
        network = Network(ca_file=str(tmp_path / "server.pem"), token_of=lambda _: CANARY)
        remote = Remotely("https://a.example", network, endpoint=endpoint, permissions=(f"ws:localhost:{server.port}",))
        assert (await remote.run("lines"))[-1].type == "completed"
        assert [headers.get("Authorization") for headers in server.headers] == [None]


async def test_a_run_goes_through_the_proxy_and_by_the_authority_of_the_settings(tmp_path: Path) -> None:
    context, _ = localhost(tmp_path)
    with running(tmp_path, context) as server, proxying() as proxy:
        origin = f"https://localhost:{server.port}"
        tokens = {origin: CANARY}
        network = Network(proxy.url, str(tmp_path / "server.pem"), tokens.get)
        assert (await Remotely(origin, network).run("lines"))[-1].type == "completed"
        assert [headers.get("Authorization") for headers in server.headers] == [f"Bearer {CANARY}"]
        assert [asked.split()[1] for asked in proxy.asked] == [f"localhost:{server.port}"]
        assert CANARY not in "".join(proxy.asked)
        proxy.refuses = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
        remote = Remotely(origin, network)
        await remote.run("lines")
        assert remote.fallback.runs == 1


@pytest.mark.attack("H4")
@pytest.mark.parametrize("function", ["os.system", "builtins.eval", "../agent.create", "agent.create; id", "__class__"])
def test_a_function_that_is_not_one_of_codi_s_is_nothing_that_runs(
    function: str, site: Server, codi: Codi, tmp_path: Path
) -> None:
    from codi_tui.errors import DocumentError

    try:
        document = signed(handled({"type": "local", "function": function, "output": "json"}, f"local:{function}"))
    except DocumentError:
        return  # it cannot even be said in a manifest
    publish(tmp_path / "site", document)
    result = codi("run", "--allow", f"local:{function}", "demo.run")
    assert (result.status, result.stdout) in ((69, b""), (77, b""), (64, b""))


@pytest.mark.attack("H5")
def test_a_module_that_was_tampered_with_is_no_way_to_the_weaker_handler(
    site: Server, codi: Codi, home: Path, tmp_path: Path
) -> None:
    weaker = {"type": "local", "function": "codi.about", "output": "text"}
    stronger = {"type": "wasm", "function": "main", "output": "text", "fallback": weaker}
    document = json.loads(signed(handled(stronger, "local:codi.about")))
    whole = json.dumps(document)
    data = document["wasm_module"]["data"]
    document["wasm_module"]["data"] = data[:-8] + ("A" if data[-8] != "A" else "B") + data[-7:]
    publish(tmp_path / "site", json.dumps(document).encode())
    refused = codi("run", "--allow", "local:codi.about", "demo.run")
    assert (refused.status, refused.stdout, "E_WASM_HASH" in refused.stderr) == (77, b"", True)
    publish(tmp_path / "site", whole.encode())
    assert codi("run", "--allow", "local:codi.about", "demo.run").stdout == b"hello\n"
    for path in (data_folder(home) / "modules").glob("*.bin"):
        path.unlink()
    site.stop()
    import sqlite3

    with sqlite3.connect(data_folder(home) / "cache.db") as cache:
        cache.execute("UPDATE modules SET data = x'00'")
    cache.close()
    refused = codi("run", "--allow", "local:codi.about", "demo.run")
    assert (refused.stdout, refused.status != 0) == (b"", True)
