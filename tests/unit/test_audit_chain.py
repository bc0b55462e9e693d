"""The audit trail's chain: what was written is whole, and whatever is done to it is found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codi_tui.errors import StateError
from codi_tui.limits import AUDIT_FINDINGS_MAX
from codi_tui.operations import audit
from codi_tui.state import chain
from codi_tui.state.audit import AuditLog, audit_line
from codi_tui.state.chain import HEAD_FILE, locked, older_file

NOW = 1_795_305_600
LINES = 6


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(str(tmp_path / "data/audit.log"), lambda: NOW)
    for number in range(LINES):
        log.append("refused", code=f"E_{number}", library="demo")
    return log


def findings(log: AuditLog) -> list[str]:
    return audit.verify(log.path).findings


def rewrite(log: AuditLog, change: Callable[[list[bytes]], object]) -> None:
    path = Path(log.path)
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_what_was_written_is_whole(log: AuditLog) -> None:
    verdict = audit.verify(log.path)
    assert (verdict.findings, verdict.lines, verdict.first_seq, verdict.last_seq) == ([], LINES, 1, LINES)
    assert verdict.head == chain.line_hash(Path(log.path).read_bytes().splitlines(keepends=True)[-1])


def test_a_trail_that_was_never_begun_is_whole_and_stays_unbegun(tmp_path: Path) -> None:
    assert audit.verify(str(tmp_path / "data/audit.log")).whole
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines.pop(2), "entry 3 is missing"),
        (lambda lines: lines.pop(0), "entry 1 is missing"),
        (lambda lines: lines.__delitem__(slice(1, 4)), "entries 2 to 4 are missing"),
        (lambda lines: lines.insert(2, lines.pop(3)), "stands behind entry 4"),
        (lambda lines: lines.pop(), "entry 6 is missing at the end"),
        (lambda lines: lines.clear(), "entries 1 to 6 are missing at the end"),
        (lambda lines: lines.append(lines[2]), "there twice"),
        (lambda lines: lines.append(audit_line({"seq": 7, "prev": chain.line_hash(lines[-1])})), "was never written"),
        (lambda lines: lines.insert(3, b'{"event": "granted"}\n'), "has no place in the chain"),
        (lambda lines: lines.insert(3, b"\n"), "not an entry"),
        (lambda lines: lines.__setitem__(5, lines[5].replace(b"E_5", b"E_9")), "entry 6, the last, is not what"),
        (lambda lines: lines.__setitem__(5, lines[5].rstrip(b"\n")), "not an entry"),
    ],
)
def test_whatever_is_done_to_its_lines_is_found(
    log: AuditLog, change: Callable[[list[bytes]], object], says: str
) -> None:
    rewrite(log, change)
    assert any(says in finding for finding in findings(log)), findings(log)


def test_every_changed_byte_is_found(log: AuditLog) -> None:
    path = Path(log.path)
    good = path.read_bytes()
    for at in range(0, len(good), 13):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert findings(log), at
    path.write_bytes(good)
    assert findings(log) == []


def test_a_file_that_was_removed_is_found_also_after_more_was_written(log: AuditLog) -> None:
    Path(log.path).unlink()
    assert findings(log) == ["entries 1 to 6 are missing at the end"]
    log.append("granted")
    assert findings(log) == ["entries 1 to 6 are missing before audit.log, line 1"]


def test_findings_are_bounded(log: AuditLog) -> None:
    Path(log.path).write_bytes(b"x\n" * 1000)
    assert len(findings(log)) == AUDIT_FINDINGS_MAX


def test_a_promise_that_a_crash_left_is_kept_once(log: AuditLog) -> None:
    for written in (False, True):
        with locked(log.path) as (connection, head):
            line = audit_line({"seq": head.seq + 1, "prev": head.digest, "event": "mark"})
            head.pending = line.decode()
            head.store(connection)
        if written:
            with Path(log.path).open("ab") as file:
                file.write(line)
        log.append("granted")
        assert findings(log) == []
    assert [json.loads(line)["seq"] for line in Path(log.path).read_text().splitlines()] == list(range(1, LINES + 5))


def test_a_line_that_was_cut_spoils_no_later_one(log: AuditLog) -> None:
    path = Path(log.path)
    path.write_bytes(path.read_bytes()[:-10])
    log.append("granted")
    assert json.loads(path.read_text().splitlines()[-1])["event"] == "granted"
    assert len(findings(log)) == 2


def test_a_full_file_is_kept_beside_a_new_one(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "AUDIT_FILE_BYTES", 1000)
    for number in range(12):
        log.append("mark", sequence=number)
        verdict = audit.verify(log.path)
        assert verdict.whole, verdict.findings
    assert verdict.first_seq > 1
    assert verdict.last_seq == LINES + 12
    kept = [Path(file).read_bytes() for file in (older_file(log.path), log.path)]
    assert all(len(data) < 1400 for data in kept)
    Path(older_file(log.path)).write_bytes(b"".join(kept[0].splitlines(keepends=True)[1:]))
    assert "missing" in findings(log)[0]


def test_a_crash_right_after_a_full_file_was_moved_loses_nothing(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "AUDIT_FILE_BYTES", 1000)
    with locked(log.path) as (connection, head):
        head.pending = audit_line({"seq": head.seq + 1, "prev": head.digest, "event": "mark"}).decode()
        head.rotates = 1
        head.store(connection)
    Path(log.path).rename(older_file(log.path))
    log.append("granted")
    assert findings(log) == []


def test_processes_beside_each_other_write_one_chain(tmp_path: Path) -> None:
    path = str(tmp_path / "data/audit.log")
    program = (
        "import sys, time; from codi_tui.state.audit import AuditLog\n"
        "log = AuditLog(sys.argv[1], time.time)\n"
        "for number in range(10): log.append('mark', writer=sys.argv[2], number=number)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, path, str(number)]) for number in range(4)]
    assert [writer.wait(30) for writer in writers] == [0] * 4
    verdict = audit.verify(path)
    assert (verdict.findings, verdict.lines) == ([], 40)


class TestWithoutAHead:
    def test_a_line_is_written_all_the_same_and_found(self, log: AuditLog) -> None:
        head = Path(log.path).with_name(HEAD_FILE)
        good = {path: path.read_bytes() for path in head.parent.glob(f"{HEAD_FILE}*")}
        for path in good:
            path.unlink()
        head.write_bytes(b"no database, but something that is long enough to be taken for one" * 100)
        log.append("granted")
        last = json.loads(Path(log.path).read_text().splitlines()[-1])
        assert (last["event"], last["unchained"]) == ("granted", "E_STATE_DAMAGED")
        with pytest.raises(StateError):
            audit.verify(log.path)
        for path, data in good.items():
            path.write_bytes(data)
        assert findings(log) == ["audit.log, line 7: outside the chain, since its head could not be written then"]

    def test_a_head_that_was_removed_vouches_for_nothing(self, log: AuditLog) -> None:
        for path in Path(log.path).parent.glob(f"{HEAD_FILE}*"):
            path.unlink()
        assert findings(log)
        log.append("granted")
        assert findings(log)

    @pytest.mark.parametrize("damaged", [False, True])
    def test_a_new_trail_keeps_the_old_and_names_it(self, log: AuditLog, damaged: bool) -> None:
        if damaged:
            for path in Path(log.path).parent.glob(f"{HEAD_FILE}*"):
                path.unlink()
            Path(log.path).with_name(HEAD_FILE).write_bytes(b"damage" * 1000)
        else:
            rewrite(log, lambda lines: lines.pop(1))
        before = Path(log.path).read_bytes()
        (kept,) = audit.renew(log.path)
        assert Path(kept).read_bytes() == before
        (first,) = [json.loads(line) for line in Path(log.path).read_text().splitlines()]
        assert (first["event"], first["kept"], len(first["found"])) == ("begun", [kept], 1)
        assert findings(log) == []


def test_secrets_are_taken_out_of_its_facts(tmp_path: Path) -> None:
    log = AuditLog(str(tmp_path / "data/audit.log"), lambda: NOW, lambda text: text.replace("canary", "*"))
    log.append("refused", message="the canary")
    assert "canary" not in Path(log.path).read_text()
