"""What a run wrote, by line: taken in by the chunk, kept in memory and on disk, read safely."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codi_tui.errors import CodiError
from codi_tui.operations import spool as spool_module
from codi_tui.operations.spool import Spool
from codi_tui.text import sanitize_line
from codi_tui.ui.buffer import OutputBuffer


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(str(tmp_path / "spool"))
    yield spool
    spool.close()


def texts(buffer: OutputBuffer) -> list[str]:
    return [buffer.line(number).text for number in range(buffer.lines_total)]


def fed(spool: Spool | None, *chunks: bytes) -> OutputBuffer:
    buffer = OutputBuffer(spool)
    for chunk in chunks:
        buffer.feed(chunk)
    return buffer


def test_lines_are_joined_over_chunks_and_counted(spool: Spool) -> None:
    buffer = fed(spool, b"one\ntw", b"o\n\nfo", b"u", b"r")
    assert texts(buffer) == ["one", "two", "", "four"]
    assert (buffer.lines_whole, buffer.lines_total, buffer.bytes_total) == (3, 4, 13)
    buffer.end("exit 0")
    buffer.end("again")
    assert (buffer.lines_whole, buffer.outcome) == (4, "exit 0")
    assert texts(buffer) == ["one", "two", "", "four"]
    for number in (-1, 4):
        with pytest.raises(IndexError):
            buffer.line(number)


def test_a_character_cut_in_two_is_whole_again(spool: Spool) -> None:
    buffer = OutputBuffer(spool)
    for byte in "é日🙂".encode():
        buffer.feed(bytes([byte]))
        assert "\ufffd" not in texts(buffer)[0]
    assert texts(buffer) == ["é日🙂"]
    buffer.feed(b"\xff\n")
    assert texts(buffer) == ["é日🙂\ufffd"]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"10%\r20%\r30%", ["30%"]),
        (b"10%\r20%\r", ["20%"]),
        (b"10%\r20%\r\ndone\n", ["20%", "done"]),
        (b"\r\r\n", [""]),
        (b"a\tb\x1b[0m\n", ["a       b␛[0m"]),
    ],
)
def test_a_line_is_as_a_terminal_would_leave_it(spool: Spool, data: bytes, shown: list[str]) -> None:
    assert texts(fed(spool, data)) == shown


def test_an_endless_progress_line_shows_its_last_state(spool: Spool, tmp_path: Path) -> None:
    buffer = OutputBuffer(spool)
    for number in range(30_000):
        buffer.feed(b"at %d\r" % number)
    assert texts(buffer) == ["at 29999"]
    buffer.feed(b"\rdone\nnext\n")
    assert texts(buffer) == ["done", "next"]
    other = OutputBuffer(Spool(str(tmp_path)), ring_lines=1)
    for number in range(30_000):
        other.feed(b"\rat %d" % number)
    other.feed(b"\n" + b"filler\n" * 20_000)
    assert other.first_in_ring > 0
    assert other.line(0).text == "at 29999"
    other.close()


def test_a_long_line_is_cut_when_shown_and_whole_on_disk(tmp_path: Path) -> None:
    for size in (1001, 65_536, 131_072, 1_000_000):
        buffer = fed(Spool(str(tmp_path)), b"before\n", b"x" * size, b"y\nafter\n")
        assert texts(buffer) == ["before", "x" * 999 + "…", "after"]
        buffer.feed(b"z\n" * 200_000)
        assert buffer.first_in_ring > 3
        assert [buffer.line(number).text for number in range(4)] == ["before", "x" * 999 + "…", "after", "z"]
        buffer.save(str(tmp_path / f"{size}"))
        assert (tmp_path / f"{size}").read_bytes() == b"before\n" + b"x" * size + b"y\nafter\n" + b"z\n" * 200_000
        buffer.close()


def test_streams_keep_their_lines_apart(spool: Spool, tmp_path: Path) -> None:
    buffer = OutputBuffer(spool)
    buffer.feed(b"out")
    buffer.feed(b"err\nwa", "stderr")
    buffer.feed(b"put\n")
    buffer.feed(b"hello\n", "log")
    buffer.feed(b"it")
    shown = [(line.text, line.stream) for line in map(buffer.line, range(buffer.lines_total))]
    assert shown == [("err", "stderr"), ("output", "stdout"), ("hello", "log"), ("it", "stdout"), ("wa", "stderr")]
    buffer.save(str(tmp_path / "all"))
    assert (tmp_path / "all").read_bytes() == b"err\noutput\nhello\nitwa"
    buffer.end("exit 0")
    buffer.save(str(tmp_path / "out"), stream="stdout")
    assert (tmp_path / "out").read_bytes() == b"output\nit"


def test_the_ring_is_bounded_by_lines_and_by_bytes(spool: Spool) -> None:
    buffer = OutputBuffer(spool, ring_lines=1000)
    for _ in range(100):
        buffer.feed(b"0123456789" * 6 + b"\n" + b"short\n" * 999)
    assert 1000 <= buffer.lines_total - buffer.first_in_ring < 1000 + 11_000
    buffer = OutputBuffer(spool, ring_bytes=1_000_000)
    for _ in range(100):
        buffer.feed(b"x" * 60_000 + b"\n")
    assert buffer._ring_bytes <= 1_000_000
    assert len(buffer.lost) == 0


def test_saving_never_replaces_a_file_unasked(spool: Spool, tmp_path: Path) -> None:
    buffer, path = fed(spool, b"new\n"), tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(CodiError) as caught:
        buffer.save(str(path))
    assert caught.value.code == "E_OUTPUT"
    assert path.read_bytes() == b"old"
    assert buffer.save(str(path), overwrite=True) == 0
    assert path.read_bytes() == b"new\n"
    with pytest.raises(CodiError):
        buffer.save(str(tmp_path / "nowhere" / "file"))


def test_without_a_spool_the_last_lines_are_kept(tmp_path: Path) -> None:
    buffer = OutputBuffer(None, ring_lines=10)
    for number in range(40_000):
        buffer.feed(b"%d\n" % number)
    assert buffer.lost == range(buffer.first_in_ring)
    assert buffer.lost
    with pytest.raises(IndexError):
        buffer.line(0)
    assert buffer.line(39_999).text == "39999"
    assert buffer.save(str(tmp_path / "kept")) == len(buffer.lost)
    assert (tmp_path / "kept").read_bytes().startswith(b"%d\n" % buffer.first_in_ring)
    assert list(buffer.find("3999", 0))[-2] == 39_999


def full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_only_stops_the_spool(spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = OutputBuffer(spool, ring_lines=10)
    buffer.feed(b"first\nsec")
    monkeypatch.setattr(os, "write", full)
    buffer.feed(b"ond\n")
    monkeypatch.undo()
    buffer.feed(b"third\n" * 40_000)
    buffer.feed(b"last\n")
    assert buffer.stopped == "No space left on device"
    assert buffer.line(0).text == "first"
    assert buffer.line(buffer.lines_total - 1).text == "last"
    assert buffer.lost.start == 1
    assert [hit for hit in buffer.find("st", 0) if hit is not None] == [0, buffer.lines_total - 1]
    back = buffer.find("st", buffer.lines_total - 1, backwards=True)
    assert [hit for hit in back if hit is not None] == [buffer.lines_total - 1, 0]
    missing = buffer.save(str(tmp_path / "kept"))
    assert missing == len(buffer.lost)
    assert (tmp_path / "kept").read_bytes().count(b"\n") == buffer.lines_total - missing


def test_a_folder_that_cannot_be_made_only_stops_the_spool(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    buffer = fed(Spool(str(tmp_path / "file" / "spool")), b"one\n")
    assert buffer.stopped == "Not a directory"
    assert texts(buffer) == ["one"]
    buffer.close()


def test_the_spool_is_bounded_in_bytes_and_in_blocks(tmp_path: Path) -> None:
    buffer = OutputBuffer(Spool(str(tmp_path), max_bytes=10))
    buffer.feed(b"12345\n")
    buffer.feed(b"67890\n")
    assert buffer.stopped == "the limit of 10 B"
    assert texts(buffer) == ["12345", "67890"]
    buffer.close()
    buffer = OutputBuffer(Spool(str(tmp_path), max_blocks=3))
    for number in range(10):
        buffer.feed(b"%d\n" % number, ("stdout", "stderr")[number % 2])
    assert buffer.stopped == "the streams take turns too often"
    assert texts(buffer) == [str(number) for number in range(10)]
    buffer.close()


def test_the_spool_is_private_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "spool"
    spool = Spool(str(folder))
    buffer = fed(spool, b"secret\n")
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert os.listdir(folder) == []
    (descriptor,) = spool._files.values()
    assert stat.S_IMODE(os.fstat(descriptor).st_mode) == 0o600
    buffer.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptor)
    buffer.feed(b"late\n")
    buffer.close()


def test_a_spool_that_cannot_be_read_shows_empty_lines(spool: Spool) -> None:
    buffer = OutputBuffer(spool, ring_lines=1)
    buffer.feed(b"a\n" * 80_000)
    for descriptor in spool._files.values():
        os.ftruncate(descriptor, 0)
    assert buffer.line(5).text == ""
    assert buffer.line(buffer.lines_total - 1).text == "a"
    assert next(hit for hit in buffer.find("a", 0) if hit is not None) == buffer.first_in_ring


def test_search_ignores_case_and_what_was_overwritten(spool: Spool) -> None:
    buffer = fed(spool, "Alpha\nbeta ALPHA\nalpha\rgamma\nÜBER\nstraße\nalph".encode())
    for text, lines in {"alpha": [0, 1], "ALPHA": [0, 1], "über": [3], "STRASSE": [], "straSSe": [], "ße": [4]}.items():
        assert [hit for hit in buffer.find(text, 0) if hit is not None] == lines
    assert [hit for hit in buffer.find("alph", 5, backwards=True) if hit is not None] == [5, 1, 0]
    assert [hit for hit in buffer.find("alph", 1) if hit is not None] == [1, 5]


CHUNKS = st.lists(
    st.tuples(
        st.sampled_from([b"a", b"\n", b"\r", b"A\xc3", b"\xa9b\n", b"\x1b[2J", b"c" * 90, b"\n\n"]), st.booleans()
    ),
    max_size=40,
)


@given(CHUNKS, st.integers(1, 4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_gives_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: list[tuple[bytes, bool]], ring_lines: int
) -> None:
    monkeypatch.setattr("codi_tui.ui.buffer.OUTPUT_BLOCK_BYTES", 100)
    monkeypatch.setattr(spool_module, "OUTPUT_BLOCK_BYTES", 100)
    buffer = OutputBuffer(Spool(str(tmp_path)), ring_lines=ring_lines, ring_bytes=200)
    tails, lines = {"stdout": b"", "stderr": b""}, []
    for data, is_error in chunks:
        stream = "stderr" if is_error else "stdout"
        buffer.feed(data, stream)
        *whole, tails[stream] = (tails[stream] + data).split(b"\n")
        lines += [(line, stream) for line in whole]
    buffer.end("exit 0")
    lines += [(tails[stream], stream) for stream in ("stdout", "stderr") if tails[stream]]
    assert buffer.lines_total == len(lines)
    for number, (raw, stream) in enumerate(lines):
        visible = raw.rstrip(b"\r")
        visible = visible[visible.rfind(b"\r") + 1 :]
        shown = buffer.line(number)
        assert shown.stream == stream
        expected = sanitize_line(visible.decode(errors="replace"), 1000)
        assert shown.text == expected if len(raw) <= 100 else expected.startswith(shown.text[:90])
    found = [hit for hit in buffer.find("a", 0) if hit is not None]
    short = [number for number, (raw, _) in enumerate(lines) if len(raw) <= 100]
    assert [at for at in found if at in short] == [at for at in short if b"a" in buffer.line(at).text.lower().encode()]
    buffer.save(str(tmp_path / "saved"), overwrite=True)
    separate = b"".join(data for data, is_error in chunks if not is_error)
    buffer.save(str(tmp_path / "out"), stream="stdout", overwrite=True)
    assert (tmp_path / "out").read_bytes() == separate
    assert len((tmp_path / "saved").read_bytes()) == sum(len(data) for data, _ in chunks)
    buffer.close()


def test_taking_in_costs_nothing_by_the_line(spool: Spool) -> None:
    chunk = b"short line\n" * 5000
    buffer = OutputBuffer(spool)
    start = time.perf_counter()
    for _ in range(100):
        buffer.feed(chunk)
    assert buffer.lines_total == 500_000
    assert time.perf_counter() - start < 1


def test_the_buffer_needs_no_screen() -> None:
    code = "import sys, codi_tui.ui.buffer, codi_tui.ui.pump, codi_tui.ui.foot, codi_tui.catalog.search\n"
    code += "print(*[name for name in ('textual', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []
