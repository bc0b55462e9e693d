"""`codi connect`, and publishing to a server, against the real one: at a terminal and from a script."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.registry.publish_server import refused
from codi_tui.trust.document import root_fingerprint
from conftest import CODI, Codi
from support.authoring import Registry, in_process
from support.evil import with_command
from support.libraries import OTHER_KEY, manifest, publish, signed
from support.library_server import LibraryServer, put, release, trust_file
from support.roots import rule, trust
from support.server import Server, body, serving
from support.terminal import in_session, terminal

DEMO_ONLY = trust(rules=[rule("demo", "acme-*")])
FINGERPRINT = root_fingerprint(DEMO_ONLY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """The real server, with `demo`; its trust document covers `demo` and `acme-*`."""
    folder = tmp_path_factory.mktemp("connect")
    running = LibraryServer(folder / "data", *trust_file(folder, DEMO_ONLY))
    with running.client("publish:*") as client:
        assert put(client, release(1), version="1.1.0").status_code == 201
    yield running
    running.stop()


@pytest.fixture
def registry(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Registry:
    return in_process(capsys, monkeypatch)


def connected(codi: Codi, server: LibraryServer, *permissions: str) -> None:
    words = ("connect", server.origin, "--yes", "--fingerprint", FINGERPRINT, "--token-stdin")
    result = codi(*words, stdin=server.token(*permissions).encode())
    assert result.status == 0, result


def settings(home: Path) -> dict[str, Any]:
    path = home / ".config/coditect/codi/config.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def test_a_script_connects_runs_and_goes_on_without_the_server(codi: Codi, home: Path, tmp_path: Path) -> None:
    own = LibraryServer(tmp_path / "data", *trust_file(tmp_path, DEMO_ONLY))
    with own.client("publish:*") as client:
        put(client, release(1), version="1.1.0")
    connected(codi, own, "library:*")
    assert settings(home) == {"servers": [{"url": own.origin, "insecure_loopback": True}]}
    assert codi("demo.run").stdout == b"hello\n"
    own.stop()
    assert codi("demo.run").stdout == b"hello\n"
    again = codi("connect", own.origin)
    assert (again.status, b"connected already" in again.stdout) == (0, True)


@pytest.mark.attack("A16")
def test_nothing_is_accepted_unless_the_root_is_the_named_one(server: LibraryServer, codi: Codi, home: Path) -> None:
    token = server.token("library:*").encode()
    other = codi("connect", server.origin, "--yes", "--fingerprint", "0" * 64, "--token-stdin", stdin=token)
    assert (other.status, "E_FINGERPRINT" in other.stderr) == (77, True)
    asked = codi("connect", server.origin, "--token-stdin", stdin=token)
    assert (asked.status, "E_TERMINAL" in asked.stderr) == (64, True)
    assert codi("connect", server.origin, "--yes").status == 64
    without = codi("connect", server.origin, "--yes", "--fingerprint", FINGERPRINT)
    assert (without.status, "E_LOGIN" in without.stderr, "--token-stdin" in without.stderr) == (77, True, True)
    assert settings(home) == {}
    assert not (home / ".config/coditect/codi/tokens.json").exists()
    assert codi("auth", "trust", "list", "--json").stdout.count(b"origin") == 1


def test_a_person_sees_all_of_it_and_types_the_token_unseen(server: LibraryServer, home: Path) -> None:
    token = server.token("library:*")
    with terminal(*in_session(CODI, "connect", server.origin), size=(100, 40)) as screen:
        screen.until("it is not shown")
        screen.press(f"{token}\r")
        screen.until("anything else is no")
        shown = screen.text()
        for words in ("offers       demo", "changes need 1 of 1 key", "acme-*: 1 signature of 1 key", FINGERPRINT[:4]):
            assert words in shown
        screen.press("y\r")
        screen.until("is connected")
        assert screen.finish() == 0
        assert token not in screen.text()
    assert settings(home)["servers"][0]["url"] == server.origin


def test_several_servers_and_one_is_current(server: LibraryServer, codi: Codi, home: Path, tmp_path: Path) -> None:
    path = home / ".config/coditect/codi/config.toml"
    path.parent.mkdir(parents=True)
    first = '# the team\n[[servers]]\nurl = "https://a.example"  # first\n\n[log]\nlevel = "warning"\n'
    path.write_text(first)
    connected(codi, server, "library:*")
    head, log = first.split("[log]")
    assert (path.read_text().startswith(head), path.read_text().endswith(f"\n\n[log]{log}")) == (True, True)
    name = server.origin.removeprefix("http://")
    listed = json.loads(codi("connect", "list", "--json").stdout)
    assert [(item["origin"], item["current"], item["decides"], item["token"]) for item in listed] == [
        ("https://a.example", True, "nobody", None),
        (server.origin, False, "document", "file"),
    ]
    assert codi("connect", "use", "127.0.0.1").status == 0
    assert [item["url"] for item in settings(home)["servers"]] == [server.origin, "https://a.example"]
    assert codi("connect", "list").stdout.startswith(f"* {server.origin}".encode())
    assert settings(home)["log"] == {"level": "warning"}
    assert codi("connect", "use", "nowhere").status == 66
    assert codi("connect", "remove", name).status == 64
    assert codi("connect", "remove", name, "--yes").status == 0
    assert [item["url"] for item in settings(home)["servers"]] == ["https://a.example"]
    assert codi("demo.run").status == 69
    assert json.loads((path.parent / "tokens.json").read_text()) == {}
    assert codi("connect", "remove", "a.example", "--yes").status == 0
    assert settings(home) == {"log": {"level": "warning"}}


def test_a_folder_connects_as_a_server_does(codi: Codi, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "srv"
    (folder / "trust").mkdir(parents=True)
    (folder / "trust/1.json").write_bytes(DEMO_ONLY)
    result = codi("connect", f"file://{folder}", "--yes", "--fingerprint", FINGERPRINT)
    assert (result.status, settings(home)) == (0, {"servers": [{"url": f"file://{folder}"}]})
    nothing = codi("connect", f"file://{tmp_path}", "--yes", "--fingerprint", FINGERPRINT)
    assert (nothing.status, "has no trust document" in nothing.stderr) == (66, True)


class TestPublish:
    @pytest.fixture
    def publisher(self, server: LibraryServer, codi: Codi) -> str:
        connected(codi, server, "library:*", "publish:demo", "publish:other")
        return server.origin

    def told(self, registry: Registry, tmp_path: Path, origin: str, document: bytes) -> tuple[int, str]:
        path = tmp_path / f"{json.loads(document)['library']['name']}.json"
        path.write_bytes(document)
        result = registry("publish", path, "--server", origin, "--json")
        facts = result.facts()
        return result.status, facts["error"]["code"] if "error" in facts else facts["version"]

    def test_it_is_published_once_and_each_refusal_has_its_code(
        self, publisher: str, server: LibraryServer, registry: Registry, tmp_path: Path, home: Path
    ) -> None:
        newer = release(7)
        assert self.told(registry, tmp_path, publisher, newer) == (0, "1.7.0")
        assert self.told(registry, tmp_path, publisher, newer) == (0, "1.7.0")
        changed = signed(manifest(version="1.7.0", library={"description": "Other"}), sequence=8)
        refusals = [
            (changed, (73, "E_EXISTS")),
            (release(3), (77, "E_ROLLBACK")),
            (signed(manifest(version="1.8.0"), sequence=8, key=OTHER_KEY), (77, "E_SIGNATURE")),
            (signed(manifest("other"), sequence=8), (77, "E_KEY_SCOPE")),
            (release(9, name="acme-deploy"), (77, "E_PERMISSION")),
        ]
        for document, expected in refusals:
            assert self.told(registry, tmp_path, publisher, document) == expected
        (home / ".config/coditect/codi/tokens.json").unlink()
        assert self.told(registry, tmp_path, publisher, release(9)) == (77, "E_LOGIN")
        with server.client("library:*") as reader:
            versions = reader.get("/api/v1/libraries/demo/versions").json()["versions"]
        assert [item["version"] for item in versions] == ["1.7.0", "1.1.0"]

    def test_a_release_that_its_users_would_refuse_is_not_sent(self, registry: Registry, tmp_path: Path) -> None:
        with serving(tmp_path) as site:
            site.answers["/api/v1/trust"] = body(trust())
            for document in (signed(key=OTHER_KEY), with_command(options={})):
                assert self.told(registry, tmp_path, site.origin, document)[0] == 77
            assert set(site.requests) == {"/api/v1/trust"}
        assert self.told(registry, tmp_path, site.origin, signed()) == (69, "E_NETWORK")
        for address in ("ftp://x", "file:///srv/codi", "http://libraries.example.com"):
            assert registry("publish", tmp_path / "demo.json", "--server", address).status == 64

    @pytest.mark.parametrize(
        ("status", "answer", "code"),
        [
            (401, b"", "E_LOGIN"),
            (403, b"<html>", "E_PERMISSION"),
            (403, b'{"error": "E_SCHEMA", "message": "no"}', "E_SCHEMA"),
            (408, b'{"error": "timeout"}', "E_HTTP"),
            (409, b'{"error": "E_EQUIVOCATION"}', "E_EQUIVOCATION"),
            (413, b"", "E_TOO_LARGE"),
            (302, b"", "E_REDIRECT"),
            (429, b"", "E_HTTP"),
            (503, b'{"error": ["x"]}', "E_HTTP"),
        ],
    )
    def test_every_answer_of_a_server_is_one_of_codi_s_errors(self, status: int, answer: bytes, code: str) -> None:
        from codi_tui.library.http import HttpResponse

        class Library:
            name, version = "demo", "1.0.0"

        error = refused(HttpResponse(status, {}, answer), "https://a.example", Library(), has_token=True)  # type: ignore[arg-type]
        assert error.code == code


@pytest.mark.attack("F-1")
def test_what_a_server_says_is_safe_on_a_terminal(codi: Codi, tmp_path: Path, home: Path) -> None:
    publish(tmp_path / "site", signed())
    with serving(tmp_path / "site") as site:
        site.answers["/api/v1/trust"] = body(trust())
        hostile = {"permissions": ["\x1b]52;c;x\x07library:*"], "expires_at": "\x9b2J"}
        site.answers["/api/v1/token"] = body(json.dumps(hostile).encode())
        names = {"libraries": [{"name": "demo"}, {"name": "\x1b[2J"}, {"name": 5}, 7], "next": "x"}
        site.answers["/api/v1/libraries?offset=0"] = body(json.dumps(names).encode())
        words = ("connect", site.origin, "--yes", "--fingerprint", root_fingerprint(trust()), "--token-stdin")
        for result in (codi(*words, stdin=b"codi_x"), codi("auth", "status"), codi("auth", "status", "--json")):
            assert result.status == 0
            for sign in ("\x1b", "\x07", "\x9b"):
                assert sign not in result.stderr + result.stdout.decode()
        assert isinstance(site, Server)
