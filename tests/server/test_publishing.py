"""Publishing to the library server: what is let in, what is refused, and what of it can be seen."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from codi_tui.holdings.folder import DataFolder
from codi_tui.limits import DOCUMENT_MAX_BYTES
from support.libraries import HELLO, KEY, OTHER_KEY, manifest, signed, wasm
from support.library_server import LibraryServer, put, release, trust_file
from support.roots import entry, rule, trust
from support.trust import sign_anything


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """A server where the key may sign `demo` and `demo-…`, and another one `other`."""
    folder = tmp_path_factory.mktemp("publishing")
    document = trust(
        keys=[entry(KEY, "active"), entry(OTHER_KEY, "active")],
        rules=[rule("demo", "demo-*", "taken"), rule("other", keys=(OTHER_KEY,))],
        reserved=["taken"],
    )
    running = LibraryServer(folder / "data", *trust_file(folder, document))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def client(server: LibraryServer) -> Iterator[httpx.Client]:
    with server.client("library:*", "publish:*") as client:
        yield client


def answered(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def changed(**claims: Any) -> bytes:
    """A release 1.1.0 that says something else than its author's tool would let it, well signed."""
    parsed = json.loads(release(1))
    parsed["library"].update(claims)
    return sign_anything(parsed)


def without_module() -> bytes:
    parsed = json.loads(release(1))
    del parsed["wasm_module"]["data"]
    return json.dumps(parsed).encode()


def with_bytes(module: bytes) -> bytes:
    parsed = json.loads(release(1))
    parsed["wasm_module"]["data"] = base64.b64encode(module).decode()
    parsed["library"].update(wasm_sha256=hashlib.sha256(module).hexdigest(), wasm_size=len(module))
    return sign_anything(parsed)


REFUSED = {
    "no JSON": (lambda: b"{", "E_JSON"),
    "no manifest": (lambda: b"[]", "E_SCHEMA"),
    "a trust document": (trust, "E_SCHEMA"),
    "not signed": (lambda: release(1).replace(b"A library", b"A liberty"), "E_SIGNATURE"),
    "an unknown key": (lambda: signed(manifest(version="1.1.0"), key=type(KEY)(b"\x33" * 32)), "E_SIGNATURE"),
    "another team's key": (lambda: signed(manifest(version="1.1.0"), key=OTHER_KEY), "E_KEY_SCOPE"),
    "another library": (lambda: release(1, "demo-two"), "E_NAME_MISMATCH"),
    "another version": (lambda: release(2), "E_VERSION"),
    "another server's": (lambda: changed(registry="https://staging.example.com"), "E_REGISTRY"),
    "expired": (lambda: changed(expires_at="2026-01-02T00:00:00Z", issued_at="2026-01-01T00:00:00Z"), "E_EXPIRED"),
    "from the future": (lambda: changed(issued_at="2999-01-01T00:00:00Z"), "E_CLOCK"),
    "a wrong schema": (lambda: changed(permissions=["everything"]), "E_SCHEMA"),
    "without its module": (without_module, "E_WASM_HASH"),
    "with what is no module": (lambda: with_bytes(b"\0asm\1\0\0\0garbage"), "E_WASM_MODULE"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_client_would_refuse_is_refused_and_nothing_of_it_is_seen(client: httpx.Client, kind: str) -> None:
    make, code = REFUSED[kind]
    refusal = put(client, make(), "demo", "1.1.0")
    assert answered(refusal) == (403, code)
    assert set(refusal.json()) <= {"error", "message", "hint"}
    assert client.get("/api/v1/libraries/demo").status_code == 404
    assert client.get("/api/v1/commands/demo.run").status_code == 404
    assert "demo" not in [item["name"] for item in client.get("/api/v1/libraries").json()["libraries"]]


def test_a_reserved_name_is_not_to_be_had(client: httpx.Client) -> None:
    assert answered(put(client, release(1, "taken"), "taken", "1.1.0")) == (403, "E_NAME_RESERVED")


def test_a_release_is_there_once_and_never_changes(client: httpx.Client) -> None:
    document, name = release(5, "demo-life"), "demo-life"
    created = put(client, document, name, "1.5.0")
    assert created.status_code == 201
    again = put(client, document, name, "1.5.0")
    assert (again.status_code, again.json()) == (200, created.json())
    respaced = json.dumps(json.loads(document), indent=8).encode()
    assert put(client, respaced, name, "1.5.0").status_code == 200
    other = signed(manifest(name, "1.5.0"), sequence=6)
    assert answered(put(client, other, name, "1.5.0")) == (409, "E_EXISTS")
    assert answered(put(client, release(4, name), name, "1.4.0")) == (409, "E_ROLLBACK")
    same_place = signed(manifest(name, "1.6.0"), sequence=5)
    assert answered(put(client, same_place, name, "1.6.0")) == (409, "E_EQUIVOCATION")
    body = client.get(f"/api/v1/libraries/{name}").content
    assert created.json()["document"] in client.get(f"/api/v1/libraries/{name}").headers["etag"]
    fix = signed(manifest(name, "1.4.1"), sequence=6)
    assert put(client, fix, name, "1.4.1").status_code == 201
    assert client.get(f"/api/v1/libraries/{name}").json()["library"]["version"] == "1.4.1"
    assert client.get(f"/api/v1/libraries/{name}?version=1.5.0").content == body


def test_a_yanked_release_is_resolved_no_longer_and_still_there(client: httpx.Client) -> None:
    name = "demo-yank"
    for sequence in (1, 2):
        assert put(client, release(sequence, name), name, f"1.{sequence}.0").status_code == 201
    library = f"/api/v1/libraries/{name}"
    digest = client.get(library).headers["etag"].strip('"')
    assert client.put(f"{library}/1.2.0/yank").json() == {"name": name, "version": "1.2.0", "yanked": True}
    assert client.get(library).json()["library"]["version"] == "1.1.0"
    assert client.get(f"{library}?version=1.2.0").status_code == 200
    assert client.get(f"/api/v1/blobs/sha256/{digest}").status_code == 200
    assert [item["yanked"] for item in client.get(f"{library}/versions").json()["versions"]] == [True, False]
    client.put(f"{library}/1.1.0/yank")
    assert client.get(library).status_code == client.get(f"/api/v1/commands/{name}.run").status_code == 404
    assert name not in client.get("/api/v1/libraries").text
    assert client.delete(f"{library}/1.2.0/yank").json()["yanked"] is False
    assert client.get(library).json()["library"]["version"] == "1.2.0"
    assert client.put(f"{library}/9.0.0/yank").status_code == 404
    # a yanked release still stands against an older one in its place
    assert answered(put(client, signed(manifest(name, "0.9.0"), sequence=2), name, "0.9.0"))[0] == 409


def test_what_is_sent_is_bounded_and_of_one_type(client: httpx.Client) -> None:
    path = "/api/v1/libraries/demo/1.0.0"
    assert answered(client.put(path, content=b"{}", headers={"content-type": "text/plain"})) == (
        415,
        "unsupported_media_type",
    )
    encoded = {"content-type": "application/json", "content-encoding": "gzip"}
    assert answered(client.put(path, content=b"{}", headers=encoded))[0] == 415

    def endless() -> Iterator[bytes]:
        for _ in range(DOCUMENT_MAX_BYTES // 2**20 + 1):
            yield bytes(2**20)

    headers = {"content-type": "application/json"}
    refusal = client.put(path, content=endless(), headers=headers)
    assert answered(refusal) == (413, "E_TOO_LARGE")
    assert refusal.json()["message"] == f"a release has at most {DOCUMENT_MAX_BYTES} bytes"  # before it was parsed
    assert put(client, b"{}", "demo", "1.0.0?x=1").status_code == 400
    assert put(client, b"{}", "No-Name", "1.0.0").status_code == 404


def test_a_server_without_a_trust_document_lets_nothing_in(tmp_path: Path) -> None:
    server = LibraryServer(tmp_path / "data")
    with server.client("publish:*", "library:*") as client:
        assert answered(put(client, release(1), "demo", "1.1.0")) == (403, "E_NO_TRUST")
        assert client.get("/api/v1/trust").status_code == 404
    assert server.stop() == 0


def test_a_revoked_key_s_releases_are_offered_no_longer_and_bar_no_way(tmp_path: Path) -> None:
    """Fast-forward recovery (the trust profile, line 51): a stolen key had taken the highest sequence there is."""
    keys = [entry(KEY, "active"), entry(OTHER_KEY, "active")]
    rules = [rule("demo", keys=(KEY, OTHER_KEY))]
    server = LibraryServer(tmp_path / "data", *trust_file(tmp_path, trust(keys=keys, rules=rules)))
    with server.client("publish:*", "library:*") as client:
        assert put(client, release(1), "demo", "1.1.0").status_code == 201
        stolen = signed(manifest(version="6.6.6"), key=OTHER_KEY, sequence=2**53 - 1)
        assert put(client, stolen, "demo", "6.6.6").status_code == 201
        assert put(client, release(2), "demo", "1.2.0").status_code == 409
    assert server.stop() == 0
    revoked = trust(2, keys=[entry(KEY, "active"), entry(OTHER_KEY, "revoked")], rules=rules)
    server = LibraryServer(tmp_path / "data", *trust_file(tmp_path, revoked))
    with server.client("publish:*", "library:*") as client:
        assert client.get("/api/v1/libraries/demo").json()["library"]["version"] == "1.1.0"
        assert put(client, release(2), "demo", "1.2.0").status_code == 201
        again = signed(manifest(version="6.6.7"), key=OTHER_KEY, sequence=7)
        assert answered(put(client, again, "demo", "6.6.7")) == (403, "E_KEY_REVOKED")
    assert server.stop() == 0


def test_a_large_module_comes_whole_and_a_lost_file_is_a_fault_without_a_trace(
    server: LibraryServer, client: httpx.Client
) -> None:
    padding = b"\x07padding" + bytes(700_000)
    size = len(padding)
    module = wasm(HELLO) + b"\0" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + padding
    assert put(client, signed(manifest("demo-large", "1.0.0"), module), "demo-large", "1.0.0").status_code == 201
    digest = hashlib.sha256(module).hexdigest()
    blob = f"/api/v1/blobs/sha256/{digest}"
    assert client.get(blob).content == module
    head = client.head(blob)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(module)))
    os.unlink(DataFolder(str(server.data)).blob(digest))
    document = client.get("/api/v1/libraries/demo-large").headers["etag"].strip('"')
    os.unlink(DataFolder(str(server.data)).blob(document))
    for path in (blob, "/api/v1/libraries/demo-large"):
        fault = client.get(path)
        assert (fault.status_code, fault.json()) == (
            500,
            {"error": "internal", "message": "this is a fault in the server"},
        )
    assert client.get("/readyz").status_code == 200
