"""The read path of the library server: what is answered, how it is cached, and to whom."""

from __future__ import annotations

import hashlib
import json
import time

import httpx
import pytest

from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.tokens import create_token, revoke_token
from codi_tui.model.times import is_time
from support.libraries import HELLO, wasm
from support.library_server import LibraryServer

DEMO = "/api/v1/libraries/demo"
FORBIDDEN = b'{"error": "insufficient_permissions"}'
MODULE = f"/api/v1/blobs/sha256/{hashlib.sha256(wasm(HELLO)).hexdigest()}"


def names(client: httpx.Client, query: str = "") -> list[str]:
    return [item["name"] for item in client.get(f"/api/v1/libraries{query}").json()["libraries"]]


def error(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def test_a_library_is_its_newest_signed_document_under_the_digest_of_its_bytes(everything: httpx.Client) -> None:
    answer = everything.get(DEMO)
    document = json.loads(answer.content)
    assert document["library"]["version"] == "1.2.0"
    assert "data" not in document["wasm_module"]
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["x-library-signature"] == document["library"]["signature"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "content-encoding" not in answer.headers
    assert everything.get(f"{DEMO}?version=1.1.0").json()["library"]["sequence"] == 1
    assert everything.get(f"{DEMO}?version=9.9.9").status_code == 404


@pytest.mark.parametrize("path", [DEMO, MODULE, "/api/v1/libraries", f"{DEMO}/versions", "/api/v1/trust/1"])
def test_who_has_it_is_told_so(everything: httpx.Client, path: str) -> None:
    tag = everything.get(path).headers["etag"]
    for held in (tag, f'"other", W/{tag}', "*"):
        again = everything.get(path, headers={"if-none-match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert everything.get(path, headers={"if-none-match": '"other"'}).status_code == 200
    head = everything.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


def test_a_blob_never_changes_and_a_document_is_one_too(everything: httpx.Client) -> None:
    module = everything.get(MODULE)
    assert module.content == wasm(HELLO)
    assert module.headers["content-type"] == "application/wasm"
    assert "immutable" in module.headers["cache-control"]
    document = everything.get(DEMO)
    digest = document.headers["etag"].strip('"')
    assert everything.get(f"/api/v1/blobs/sha256/{digest}").content == document.content


def test_a_list_is_sorted_filtered_and_paged(everything: httpx.Client) -> None:
    assert names(everything)[:2] == ["acme-secret", "demo"]
    assert names(everything, "?filter=wörLD") == ["demo"]
    assert names(everything, "?filter=secret.own") == ["acme-secret"]
    assert names(everything, "?filter=nowhere") == names(everything, "?filter=demo%0Ademo") == []
    first = everything.get("/api/v1/libraries?limit=1").json()
    assert (len(first["libraries"]), first["next"]) == (1, 1)
    assert names(everything, "?limit=1&offset=1") == ["demo"]


def test_versions_are_listed_newest_first(everything: httpx.Client) -> None:
    page = everything.get(f"{DEMO}/versions").json()
    assert [(item["version"], item["yanked"]) for item in page["versions"]] == [("1.2.0", False), ("1.1.0", False)]
    assert everything.get(f"{DEMO}/versions?limit=1").json()["next"] == 1
    assert everything.get("/api/v1/libraries/absent/versions").status_code == 404


def test_the_trust_documents_are_served_as_they_are(everything: httpx.Client, server: LibraryServer) -> None:
    document = (server.data.parent / "trust.json").read_bytes()
    for path in ("trust", "trust/1", "trust/latest"):
        assert everything.get(f"/api/v1/{path}").content == document
    for path in ("trust/2", "trust/0", "trust/01", "trust/x", "trust/99999999999999999999"):
        assert everything.get(f"/api/v1/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/libraries",
        DEMO,
        f"{DEMO}/versions",
        MODULE,
        "/api/v1/commands/demo.run",
        "/api/v1/trust",
        "/api/v1/trust/1",
        "/api/v1/token",
        "/metrics",
    ],
)
def test_nothing_is_answered_without_a_token_that_counts(server: LibraryServer, path: str) -> None:
    with server.client() as nobody:
        assert error(nobody.get(path)) == (401, "unauthorized")
        for shown in ("Bearer", "Bearer x", f"Bearer codi_{'x' * 43}", "Basic YTpi", f"Bearer {'é' * 24}".encode()):
            assert error(nobody.get(path, headers={"authorization": shown})) == (401, "invalid_token")


def test_two_tokens_are_none(server: LibraryServer) -> None:
    both = [("authorization", f"Bearer {server.token('library:demo')}") for _ in range(2)]
    with server.client() as client:
        assert error(client.get(DEMO, headers=both)) == (401, "invalid_token")


def test_a_token_ends_when_it_is_revoked_or_has_expired(server: LibraryServer) -> None:
    database = DataFolder(str(server.data)).database
    text, token = create_token(database, ["library:*"], 60)
    with server.client() as client:
        assert client.get(DEMO, headers={"authorization": f"bearer {text}"}).status_code == 200
        revoke_token(database, token.id)
        assert error(client.get(DEMO, headers={"authorization": f"Bearer {text}"})) == (401, "invalid_token")
        short = {"authorization": f"Bearer {server.token('library:*', seconds=1)}"}
        deadline = time.monotonic() + 10
        while client.get(DEMO, headers=short).status_code == 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert error(client.get(DEMO, headers=short)) == (401, "invalid_token")


def test_what_is_not_permitted_is_refused_in_the_record_s_words_whether_or_not_it_is_there(
    demo_only: httpx.Client,
) -> None:
    for name in ("acme-secret", "acme-absent", "Not A Name", "demo2"):
        for path in (f"/api/v1/libraries/{name}", f"/api/v1/libraries/{name}/versions"):
            answer = demo_only.get(path)
            assert (answer.status_code, answer.content) == (403, FORBIDDEN)
        assert demo_only.put(f"/api/v1/libraries/{name}/1.0.0", content=b"{}").content == FORBIDDEN
        assert demo_only.delete(f"/api/v1/libraries/{name}/2.0.0/yank").content == FORBIDDEN
    assert demo_only.get("/metrics").content == FORBIDDEN
    assert demo_only.put(f"{DEMO}/1.0.0", content=b"{}").content == FORBIDDEN


def test_nothing_tells_a_caller_of_what_it_may_not_read(demo_only: httpx.Client, everything: httpx.Client) -> None:
    assert names(demo_only) == names(demo_only, "?filter=demo") == ["demo"]
    assert names(demo_only, "?filter=secret") == []
    hidden = everything.get("/api/v1/libraries/acme-secret").headers["etag"].strip('"')
    absent = demo_only.get(f"/api/v1/blobs/sha256/{'0' * 64}")
    assert demo_only.get(f"/api/v1/blobs/sha256/{hidden}").content == absent.content
    assert absent.status_code == 404
    # acme-secret had the command first; who cannot see that is given the library that can be seen
    assert everything.get("/api/v1/commands/demo.run").json() == {"library": "acme-secret"}
    assert everything.get("/api/v1/commands/demo:demo.run").json() == {"library": "demo"}
    assert demo_only.get("/api/v1/commands/demo.run").json() == {"library": "demo"}
    assert demo_only.get("/api/v1/commands/acme-secret.own").status_code == 404
    assert demo_only.get("/api/v1/commands/acme-secret:demo.run").status_code == 404


def test_a_prefix_permits_what_starts_so(server: LibraryServer) -> None:
    with server.client("library:acme-*") as client:
        assert names(client) == ["acme-secret"]
        assert client.get("/api/v1/libraries/acme-secret").status_code == 200
        assert client.get("/api/v1/libraries/acme").status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?limit=1&limit=2",
        "?offset=-1",
        "?offset=1000001",
        "?other=1",
        "?limit=１",
    ],
)
def test_a_query_that_says_something_else_is_refused(everything: httpx.Client, query: str) -> None:
    assert error(everything.get(f"/api/v1/libraries{query}")) == (400, "bad_query")
    assert error(everything.get("/api/v1/libraries", params={"filter": "x" * 201})) == (400, "bad_query")
    assert error(everything.get(f"{DEMO}?other=1")) == (400, "bad_query")


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/libraries/", f"{DEMO}/", "/../etc/passwd", "/%2e%2e/%2e%2e/x"])
def test_a_path_that_is_none_says_nothing_of_the_server(everything: httpx.Client, path: str) -> None:
    answer = everything.get(path)
    assert error(answer) == (404, "not_found")
    assert "location" not in answer.headers
    wrong = everything.request("PATCH", DEMO)
    assert (wrong.status_code, wrong.json(), set(wrong.headers["allow"].split(", "))) == (
        405,
        {"error": "method_not_allowed"},
        {"GET", "HEAD"},
    )
    assert "server" not in answer.headers


def test_names_that_are_none_are_not_found(everything: httpx.Client) -> None:
    for name in ("a%00b", "%FF", "A", "x" * 5000):
        assert everything.get(f"/api/v1/libraries/{name}").status_code == 404
        assert everything.get(f"/api/v1/commands/{name}").status_code == 404
        assert everything.get(f"/api/v1/blobs/sha256/{name}").status_code == 404


def test_health_needs_no_token_and_figures_name_no_library(server: LibraryServer, everything: httpx.Client) -> None:
    with server.client() as nobody:
        assert nobody.get("/healthz").json() == {"status": "alive"}
        assert nobody.get("/readyz").json() == {"status": "ready"}
        assert nobody.get("/api/v1/openapi.json").json()["openapi"] == "3.1.0"
    figures = everything.get("/metrics").text
    assert 'codi_requests_total{route="/healthz",method="GET",status="200"}' in figures
    assert "acme" not in figures


def test_a_token_says_what_it_permits_and_until_when(server: LibraryServer) -> None:
    with server.client("library:demo", "publish:acme-*") as client:
        answer = client.get("/api/v1/token")
        assert answer.headers["cache-control"] == "no-store"
        facts = answer.json()
        assert set(facts) == {"id", "permissions", "expires_at"}
        assert facts["permissions"] == ["library:demo", "publish:acme-*"]
        assert is_time(facts["expires_at"])
        assert client.get("/api/v1/token?x=1").status_code == 400
    with server.client() as nobody:
        assert error(nobody.get("/api/v1/token")) == (401, "unauthorized")
