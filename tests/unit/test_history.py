"""The history of runs, on both storages: bounded by age, number and size, and never in the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codi_tui.config import SessionSettings
from codi_tui.errors import HistoryError, TrustError
from codi_tui.limits import HISTORY_STEP
from codi_tui.operations.sessions import check_again
from codi_tui.runs.history import HistoryStore, PastRun, Wanted
from codi_tui.runs.output import RecordedOutput, unpack
from support.caches import STORAGES, Way
from support.libraries import manifest
from support.runs import ORIGIN, loaded

DAY_MS = 86_400_000
NOW_MS = 1_795_305_600_000


class Opened:
    """A history that the test closes."""

    def __init__(self, way: Way, path: Path) -> None:
        self.way = way
        self.store = HistoryStore(str(path), way.connect)
        way._stack.callback(lambda: way.run(self.store.close()))

    def add(self, command: str = "text.count", output: bytes | None = None, **members: Any) -> Any:
        keep = members.pop("keep", SessionSettings())
        values = {"door": "run", "arguments": "{}", "started_ms": NOW_MS, "duration_ms": 3, "outcome": "completed"}
        run = PastRun(command=command, **{**values, "exit_status": 0, **members})
        return self.way.run(self.store.add(run, output, keep))

    def numbers(self, **wanted: Any) -> list[int]:
        return [run.number for run in self.way.run(self.store.find(Wanted(**wanted)))]


@pytest.fixture(params=STORAGES)
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    way = Way(request.param)
    yield Opened(way, tmp_path / "data/runs.db")
    way.close()


def test_runs_are_found_by_what_is_known_of_them(history: Opened) -> None:
    history.add("text.count", arguments='{"word": "Müller"}')
    history.add("text.wrap", exit_status=3, library="text-tools")
    history.add("textual.run", outcome="failed", exit_status=None, code="E_WASM_TRAP", message="it trapped")
    history.add("text.count", started_ms=NOW_MS - DAY_MS)
    assert history.numbers() == [4, 3, 2, 1]
    assert history.numbers(limit=2) == [4, 3]
    assert history.numbers(command="text") == [4, 2, 1]
    assert history.numbers(command="text.count") == [4, 1]
    assert history.numbers(failed=True) == [3, 2]
    assert history.numbers(since_ms=NOW_MS) == [3, 2, 1]
    assert history.numbers(words=["Müller"]) == [1]
    assert history.numbers(words=["TEXT-TOOLS", "wrap"]) == [2]
    assert history.numbers(words=["e_wasm", "trapped"]) == [3]
    assert history.numbers(words=["%"]) == []


def test_a_number_is_never_given_again(history: Opened) -> None:
    assert [history.add() for _ in range(3)] == [1, 2, 3]
    assert history.way.run(history.store.remove([3, 2, 99])) == 2
    assert history.add() == 4
    assert history.way.run(history.store.get(None)).number == 4
    assert history.way.run(history.store.get(3)) is None
    assert history.way.run(history.store.remove()) == 2
    assert history.numbers() == []


def test_the_oldest_are_forgotten_by_number_age_and_size(history: Opened) -> None:
    for _ in range(5):
        history.add(keep=SessionSettings(keep_runs=3))
    assert history.numbers() == [5, 4, 3]
    history.add(started_ms=NOW_MS + 10 * DAY_MS, keep=SessionSettings(keep_days=9))
    assert history.numbers() == [6]
    for _ in range(4):
        history.add(output=b"x" * 400, started_ms=NOW_MS + 10 * DAY_MS, keep=SessionSettings(keep_output_bytes=1000))
    assert history.numbers() == [10, 9, 8, 7, 6]
    outputs = [history.way.run(history.store.output(number)) for number in (7, 8, 9, 10)]
    assert [output is not None for output in outputs] == [False, False, True, True]
    assert history.way.run(history.store.get(7)).output_bytes == 0
    assert history.way.run(history.store.remove(before_ms=NOW_MS + 11 * DAY_MS)) == 5


def test_one_write_forgets_no_more_than_a_step(history: Opened) -> None:
    for _ in range(HISTORY_STEP + 10):
        history.add()
    history.add(keep=SessionSettings(keep_runs=1))
    assert len(history.numbers(limit=1000)) == 11
    history.add(keep=SessionSettings(keep_runs=1))
    assert len(history.numbers(limit=1000)) == 1


def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(history: Opened, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o700)
    (tmp_path / "data/runs.db").write_bytes(b"not a database " * 1000)
    assert history.add() == 1
    assert len(list((tmp_path / "data").glob("runs.corrupt-*"))) == 1


def test_a_link_in_its_place_is_refused(history: Opened, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o700)
    (tmp_path / "data/runs.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HistoryError) as caught:
        history.add()
    assert caught.value.code == "E_RUNS_PERMS"
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_removed_is_gone_from_the_disk(tmp_path: Path) -> None:
    way = Way("blocking")
    history = Opened(way, tmp_path / "data/runs.db")
    for number in range(50):
        history.add(arguments=f'{{"x": "canary-{number + 1}-"}}')
    way.run(history.store.remove([7]))
    files = [path.read_bytes() for path in (tmp_path / "data").iterdir()]
    assert not any(b"canary-7-" in data for data in files)
    assert any(b"canary-8-" in data for data in files)
    way.close()


def test_the_write_ahead_log_stays_short(tmp_path: Path) -> None:
    way = Way("blocking")
    history = Opened(way, tmp_path / "data/runs.db")
    for _ in range(200):
        history.add()
    log = tmp_path / "data/runs.db-wal"
    assert not log.exists() or log.stat().st_size < 400_000
    connection = sqlite3.connect(tmp_path / "data/runs.db")
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (200,)
    connection.close()
    way.close()


class TestRecordedOutput:
    def test_chunks_come_back_as_they_were(self) -> None:
        output = RecordedOutput()
        output.add(0, "stdout", b"a\xff")
        output.add(5, "stderr", b"b")
        output.add(2**40, "log", b"c")
        chunks = [(chunk.at_ms, chunk.stream, chunk.data) for chunk in unpack(output.pack())]
        assert chunks == [(0, "stdout", b"a\xff"), (5, "stderr", b"b"), (2**32 - 1, "log", b"c")]
        assert RecordedOutput().pack() == b""

    def test_of_too_much_the_first_and_the_last_are_kept(self) -> None:
        output = RecordedOutput(1000)
        for number in range(100):
            output.add(number, "stdout", b"%05d" % number)
        chunks = unpack(output.pack())
        gap = next(chunk for chunk in chunks if chunk.stream == "gap")
        kept = [chunk for chunk in chunks if chunk.stream != "gap"]
        assert (kept[0].data, kept[-1].data) == (b"00000", b"00099")
        assert int(gap.data) == 5 * (100 - len(kept))
        assert sum(len(chunk.data) + 9 for chunk in kept) <= 1000

    def test_a_secret_is_blotted_out_also_across_chunks(self) -> None:
        output = RecordedOutput()
        for stream, data in (("stdout", b"the can"), ("stderr", b"x"), ("stdout", b"ary! and canary")):
            output.add(0, stream, data)
        chunks = unpack(output.pack(["canary"]))
        assert [chunk.data for chunk in chunks] == [b"the ***", b"x", b"***! and ******"]

    @pytest.mark.parametrize("damage", [b"", b"x", b"\x28\xb5\x2f\xfd"])
    def test_damage_is_said(self, damage: bytes) -> None:
        with pytest.raises(HistoryError):
            unpack(damage)


def test_a_command_from_another_server_is_not_run_again() -> None:
    library = loaded(manifest())
    members = {"command": "demo.run", "library": "demo", "version": "0.9.0", "digest": "x"}
    notices: list[str] = []
    check_again(PastRun(origin=ORIGIN, **members), library, notices.append)
    assert notices == ["demo was 0.9.0 then and is 1.0.0 now, another release"]
    with pytest.raises(TrustError) as caught:
        check_again(PastRun(origin="https://other.example.com", **members), library, notices.append)
    assert caught.value.code == "E_CHANGED"
