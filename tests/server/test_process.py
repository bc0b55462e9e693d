"""The library server as its operator and its users meet it: starting, stopping, the folder, `codi run`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.tokens import create_token
from conftest import CODI, Codi, add_server
from support.libraries import PUBLIC_KEY
from support.library_server import LibraryServer, put, release, trust_file
from support.roots import trust
from support.server import serving

ROOT = Path(__file__).parents[2]
REGISTRY = f"{CODI}-registry"


def registry(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([REGISTRY, *map(str, words)], capture_output=True, text=True, timeout=20, check=False)


def lay_out(folder: Path, *documents: bytes) -> None:
    """What `codi-registry publish --to DIR` leaves."""
    for document in documents:
        library = json.loads(document)["library"]
        versions = folder / "versions" / library["name"]
        versions.mkdir(parents=True, exist_ok=True)
        write_whole(versions / f"{library['version']}.json", document)
        write_whole(folder / f"{library['name']}.json", document)


def write_whole(path: Path, data: bytes) -> None:
    """A file that a server which looks at any moment finds whole."""
    path.with_suffix(".part").write_bytes(data)
    path.with_suffix(".part").rename(path)


def wait_for(client: httpx.Client, path: str, status: int = 200) -> httpx.Response:
    deadline = time.monotonic() + 15
    while (answer := client.get(path)).status_code != status and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def fingerprint() -> str:
    from codi_tui.trust.document import root_fingerprint

    return root_fingerprint(trust())


def test_two_terminals(tmp_path: Path, home: Path, codi: Codi) -> None:
    """A server is started, a library published, and a user's codi runs it; then without the server; then from files."""
    data = tmp_path / "data"
    server = LibraryServer(data, "--public-read", *trust_file(tmp_path))
    made = registry("token", "create", "--data", data, "--permission", "publish:demo", "--expires", "1h")
    assert made.returncode == 0, made.stderr
    token = made.stdout.split()[1]
    with httpx.Client(base_url=server.origin, headers={"authorization": f"Bearer {token}"}) as client:
        assert put(client, release(1), "demo", "1.1.0").status_code == 201
    add_server(home, server.origin, PUBLIC_KEY, ["demo"])
    pinned = codi("auth", "trust", "add", server.origin, "--yes", "--fingerprint", fingerprint())
    assert pinned.status == 0, pinned.stderr
    ran = codi("run", "demo.run")
    assert (ran.status, ran.stdout) == (0, b"hello\n"), ran.stderr
    listed = registry("token", "list", "--data", data)
    assert token not in listed.stdout
    assert "publish:demo" in listed.stdout
    assert registry("token", "revoke", "--data", data, listed.stdout.split()[0]).returncode == 0
    assert "revoked" in registry("token", "list", "--data", data).stdout
    assert server.stop() == 0
    assert token not in json.dumps(server.log)
    assert codi("run", "demo.run").status == 0
    exported = registry("export", "--data", data, "--static", tmp_path / "site")
    assert exported.stdout.startswith("1 libraries"), exported.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with serving(tmp_path / "site") as static:
        add_server(elsewhere, static.origin, PUBLIC_KEY, ["demo"])
        added = codi(
            *("auth", "trust", "add", static.origin, "--yes", "--fingerprint", fingerprint()), HOME=str(elsewhere)
        )
        assert added.status == 0, added.stderr
        ran = codi("run", "demo.run", HOME=str(elsewhere))
        assert (ran.status, ran.stdout) == (0, b"hello\n"), ran.stderr
        assert codi("auth", "trust", "refresh", HOME=str(elsewhere)).status == 0


def test_an_export_is_brought_up_to_date(tmp_path: Path) -> None:
    data, site = tmp_path / "data", tmp_path / "site"
    server = LibraryServer(data, *trust_file(tmp_path))
    with server.client("publish:*") as client:
        for name in ("demo", "other"):
            assert put(client, release(1, name), name, "1.1.0").status_code == 201
    assert server.stop() == 0
    assert registry("export", "--data", data, "--static", site).returncode == 0
    (site / "api/v1/libraries/index.html").write_text("kept: it is none of codi's")
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}
    assert registry("yank", "other", "1.1.0", "--data", data).returncode == 0
    assert registry("export", "--data", data, "--static", site).returncode == 0
    gone = {"libraries/other", "commands/other.run"}
    after = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}
    assert {str(path.relative_to(site / "api/v1")) for path in set(before) - set(after)} == gone
    assert all(before[path] == stamp for path, stamp in after.items())
    assert {path.name for path in (site / "api/v1/trust").iterdir()} == {"1", "latest"}


def test_what_is_laid_out_in_its_folder_is_published(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lay_out(data, release(1), release(2), release(3).replace(b"A library", b"A liberty"))
    (data / "trust").mkdir()
    (data / "trust/1.json").write_bytes(trust())
    (data / "index.json").write_text("{}")
    (data / "Odd Name.json").write_text("{}")
    server = LibraryServer(data, limits={"SERVER_SCAN_SECONDS": 0.05})
    with server.client("library:*", "publish:*") as client:
        wait_for(client, "/api/v1/libraries/demo?version=1.2.0")
        assert client.get("/api/v1/libraries/demo").json()["library"]["version"] == "1.2.0"
        assert client.get("/api/v1/libraries/demo?version=1.1.0").status_code == 200
        lay_out(data, release(1, "early"))  # what comes later is looked at when all before it was
        assert wait_for(client, "/api/v1/libraries/early").status_code == 200
        assert client.get("/api/v1/libraries/demo?version=1.3.0").status_code == 404
        lay_out(data, release(3))
        assert wait_for(client, "/api/v1/libraries/demo?version=1.3.0").status_code == 200
        write_whole(data / "trust/2.json", trust(2, reserved=["kept"]))
        assert wait_for(client, "/api/v1/trust/2").status_code == 200
        write_whole(data / "trust/3.json", trust(3, signers=[1]))
        for names in (("kept", "last"), ("later",)):
            lay_out(data, *(release(1, name) for name in names))
            assert wait_for(client, f"/api/v1/libraries/{names[-1]}").status_code == 200
        assert client.get("/api/v1/libraries/kept").status_code == client.get("/api/v1/trust/3").status_code == 404
    assert server.stop() == 0
    refusals = [(Path(line["file"]).name, line["code"]) for line in server.log if "code" in line]
    # each is said once, however often it is looked at
    assert sorted(refusals) == [
        ("1.1.0.json", "E_NAME_RESERVED"),
        ("1.3.0.json", "E_SIGNATURE"),
        ("3.json", "E_THRESHOLD"),
        ("demo.json", "E_SIGNATURE"),
        ("kept.json", "E_NAME_RESERVED"),
    ]


def test_a_folder_has_one_server_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = LibraryServer(data)
    second = registry("serve", "--data", data, "--port", "0")
    assert (second.returncode, "E_STATE_BUSY" in second.stderr) == (74, True)
    for path in (data / "server").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    server.stop(signal.SIGKILL)
    left = data / "server/incoming/half"
    left.write_bytes(b"x")
    again = LibraryServer(data)
    assert not left.exists()
    assert again.stop(signal.SIGINT) == 0


def test_told_to_stop_it_finishes_what_it_has_begun(tmp_path: Path) -> None:
    """SIGTERM amid an upload: the release is taken whole, then the process ends."""
    server = LibraryServer(tmp_path / "data", *trust_file(tmp_path))
    document = release(1)
    token = server.token("publish:*")
    connection = socket.create_connection(("127.0.0.1", int(server.origin.rpartition(":")[2])), timeout=20)
    head = (
        f"PUT /api/v1/libraries/demo/1.1.0 HTTP/1.1\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {len(document)}\r\n\r\n"
    )
    connection.sendall(head.encode())
    assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(document[:100])
    ended = threading.Thread(target=server.stop)
    ended.start()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # it takes no new connection from the moment on that it drains
        try:
            socket.create_connection(("127.0.0.1", int(server.origin.rpartition(":")[2])), timeout=1).close()
        except OSError:
            break
    connection.sendall(document[100:])
    answer = connection.recv(65536)
    ended.join()
    connection.close()
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert server.process.returncode == 0
    assert not [line for line in server.log if "trace" in line]


def test_on_cloud_run_it_listens_where_it_is_told_and_logs_json(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = [sys.executable, "-m", "codi_tui.server", "--data", str(tmp_path / "data")]
    environment = {**os.environ, "K_SERVICE": "codi", "PORT": str(port)}
    with subprocess.Popen(code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["severity"], first["url"]) == ("INFO", f"http://0.0.0.0:{port}")
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["GET /readyz 200", "stopped"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--prot", "8075"], 64, "E_USAGE"),
        (["--port", "99999"], 69, "E_NETWORK"),
        (["--trust", "/nowhere"], 65, "E_INPUT"),
        (["--origin", "nonsense"], 65, "E_INPUT"),
        (["--origin", "https://elsewhere.example.com", "--trust", "TRUST"], 77, "E_REGISTRY"),
    ],
)
def test_a_mistake_is_one_line_and_a_status(tmp_path: Path, words: list[str], status: int, said: str) -> None:
    path = trust_file(tmp_path, trust(registry="https://here.example.com"))[1]
    done = registry("serve", "--data", tmp_path / "data", *(path if word == "TRUST" else word for word in words))
    lines = done.stderr.splitlines()
    assert (done.returncode, said in lines[0], len(lines) <= 2) == (status, True, True), done.stderr


def test_verbs_of_the_folder_want_one_that_is_there(tmp_path: Path) -> None:
    for words in (
        ["token", "list"],
        ["yank", "demo", "1.0.0"],
        ["export", "--static", tmp_path / "site"],
    ):
        done = registry(*words, "--data", tmp_path / "typo")
        assert "E_NOT_FOUND" in done.stderr
        assert done.returncode != 0
        assert not (tmp_path / "typo").exists()


def test_killed_at_random_moments_nothing_acknowledged_is_lost() -> None:
    """The short form of benchmarks/killing.py."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/killing.py", "5"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kills"] > 0


def test_the_description_of_the_api_is_true(tmp_path: Path) -> None:
    """Schemathesis, one phase of it; all of it is `st run` with a valid token (docs/server.md)."""
    server = LibraryServer(tmp_path / "data", *trust_file(tmp_path))
    with server.client("publish:*") as client:
        assert put(client, release(1), "demo", "1.1.0").status_code == 201
    token = server.token("library:*", "publish:*", "metrics")
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("st"), "run", f"{server.origin}/api/v1/openapi.json"),
            *("--header", f"Authorization: Bearer {token}", "--phases", "coverage", "--no-color"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert server.stop() == 0
    assert not [line for line in server.log if line["severity"] == "ERROR"]


def test_a_token_is_not_kept(tmp_path: Path) -> None:
    folder = DataFolder(str(tmp_path / "data"))
    folder.prepare()
    text, _ = create_token(folder.database, ["library:*"], 60)
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or text.encode() not in path.read_bytes()
