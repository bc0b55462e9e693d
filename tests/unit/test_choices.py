"""Releases that are chosen in the place of the newest, by a pin or a lock: what a choice may do, and what it may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import CodiError
from codi_tui.lock import Lock, Release, find_lock, read_lock, write_lock
from codi_tui.model.times import timestamp
from codi_tui.operations.core import drive
from codi_tui.operations.releases import release_of
from codi_tui.state.database import STATE
from support.libraries import KEY, OTHER_KEY, manifest, signed
from support.roots import content, entry, id_of, rule, sign, trust
from support.simulator import DOWN, Bench, Simulator
from support.trust import ISSUED, NOW, ORIGIN


def release(sequence: int, **members: Any) -> bytes:
    return signed(manifest("demo", f"1.{sequence}.0", **members), sequence=sequence, issued_at=ISSUED)


@pytest.fixture
def server() -> Simulator:
    server = Simulator()
    for sequence in (1, 2, 3):
        server.publish(release(sequence))
    return server


@pytest.fixture
def bench(tmp_path: Path, server: Simulator) -> Iterator[Bench]:
    bench = Bench(tmp_path, server, remembers=True)
    yield bench
    bench.close()


def code_of(operation: Any) -> str:
    with pytest.raises(CodiError) as caught:
        operation()
    return caught.value.code


def chosen(bench: Bench, server: Simulator, version: str) -> Release:
    """A release as `codi sync pin` verifies it."""
    return release_of(drive(bench.loader().load_release(server, "demo", version)))


def pin(bench: Bench, server: Simulator, version: str) -> Release:
    found = chosen(bench, server, version)
    drive(bench.choices(bench.keeper()).pins.put(found))
    return found


def lock(bench: Bench, folder: Path, *releases: Release) -> Path:
    """A lock in a folder that becomes the working one."""
    folder.mkdir(exist_ok=True)
    bench.folder = str(folder)
    write_lock(Lock(str(folder / "codi.lock"), releases))
    return folder / "codi.lock"


def version_of(bench: Bench) -> str:
    return str(bench.load().library.version)


class TestPin:
    def test_an_older_release_is_no_rollback_and_moves_no_mark(self, bench: Bench, server: Simulator) -> None:
        assert version_of(bench) == "1.3.0"
        pin(bench, server, "1.1.0")
        assert version_of(bench) == "1.1.0"
        assert bench.marks() == {"demo": 3}
        server.error = DOWN
        assert version_of(bench) == "1.1.0"
        assert [line["event"] for line in bench.audit()] == ["mark", "library.pinned"]
        assert drive(bench.choices(bench.keeper()).pins.remove(ORIGIN, "demo"))
        assert version_of(bench) == "1.3.0"
        assert bench.audit()[-1]["event"] == "library.unpinned"

    def test_a_release_that_its_publisher_withdrew_is_refused(self, bench: Bench, server: Simulator) -> None:
        pin(bench, server, "1.1.0")
        bench.pin(trust(min_sequence={"demo": 2}))
        assert code_of(lambda: version_of(bench)) == "E_ROLLBACK"
        assert code_of(lambda: chosen(bench, server, "1.1.0")) == "E_ROLLBACK"
        assert chosen(bench, server, "1.2.0").version == "1.2.0"

    def test_a_release_that_a_revoked_key_signed_is_refused(self, bench: Bench, server: Simulator) -> None:
        pin(bench, server, "1.1.0")
        keys = [entry(KEY, "revoked"), entry(OTHER_KEY, "active")]
        bench.pin(sign(content(keys=keys, rules=[rule(keys=(KEY, OTHER_KEY))])))
        assert id_of(KEY)
        assert code_of(lambda: version_of(bench)) == "E_KEY_REVOKED"
        assert code_of(lambda: chosen(bench, server, "1.2.0")) == "E_KEY_REVOKED"

    def test_another_release_under_the_pinned_version_is_refused_and_not_stored(
        self, bench: Bench, server: Simulator
    ) -> None:
        found = pin(bench, server, "1.1.0")
        bench.change("DELETE FROM command_libraries")
        server.releases["demo", "1.1.0"] = release(1, library={"description": "Another"})
        loader = bench.loader()
        assert code_of(lambda: drive(loader.load_library(server, "demo"))) == "E_DIGEST"
        assert bench.rows("SELECT hash FROM command_libraries") == []
        assert "E_DIGEST" in bench.refusals()
        server.releases["demo", "1.1.0"] = release(1)
        assert drive(bench.loader().load_library(server, "demo")).digest == found.digest

    def test_a_server_that_answers_with_another_version_is_refused(self, bench: Bench, server: Simulator) -> None:
        server.releases["demo", "1.1.0"] = release(3)
        assert code_of(lambda: chosen(bench, server, "1.1.0")) == "E_DIGEST"

    def test_its_module_is_fetched_again_by_its_version(self, bench: Bench, server: Simulator) -> None:
        pin(bench, server, "1.1.0")
        bench.load()
        bench.change("DELETE FROM modules")
        loader = bench.loader()
        library = drive(loader.load_library(server, "demo"))
        server.requests.clear()
        assert drive(loader.load_module(library)).digest == library.module_digest
        assert server.requests == ["libraries/demo?version=1.1.0"]


class TestLock:
    def test_it_is_found_upwards_and_wins_over_a_pin(self, bench: Bench, server: Simulator, tmp_path: Path) -> None:
        bench.load()
        path = lock(bench, tmp_path / "project", chosen(bench, server, "1.2.0"))
        pin(bench, server, "1.1.0")
        below = tmp_path / "project/src/deep"
        below.mkdir(parents=True)
        assert find_lock(str(below)) == str(path)
        bench.folder = str(below)
        assert version_of(bench) == "1.2.0"
        assert f"demo: {path} chooses 1.2.0, not the newest here" in bench.notices
        bench.folder = None
        assert version_of(bench) == "1.1.0"

    def test_its_use_is_in_the_audit_trail_once(self, bench: Bench, server: Simulator, tmp_path: Path) -> None:
        bench.load()
        path = lock(bench, tmp_path / "project", chosen(bench, server, "1.2.0"))
        for _ in range(3):
            assert version_of(bench) == "1.2.0"
        assert [line["by"] for line in bench.audit() if line["event"] == "library.pinned"] == [str(path)]

    def test_a_digest_that_nobody_has_is_refused(self, bench: Bench, server: Simulator, tmp_path: Path) -> None:
        found = chosen(bench, server, "1.2.0")
        lock(bench, tmp_path / "project", Release(ORIGIN, "demo", "1.2.0", "0" * 64, 2, found.signers))
        loader = bench.loader()
        assert code_of(lambda: drive(loader.load_library(server, "demo"))) == "E_DIGEST"

    def test_it_reads_as_it_was_written(self, tmp_path: Path) -> None:
        signer = f"ed25519:{'a' * 64}"
        one, two = (Release(ORIGIN, name, "1.0.0+b", "0" * 64, 7, [signer, signer]) for name in ("b", "a"))
        write_lock(Lock(str(tmp_path / "codi.lock"), [one, two]))
        read = list(read_lock(str(tmp_path / "codi.lock")))
        assert [item.name for item in read] == ["a", "b"]
        assert (read[0].version, read[0].sequence, read[0].signers) == ("1.0.0+b", 7, (signer, signer))

    @pytest.mark.parametrize(
        "change",
        [
            ("version = 1\n", "version = 2\n"),
            ('version = "1.2.0"', 'version = "../../x"'),
            ('version = "1.2.0"', "version = 1"),
            ('name = "demo"', 'name = "../demo"'),
            ('origin = "https', 'origin = "javascript'),
            ('digest = "', 'digest = "X'),
            ("sequence = 2", "sequence = -2"),
            ("sequence = 2", "sequence = true"),
            ("signers = [", 'signers = ["me", '),
            ("[[library]]", "[library]"),
            ("version = 1\n", "version = 1\n\x00"),
        ],
    )
    def test_what_is_no_lock_stops_the_run(
        self, change: tuple[str, str], bench: Bench, server: Simulator, tmp_path: Path
    ) -> None:
        path = lock(bench, tmp_path / "project", chosen(bench, server, "1.2.0"))
        text = path.read_text()
        assert change[0] in text
        path.write_text(text.replace(*change, 1))
        server.requests.clear()
        loader = bench.loader()
        assert code_of(lambda: drive(loader.load_library(server, "demo"))) == "E_LOCK"
        assert server.requests == []

    def test_a_library_that_is_named_twice_stops_the_run(self, bench: Bench, server: Simulator, tmp_path: Path) -> None:
        path = lock(bench, tmp_path / "project", chosen(bench, server, "1.2.0"))
        text = path.read_text()
        path.write_text(text + text[text.index("[[library]]") :])
        assert code_of(lambda: read_lock(str(path))) == "E_LOCK"

    def test_a_pipe_in_its_place_is_not_waited_for(self, tmp_path: Path) -> None:
        import os

        os.mkfifo(tmp_path / "codi.lock")
        assert find_lock(str(tmp_path)) is None
        assert code_of(lambda: read_lock(str(tmp_path / "codi.lock"))) == "E_LOCK"


class TestExpired:
    @pytest.fixture(autouse=True)
    def expired(self, bench: Bench, server: Simulator) -> None:
        server.publish(release(4, library={"expires_at": timestamp(NOW + 100)}))
        bench.load()
        bench.now = NOW + 200
        bench.allow_expired = True

    def test_what_was_accepted_before_is_loaded_on_a_persons_word(self, bench: Bench, server: Simulator) -> None:
        server.error = DOWN
        assert version_of(bench) == "1.4.0"
        bench.allow_expired = False
        assert code_of(lambda: version_of(bench)) == "E_EXPIRED"

    def test_a_newer_one_comes_first(self, bench: Bench, server: Simulator) -> None:
        server.publish(release(5))
        assert version_of(bench) == "1.5.0"

    def test_what_was_never_accepted_stays_refused(self, bench: Bench, server: Simulator) -> None:
        server.error = DOWN
        for path in bench.path.parent.glob("state.db*"):
            path.unlink()
        assert code_of(lambda: version_of(bench)) == "E_EXPIRED"

    def test_a_refusal_of_another_kind_stays(self, bench: Bench, server: Simulator) -> None:
        server.error = DOWN
        bench.keys = {ORIGIN: []}
        assert code_of(lambda: version_of(bench)) == "E_NO_TRUST"


def test_what_a_bundle_brings_is_remembered_and_is_no_answer_of_now(bench: Bench, server: Simulator) -> None:
    server.live = False
    bench.load()
    ((mark, asked),) = [(one.mark, one.checked_at) for one in drive(bench.keeper().marks.marks()).values()]
    assert (mark.sequence if mark else 0, asked) == (3, 0)
    assert drive(bench.keeper().marks.latest()) < NOW
    server.live = True
    drive(bench.loader().fetch_library(server, "demo"))
    assert drive(bench.keeper().marks.record(ORIGIN, "demo", with_history=False)).checked_at == NOW


def test_a_state_database_of_an_earlier_version_gets_the_table_and_loses_nothing(
    bench: Bench, server: Simulator
) -> None:
    bench.load()
    import sqlite3

    with sqlite3.connect(bench.state_path) as connection:
        connection.execute("DROP TABLE pins")
    tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE sql IS NOT NULL").fetchone()[0]
    connection.close()
    assert tables in STATE.older
    pin(bench, server, "1.1.0")
    assert bench.marks() == {"demo": 3}
    assert version_of(bench) == "1.1.0"
