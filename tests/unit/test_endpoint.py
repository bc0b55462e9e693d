"""A handler's endpoint: one grammar, so that what was permitted is what is connected to (attack H1)."""

from __future__ import annotations

import pytest

from codi_tui.errors import DocumentError
from codi_tui.model.endpoint import parse_endpoint
from codi_tui.model.schema import validate_manifest
from support.libraries import manifest, subcommand


@pytest.mark.parametrize(
    ("text", "url", "permission"),
    [
        (
            "wss://run.example.com/v1/run",
            "wss://run.example.com:443/v1/run",
            "ws:run.example.com",
        ),
        (
            "wss://run.example.com:443/x",
            "wss://run.example.com:443/x",
            "ws:run.example.com",
        ),
        ("wss://run.example.com:8443/x", "wss://run.example.com:8443/x", "ws:run.example.com:8443"),
        ("wss://10.0.0.1:8443/x", "wss://10.0.0.1:8443/x", "ws:10.0.0.1:8443"),
    ],
)
def test_a_direct_endpoint(text: str, url: str, permission: str) -> None:
    endpoint = parse_endpoint(text)
    assert (endpoint.url(), endpoint.permission) == (url, permission)


def test_the_server_s_own_endpoint() -> None:
    endpoint = parse_endpoint("server:/api/v1/run")
    assert endpoint.permission == "ws:server"
    assert endpoint.url("https://a.example:8443") == "wss://a.example:8443/api/v1/run"
    assert endpoint.url("http://127.0.0.1:8000") == "ws://127.0.0.1:8000/api/v1/run"
    assert endpoint.url("http://[::1]:8000") == "ws://[::1]:8000/api/v1/run"


@pytest.mark.attack("C4")
@pytest.mark.parametrize(
    "origin", ["http://a.example", "http://10.0.0.1:80", "http://127.0.0.1.evil.example:80", "ftp://127.0.0.1", ""]
)
def test_nothing_is_sent_in_the_clear_beyond_this_machine(origin: str) -> None:
    with pytest.raises(ValueError, match="TLS"):
        parse_endpoint("server:/run").url(origin)


TRICKS = [
    "", "run", "/run", "server:", "server:/", "server:run", "server://evil.example/run", "server:/a//b", "SERVER:/run",
    "ws://a.example/run", "http://a.example/run", "https://a.example/run", "WSS://a.example/run", "wss:/a.example/run",
    "wss://a.example", "wss://a.example/", "wss://A.example/run", "wss://user@a.example/run",
    "wss://user:password@a.example/run", "wss://a.example@evil.example/run", "wss://a.example/run#fragment",
    "wss://a.example/run?token=1", "wss://a.example:0/run", "wss://a.example:65536/run", "wss://a.example:0443/run",
    "wss://a.example:/run", "wss://a.example:x/run", "wss://0x7f.0.0.1/run", "wss://0177.0.0.1/run",
    "wss://2130706433/run", "wss://127.1/run", "wss://[::1]/run", "wss://[::ffff:127.0.0.1]/run", "wss://a..example/run",
    "wss://-a.example/run", "wss://a.example./run", "wss://аpple.example/run", "wss://a.example\\@evil.example/run",
    "wss://a.example/run\n", "wss://a.example /run", "wss://a_b.example/run", "wss://%61.example/run",
]  # fmt: skip


@pytest.mark.attack("H1")
@pytest.mark.parametrize("text", TRICKS)
def test_a_trick_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an endpoint is"):
        parse_endpoint(text)


@pytest.mark.attack("H1")
@pytest.mark.parametrize("text", ["ws://a.example/run", "wss://user@a.example/run"])
def test_a_manifest_with_such_an_endpoint_is_not_let_in(text: str) -> None:
    for handler in (
        {"type": "websocket", "endpoint": text},
        {"type": "wasm", "function": "f", "fallback": {"type": "websocket", "endpoint": text}},
    ):
        commands = {"demo": {"description": "", "subcommands": {"run": subcommand(handler=handler)}}}
        with pytest.raises(DocumentError, match="an endpoint is") as caught:
            validate_manifest(manifest(commands=commands))
        assert caught.value.code == "E_SCHEMA"
