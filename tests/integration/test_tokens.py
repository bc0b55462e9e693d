"""Tokens: each goes to the one origin that it was stored for, and is nowhere that others read."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.errors import CodiError, ConfigError, InputError
from codi_tui.network import Network, origin_of
from codi_tui.operations.tokens import FILE, KEYRING, Tokens, environment_name, may_have_token
from codi_tui.runs.redact import Redactor
from conftest import Codi, add_server, data_folder
from support.keyrings import foldered
from support.libraries import PUBLIC_KEY, publish, signed
from support.server import Server, body, serving

CANARY = "codi_canary-3f1c9d5be2a74406b1f0e9d8c7"
ORIGIN = "https://libraries.example.com"


def tokens(folder: Path, **environment: str) -> Tokens:
    return Tokens(str(folder), Redactor(), environment)


def settings_folder(home: Path) -> Path:
    return home / ".config/coditect/codi"


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Iterator[Server]:
    publish(tmp_path / "site", signed())
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        server.answers["/api/v1/token"] = body(b'{"permissions": ["library:*"], "expires_at": "2027-01-01T00:00:00Z"}')
        yield server


def logged_in(codi: Codi, **environment: str) -> None:
    result = codi("auth", "login", "--token-stdin", stdin=f"{CANARY}\n".encode(), **environment)
    assert result.status == 0, result
    assert CANARY not in result.stderr + result.stdout.decode()


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://libraries.example.com", "CODI_TOKEN_LIBRARIES_EXAMPLE_COM"),
        ("https://my-libs.example.com:8443", "CODI_TOKEN_MY__LIBS_EXAMPLE_COM_8443"),
        ("http://127.0.0.1:8075", "CODI_TOKEN_127_0_0_1_8075"),
    ],
)
def test_a_variable_is_one_server_s(origin: str, name: str, tmp_path: Path) -> None:
    assert environment_name(origin) == name
    assert tokens(tmp_path, **{name: CANARY}).of(origin) == CANARY
    assert tokens(tmp_path, **{name: CANARY}).of("https://libraries-example.com") is None


@pytest.mark.attack("C4")
@pytest.mark.parametrize(
    "url",
    [
        "https://libraries.example.com:8443/x",
        "https://libraries.example.com.evil.example/x",
        "https://evil.example/libraries.example.com",
        "http://libraries.example.com/x",
        "ws://libraries.example.com/x",
        "https://LIBRARIES.example.com/x",
        "https://libraries.example.com@evil.example/x",
    ],
)
def test_it_goes_to_exactly_its_origin(url: str, tmp_path: Path) -> None:
    kept = tokens(tmp_path)
    kept.store(ORIGIN, CANARY)
    network = Network(token_of=kept.of)
    assert network.headers(url) == {}
    for own in (f"{ORIGIN}/api/v1/trust", "wss://libraries.example.com/api/v1/run"):
        assert origin_of(own) == ORIGIN
        assert network.headers(own) == {"Authorization": f"Bearer {CANARY}"}


@pytest.mark.attack("C4")
def test_it_is_never_sent_in_the_clear(tmp_path: Path) -> None:
    for origin in (
        "http://libraries.example.com",
        "http://127.0.0.1.evil.example",
        "file:///srv/codi",
        "http://10.0.0.1:80",
    ):
        assert not may_have_token(origin)
        assert tokens(tmp_path, **{environment_name(origin): CANARY}).of(origin) is None
        with pytest.raises(InputError):
            tokens(tmp_path).store(origin, CANARY)
    assert all(map(may_have_token, ("http://127.0.0.1:1", "http://localhost", "http://[::1]:80", ORIGIN)))


@pytest.mark.attack("H6")
def test_a_file_is_yours_alone_or_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "settings"
    kept = tokens(folder)
    assert kept.store(ORIGIN, CANARY) == FILE
    path = folder / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    path.chmod(0o640)
    for use in (kept.of, kept.place, kept.forget):
        with pytest.raises(ConfigError, match="not yours alone") as caught:
            use(ORIGIN)
        assert (caught.value.code, CANARY in str(caught.value.hint)) == ("E_SECRET", False)
    path.chmod(0o600)
    (folder / "elsewhere").write_bytes(path.read_bytes())
    (folder / "elsewhere").chmod(0o600)
    path.unlink()
    path.symlink_to(folder / "elsewhere")
    with pytest.raises(ConfigError):
        kept.of(ORIGIN)
    path.unlink()
    for damaged in (b"no json", b"[]", b'{"a": 1}', b"{" + b" " * (1 << 20)):
        path.write_bytes(damaged)
        path.chmod(0o600)
        with pytest.raises(ConfigError, match="damaged"):
            kept.of(ORIGIN)


@pytest.mark.attack("H7")
def test_what_is_read_is_taken_out_of_texts(tmp_path: Path) -> None:
    redactor = Redactor()
    Tokens(str(tmp_path), redactor, {environment_name(ORIGIN): CANARY}).of(ORIGIN)
    assert CANARY not in redactor.text(f"it was {CANARY}, they say")


def test_what_is_on_this_machine_goes_through_no_proxy() -> None:
    network = Network("http://proxy.example.com:3128")
    assert network.proxy_for("http://127.0.0.1:8075/api/v1/trust") is None
    assert network.proxy_for("ws://localhost:8075/api/v1/run") is None
    assert network.proxy_for(f"{ORIGIN}/api/v1/trust") == network.proxy_for("wss://a.example/") == network.proxy


@pytest.mark.parametrize("token", ["", "a b", "a\nHost: evil", "caf\u00e9", "x" * 4097, "\x00"])
def test_what_cannot_stand_in_a_header_is_no_token(token: str, tmp_path: Path) -> None:
    name = environment_name(ORIGIN)
    if token:
        with pytest.raises(InputError) as caught:
            tokens(tmp_path, **{name: token}).of(ORIGIN)
        assert token not in caught.value.message
    else:
        assert tokens(tmp_path, **{name: token}).of(ORIGIN) is None


@pytest.mark.attack("H6")
def test_it_is_kept_in_the_keyring_where_there_is_one(site: Server, codi: Codi, home: Path, tmp_path: Path) -> None:
    ring = foldered(tmp_path)
    logged_in(codi, **ring)
    assert site.tokens == [f"Bearer {CANARY}"]
    assert [path.read_text() for path in (tmp_path / "ring").iterdir()] == [CANARY]
    assert CANARY not in (settings_folder(home) / "tokens.json").read_text()
    assert codi("demo.run", **ring).stdout == b"hello\n"
    assert set(site.tokens) == {f"Bearer {CANARY}"}
    (status,) = json.loads(codi("auth", "status", "--json", **ring).stdout)
    assert (status["token"], status["permissions"]) == (KEYRING, ["library:*"])
    assert codi("auth", "logout", **ring).status == 0
    assert list((tmp_path / "ring").iterdir()) == []
    assert codi("auth", "logout", **ring).status == 66
    logged_in(codi, **ring)
    (tmp_path / "ring").rename(tmp_path / "locked")
    locked = codi("auth", "trust", "refresh", site.origin, **ring)
    assert locked.status == 77  # nothing is pinned for it, which is found before a token is needed
    locked = codi("auth", "status", **ring)
    assert (locked.status, "E_SECRET" in locked.stdout.decode()) == (78, True)


@pytest.mark.attack("H6", "H7")
def test_a_token_is_in_its_file_and_nowhere_else(site: Server, codi: Codi, home: Path) -> None:
    """Everything that codi writes, with the log at debug, of runs that work and of runs that fail."""
    with (settings_folder(home) / "config.toml").open("a") as file:
        file.write('[log]\nlevel = "debug"\n')
    warned = codi("auth", "login", "--token-stdin", stdin=CANARY.encode())
    assert (warned.status, b"in the clear" in warned.stdout) == (0, True)
    said = []
    said.append(codi("demo.run"))
    said.append(codi("auth", "status"))
    said.append(codi("connect", "list", "--json"))
    for answer in (body(CANARY.encode(), 500), body(b"{", 200), body(CANARY.encode(), 403), body(b"", 401)):
        site.answers["/api/v1/libraries/demo"] = answer
        for path in data_folder(home).glob("cache.db*"):
            path.unlink()
        said.append(codi("demo.run"))
    said.append(codi("demo.run", CODI_TRACEBACK="1"))
    said.append(codi("log", "show"))
    said.append(codi("session", "list", "--json"))
    assert [result.status for result in said] == [0, 0, 0, 69, 77, 77, 77, 77, 0, 0]
    assert set(site.tokens) == {f"Bearer {CANARY}"}
    for result in said:
        assert CANARY not in result.stderr + result.stdout.decode()
    holding = [path.name for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert holding == ["tokens.json"]


@pytest.mark.attack("C1")
def test_a_redirect_takes_no_token_along(site: Server, codi: Codi, tmp_path: Path) -> None:
    logged_in(codi)
    with serving(tmp_path / "site") as second:
        for path in ("/api/v1/commands/demo.run", "/api/v1/libraries/demo", "/api/v1/token"):
            site.answers[path] = body(b"", 307, Location=f"{second.origin}{path}")
            result = codi("auth", "status") if path.endswith("token") else codi("demo.run")
            assert (result.status, "E_REDIRECT" in result.stderr + result.stdout.decode()) == (76, True)
            del site.answers[path]
        assert second.requests == []


def test_another_server_of_the_settings_is_not_shown_it(site: Server, codi: Codi, home: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "site") as second:
        add_server(home, second.origin, PUBLIC_KEY, ["demo"])
        logged_in(codi)
        site.answers["/api/v1/commands/demo.run"] = body(b"", 404)
        assert codi("demo.run").stdout == b"hello\n"
        assert (set(site.tokens), set(second.tokens)) == ({f"Bearer {CANARY}"}, {None})


def test_a_variable_decides_and_is_not_kept(site: Server, codi: Codi, home: Path) -> None:
    logged_in(codi)
    site.tokens.clear()
    environment = {environment_name(site.origin): "codi_of-the-environment"}
    assert codi("demo.run", **environment).status == 0
    assert set(site.tokens) == {"Bearer codi_of-the-environment"}
    (status,) = json.loads(codi("auth", "status", "--json", **environment).stdout)
    assert (status["token"], status["variable"]) == ("environment", environment_name(site.origin))
    assert "of-the-environment" not in (settings_folder(home) / "tokens.json").read_text()


def test_a_token_that_the_server_does_not_take_is_not_kept(site: Server, codi: Codi, home: Path) -> None:
    site.answers["/api/v1/token"] = body(b"", 401)
    result = codi("auth", "login", "--token-stdin", stdin=CANARY.encode())
    assert (result.status, "E_LOGIN" in result.stderr) == (77, True)
    assert not (settings_folder(home) / "tokens.json").exists()
    assert codi("auth", "login", "--token-stdin").status == 64
    assert codi("auth", "login", stdin=CANARY.encode()).status == 64
    assert codi("auth", "login", "nowhere.example.com", "--token-stdin", stdin=b"x").status == 66


def test_a_host_of_files_cannot_say_what_a_token_permits(site: Server, codi: Codi) -> None:
    del site.answers["/api/v1/token"]
    refused = codi("auth", "login", "--token-stdin", stdin=CANARY.encode())
    assert refused.status == 66
    site.answers["/api/v1/trust"] = body(b"{}")
    logged_in(codi)
    assert codi("auth", "status").status == 0


def test_a_token_error_is_one_of_codi_s(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CodiError) as caught:
        tokens(tmp_path / "file/below").store(ORIGIN, CANARY)
    assert caught.value.code == "E_SECRET"
