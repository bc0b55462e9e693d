"""`codi sync` as a person, a script and a machine without a network meet it: the real executable and library server."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from codi_tui.cache.zstd import compress
from codi_tui.library.bundle import BundleWriter
from codi_tui.model.times import timestamp
from codi_tui.trust.document import root_fingerprint
from conftest import CODI, Codi, add_server, data_folder
from support.libraries import OTHER_KEY, PUBLIC_KEY, manifest, publish, signed, subcommand
from support.library_server import LibraryServer, put, release, trust_file
from support.roots import trust
from support.server import Server, body, serving
from support.terminal import in_session, terminal

NAMES = ("alpha", "beta", "demo")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryServer]:
    """A server that anybody may read, with demo in three releases."""
    folder = tmp_path_factory.mktemp("sync")
    running = LibraryServer(folder / "data", *trust_file(folder), "--public-read")
    with running.client("publish:*") as publisher:
        for name, sequence in (("alpha", 1), ("beta", 1), ("demo", 1), ("demo", 2), ("demo", 3)):
            assert put(publisher, release(sequence, name), name, f"1.{sequence}.0").status_code == 201
    yield running
    assert running.stop() == 0


@pytest.fixture
def here(server: LibraryServer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, on a machine that knows the server."""
    add_server(home, server.origin, PUBLIC_KEY, ["*"])
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Iterator[Server]:
    """A host of files with three libraries, on whose answers a test decides."""
    publish(tmp_path / "site", *(signed(manifest(name)) for name in NAMES))
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, ["*"])
        yield running


def states(codi: Codi, *words: str) -> dict[tuple[str, str], str]:
    """What `codi sync status` says of each release."""
    found = json.loads(codi("sync", "status", "--json", *words).stdout)
    return {(one["library"], one["version"]): one["state"] for one in found}


def cached(home: Path) -> set[str]:
    """The libraries whose row is in the cache now."""
    path = data_folder(home) / "cache.db"
    if not path.exists():
        return set()
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return {row[0].rpartition("/")[2] for row in connection.execute("SELECT id FROM command_libraries")}
    except sqlite3.Error:
        return set()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.01)


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([CODI, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


class TestPull:
    def test_all_that_is_offered_comes_compiled_and_runs_offline(self, here: Path, home: Path, codi: Codi) -> None:
        pulled = codi("sync", "pull", "--json")
        assert pulled.status == 0
        assert pulled.stderr == ""
        assert [(one["library"], one["state"]) for one in json.loads(pulled.stdout)] == [
            (name, "new") for name in NAMES
        ]
        assert len(list((data_folder(home) / "modules").glob("*.bin"))) == 1  # they share one module
        assert codi("run", "--offline", "demo.run").stdout == b"hello\n"
        again = codi("sync", "pull", "demo")
        assert again.stdout.startswith(b"unchanged  demo 1.3.0 (http")
        assert states(codi) == dict.fromkeys([("alpha", "1.1.0"), ("beta", "1.1.0"), ("demo", "1.3.0")], "fresh")
        assert codi("sync", "pull", "--offline").status == 69

    def test_one_that_fails_keeps_no_other_from_coming(self, site: Server, home: Path, codi: Codi) -> None:
        site.answers["/api/v1/libraries/beta"] = body(signed(manifest("beta"), key=OTHER_KEY))
        pulled = codi("sync", "pull", "beta", "demo", "nobody", "alpha", "--no-compile")
        assert pulled.status == 77
        assert pulled.stdout.decode().split("\n")[0].startswith("failed     beta")
        assert "E_SIGNATURE" in pulled.stderr
        assert "E_NOT_FOUND" in pulled.stderr
        assert cached(home) == {"alpha", "demo"}
        assert not list((data_folder(home) / "modules").glob("*.bin"))
        known = json.loads(codi("sync", "pull", "--json").stdout)  # a host of files has no list
        assert [(one["library"], one["state"]) for one in known] == [("alpha", "unchanged"), ("demo", "unchanged")]
        del site.answers["/api/v1/libraries/beta"]
        assert codi("sync", "pull", "beta").status == 0

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
    def test_what_was_done_before_it_ended_stays_done(self, number: int, site: Server, home: Path, codi: Codi) -> None:
        let_go = threading.Event()
        slow = signed(manifest("demo"))

        def drip(handler: SimpleHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(slow)))
            handler.end_headers()
            handler.wfile.write(slow[: len(slow) // 2])
            handler.wfile.flush()
            let_go.wait(20)

        site.answers["/api/v1/libraries/demo"] = drip
        process = started("sync", "pull", *NAMES, "--no-compile")
        wait_for(lambda: cached(home) == {"alpha", "beta"}, process)
        process.send_signal(number)
        process.communicate(timeout=20)
        let_go.set()
        assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
        assert codi("sync", "verify").status == 0
        del site.answers["/api/v1/libraries/demo"]
        assert codi("sync", "pull", *NAMES, "--no-compile").status == 0
        assert cached(home) == set(NAMES)

    def test_progress_is_on_a_terminal_only_and_leaves_nothing(self, site: Server) -> None:
        whole = signed(manifest("demo"))

        def late(handler: SimpleHTTPRequestHandler) -> None:
            time.sleep(1.5)  # longer than what needs no progress
            body(whole)(handler)

        site.answers["/api/v1/libraries/demo"] = late
        with terminal(CODI, "sync", "pull", *NAMES, "--no-compile", size=(100, 24)) as screen:
            screen.until("2/3")
            assert screen.finish() == 0
            assert "2/3" not in screen.text()
            assert "new        demo 1.0.0" in screen.text()


class TestChoosing:
    def test_a_pinned_release_runs_until_it_is_given_up(self, here: Path, codi: Codi) -> None:
        assert codi("sync", "pull", "--no-compile").status == 0
        asked = codi("sync", "pin", "demo@1.1.0", stdin=b"y\n")
        assert (asked.status, "E_TERMINAL" in asked.stderr) == (64, True)
        with terminal(*in_session(CODI, "sync", "pin", "demo@1.1.0"), size=(140, 24)) as screen:
            screen.until("[y]es")
            screen.press("n", "enter")
            assert screen.finish() == 77
        with terminal(*in_session(CODI, "sync", "pin", "demo@1.1.0"), size=(140, 24)) as screen:
            screen.until("[y]es")
            screen.press("y", "enter")
            assert screen.finish() == 0
        assert json.loads(codi("run", "--dry-run", "demo.run").stdout)["version"] == "1.1.0"
        assert states(codi)["demo", "1.1.0"] == "pinned"
        assert states(codi, "--offline")["demo", "1.3.0"] == "newer"
        assert json.loads(codi("sync", "pull", "demo", "--json").stdout)[0]["state"] == "pinned"
        assert b"library.pinned" in codi("log", "show", "--audit").stdout
        assert codi("sync", "clear", "--yes").status == 0
        assert json.loads(codi("run", "--dry-run", "demo.run").stdout)["version"] == "1.1.0"
        assert codi("sync", "unpin", "demo").status == 0
        assert codi("sync", "unpin", "demo").status == 66
        assert codi("sync", "pin", "demo@../../x", "--yes").status == 66

    def test_a_lock_decides_below_its_folder_and_frozen_holds_to_it(
        self, here: Path, home: Path, codi: Codi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert codi("sync", "pull", "--frozen").status == 65
        assert codi("sync", "pull", "--lock", "--no-compile").status == 0
        path = here / "codi.lock"
        assert codi("sync", "pin", "demo@1.2.0", "--lock", "--yes").status == 0
        below = here / "src"
        below.mkdir()
        monkeypatch.chdir(below)
        assert json.loads(codi("run", "--dry-run", "demo.run").stdout)["version"] == "1.2.0"
        found = json.loads(codi("sync", "pull", "--frozen", "--json").stdout)
        assert [(one["library"], one["version"], one["state"]) for one in found] == [
            ("alpha", "1.1.0", "locked"),
            ("beta", "1.1.0", "locked"),
            ("demo", "1.2.0", "locked"),
        ]
        assert "codi.lock does not name other" in codi("sync", "pull", "--frozen", "other").stderr
        before = path.read_text()
        digest = before.split('digest = "')[3][:64]
        path.write_text(before.replace(digest, "0" * 64))
        refused = codi("sync", "pull", "--frozen")
        assert refused.status == 77
        assert "E_DIGEST" in refused.stderr
        assert codi("run", "demo.run").status == 77
        path.write_text("nothing")
        broken = codi("run", "demo.run")
        assert (broken.status, "E_LOCK" in broken.stderr) == (65, True)
        assert codi("text.count", stdin=b"a").status == 0  # bundled commands are codi's own
        assert before.count("[[library]]") == 3

    def test_a_refused_update_says_how_to_keep_the_approved_release(
        self, site: Server, tmp_path: Path, codi: Codi
    ) -> None:
        assert codi("demo.run").stdout == b"hello\n"
        other = {"demo": {"description": "Group", "subcommands": {"run": subcommand(description="Another")}}}
        publish(tmp_path / "site", signed(manifest(version="2.0.0", commands=other), sequence=2))
        assert codi("sync", "pull", "demo").stdout.startswith(b"updated    demo 1.0.0 \xe2\x86\x92 2.0.0")
        refused = codi("demo.run")
        assert (refused.status, "E_CHANGED" in refused.stderr) == (77, True)
        assert "to keep using 1.0.0: codi sync pin demo@1.0.0; to approve it:" in refused.stderr
        assert codi("sync", "pin", "demo@1.0.0", "--yes", "--offline").status == 0
        assert codi("demo.run").stdout == b"hello\n"

    def test_an_expired_library_runs_on_a_terminal_only(self, site: Server, tmp_path: Path, codi: Codi) -> None:
        soon = timestamp(time.time() + 4)
        publish(tmp_path / "site", signed(manifest("demo", library={"expires_at": soon})))
        assert codi("sync", "pull", "demo").status == 0
        site.answers["/api/v1/libraries/demo"] = body(b"", status=503)
        wait_for(lambda: timestamp(time.time()) > soon)
        assert codi("demo.run").status == 77
        assert "expired" in codi("sync", "status").stdout.decode()
        scripted = codi("run", "--allow-expired", "demo.run", stdin=b"y\n")
        assert (scripted.status, scripted.stdout) == (64, b"")
        with terminal(*in_session(CODI, "run", "--allow-expired", "demo.run"), size=(140, 24)) as screen:
            screen.until("[y]es")
            screen.press("y", "enter")
            assert screen.finish() == 0
            assert "hello" in screen.text()
        assert b"library.expired_allowed" in codi("log", "show", "--audit").stdout


class TestTidying:
    def test_what_is_dropped_comes_back_and_nothing_is_forgotten(self, here: Path, home: Path, codi: Codi) -> None:
        assert codi("sync", "pull").status == 0
        assert codi("sync", "evict", "alpha").stdout.startswith(b"evicted alpha 1.1.0")
        assert b"alpha.run" not in codi("help").stdout
        assert codi("sync", "evict", "alpha").status == 66
        assert codi("sync", "prune").status == 64
        assert b"0 of the cache" in codi("sync", "prune", "--older-than", "1h").stdout
        assert len(json.loads(codi("sync", "prune", "--larger-than", "1kB", "--dry-run", "--json").stdout)) == 2
        assert codi("sync", "pin", "demo", "--yes").status == 0
        assert [
            one["library"] for one in json.loads(codi("sync", "prune", "--larger-than", "1kB", "--json").stdout)
        ] == ["beta"]
        assert cached(home) == {"demo"}
        assert codi("sync", "clear").status == 64
        assert codi("sync", "clear", "--yes").status == 0
        assert cached(home) == set()
        assert not list((data_folder(home) / "modules").glob("*.bin"))
        assert codi("demo.run").stdout == b"hello\n"

    @pytest.mark.attack("A2", "D10")
    def test_an_older_release_is_refused_after_clear_too(self, site: Server, tmp_path: Path, codi: Codi) -> None:
        publish(tmp_path / "site", signed(sequence=5))
        assert codi("sync", "pull", "demo", "--no-compile").status == 0
        assert codi("sync", "clear", "--yes").status == 0
        publish(tmp_path / "site", signed(sequence=4))
        refused = codi("sync", "pull", "demo")
        assert refused.status == 77
        assert "E_ROLLBACK" in refused.stderr

    def test_verify_finds_rows_modules_and_compiled_modules(self, here: Path, home: Path, codi: Codi) -> None:
        assert codi("sync", "pull").status == 0
        artefact = next((data_folder(home) / "modules").glob("*.bin"))
        whole = artefact.read_bytes()
        artefact.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        found = codi("sync", "verify", "--json")
        assert found.status == 77
        assert json.loads(found.stdout)["damaged_compiled_modules"] == [str(artefact)]
        artefact.write_bytes(whole)
        assert codi("sync", "verify").status == 0
        with closing(sqlite3.connect(data_folder(home) / "cache.db")) as connection:
            connection.execute("UPDATE modules SET data = ?", (compress(b"\0asm\1\0\0\0"),))
            connection.execute("UPDATE command_libraries SET hash = ? WHERE id LIKE '%beta'", ("0" * 64,))
            connection.commit()
        found = codi("sync", "verify", "--json")
        codes = {one["library"]: one["code"] for one in json.loads(found.stdout)["libraries"]}
        assert (found.status, codes) == (77, {"alpha": "E_WASM_HASH", "beta": "E_DIGEST", "demo": "E_WASM_HASH"})


class TestBundle:
    @pytest.fixture
    def carried(self, here: Path, codi: Codi) -> Path:
        """A bundle of all three."""
        assert codi("sync", "pull", "--no-compile").status == 0
        assert codi("sync", "export", "all.codi").status == 0
        return here / "all.codi"

    @pytest.fixture
    def elsewhere(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Another machine: call it to be there."""
        folder = home.with_name("elsewhere")
        folder.mkdir()
        return folder

    def test_another_machine_takes_it_in_as_from_the_server(
        self, carried: Path, elsewhere: Path, server: LibraryServer, codi: Codi
    ) -> None:
        assert codi("sync", "export", "all.codi").status == 73
        there = {"HOME": str(elsewhere)}
        unknown = codi("sync", "import", str(carried), **there)
        assert unknown.status == 77
        assert "[[servers]]" in unknown.stderr
        folder = elsewhere / ".config/coditect/codi"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f'[[servers]]\nurl = "{server.origin}"\ninsecure_loopback = true\n')
        assert f"codi auth trust add {server.origin} --bundle" in codi("sync", "import", str(carried), **there).stderr
        assert cached(elsewhere) == set()
        add_server(elsewhere, server.origin, PUBLIC_KEY, ["demo", "alpha"])
        text = (folder / "config.toml").read_text()
        (folder / "config.toml").write_text(text[text.index("[[servers]]", 5) :])
        taken = codi("sync", "import", str(carried), **there)
        assert taken.status == 77
        assert "E_KEY_SCOPE" in taken.stderr
        assert cached(elsewhere) == {"demo", "alpha"}
        assert codi("run", "--offline", "demo.run", **there).stdout == b"hello\n"
        assert b"stale" in codi("sync", "status", "--offline", **there).stdout  # nobody has asked the server there

    def test_its_trust_documents_are_followed_from_the_accepted_one(
        self, here: Path, home: Path, elsewhere: Path, server: LibraryServer, codi: Codi
    ) -> None:
        fingerprint = root_fingerprint(trust())
        assert codi("auth", "trust", "add", server.origin, "--yes", "--fingerprint", fingerprint).status == 0
        assert codi("sync", "pull", "--no-compile").status == 0
        assert codi("sync", "export", "all.codi", "demo").status == 0
        there = {"HOME": str(elsewhere)}
        folder = elsewhere / ".config/coditect/codi"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f'[[servers]]\nurl = "{server.origin}"\ninsecure_loopback = true\n')
        add = ("auth", "trust", "add", server.origin, "--bundle", "all.codi", "--yes", "--fingerprint")
        assert codi(*add, "0" * 64, **there).status == 77
        assert codi(*add, fingerprint, **there).status == 0
        assert codi("sync", "import", "all.codi", **there).status == 0
        assert codi("run", "--offline", "demo.run", **there).stdout == b"hello\n"

    def test_a_damaged_one_is_refused_and_leaves_what_is_here(self, carried: Path, home: Path, codi: Codi) -> None:
        whole = carried.read_bytes()
        carried.write_bytes(whole[:-1])
        cut = codi("sync", "import", "all.codi")
        assert (cut.status, "E_BUNDLE" in cut.stderr, cut.stdout) == (65, True, b"")
        carried.write_bytes(whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:])
        changed = codi("sync", "import", "all.codi", "--no-compile")
        assert (changed.status, "E_BUNDLE" in changed.stderr) == (65, True)
        assert cached(home) == set(NAMES)
        assert codi("sync", "verify").status == 0

    def test_killed_half_way_it_leaves_whole_libraries(self, home: Path, tmp_path: Path, codi: Codi) -> None:
        origin = "https://libraries.example.com"
        add_server(home, origin, PUBLIC_KEY, ["*"])
        names = [f"lib-{number:02d}" for number in range(40)]
        writer = BundleWriter(str(tmp_path / "many.codi"))
        for name in names:
            writer.add_library(origin, name, "1.0.0", signed(manifest(name)), None)
        writer.finish()
        process = started("sync", "import", str(tmp_path / "many.codi"), "--no-compile")
        wait_for(lambda: len(cached(home)) > 2)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=20)
        assert codi("sync", "verify").status == 0
        assert codi("sync", "import", str(tmp_path / "many.codi"), "--no-compile").status == 0
        assert cached(home) == set(names)


def test_it_has_its_help_and_says_what_is_wrong(codi: Codi) -> None:
    assert b"codi sync pull" in codi("sync", "--help").stdout
    assert codi("sync", "pul").status == 64
    assert codi("sync", "pull", "--lock", "--frozen").status == 64
    assert codi("sync", "prune", "--older-than", "soon", "--larger-than", "much").stderr.count("is no ") == 2
    assert codi("sync", "pull").status == 66  # no server is named
