"""`codi run` and `codi COMMAND` as a script meets them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from codi_tui import __version__
from conftest import CODI, IN_CI, Codi


def test_version(codi: Codi) -> None:
    assert codi("--version").stdout.decode() == f"codi {__version__}\n"


def test_codi_alone_and_help_list_built_ins_and_library_commands(codi: Codi) -> None:
    alone = codi()
    assert alone.status == 0
    assert b"text.count" in alone.stdout
    assert b"  run " in alone.stdout
    assert codi("help").stdout == codi("--help").stdout == alone.stdout


def test_help_for_one_command_comes_from_its_schema(codi: Codi) -> None:
    text = codi("help", "text.wrap").stdout.decode()
    assert "usage: codi text.wrap" in text
    assert "whole number; 1 to 10000; default 80" in text
    assert codi("text.wrap", "--help").stdout.decode() == text
    assert codi("run", "text.wrap", "-h").stdout.decode() == text


def test_help_is_not_taken_out_of_a_value(codi: Codi) -> None:
    assert codi("text.wrap", "--prefix", "-h", stdin=b"a\n").stdout == b"-ha\n"
    assert codi("text.wrap", "--prefix", "--help", stdin=b"a\n").stdout == b"--helpa\n"
    assert "cannot read -h" in codi("text.count", "--", "-h").stderr


def test_a_result_as_text_is_laid_out_for_reading(codi: Codi) -> None:
    assert codi("text.count", stdin=b"a b\n").stdout == b"lines  1\nwords  2\nbytes  4\nchars  4\n"


def test_a_result_as_json_is_one_value(codi: Codi) -> None:
    assert json.loads(codi("run", "--output", "json", "text.count", stdin=b"a b\n").stdout)["words"] == 2
    assert json.loads(codi("run", "--json", "encode.hex", stdin=b"hi").stdout) == "6869\n"
    decoded = codi("run", "--json", "encode.hex", "-d", stdin=b"ff00")
    assert json.loads(decoded.stdout) == {"base64": "/wA="}


def test_raw_is_the_commands_own_bytes(codi: Codi) -> None:
    assert codi("run", "--output", "raw", "text.count", stdin=b"").stdout.startswith(b'{"lines":0')


def test_jsonl_is_every_event_in_order(codi: Codi) -> None:
    lines = codi("run", "--output", "jsonl", "text.case", "upper", stdin="é\n".encode()).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["type"] for event in events] == ["started", "output", "completed"]
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[0]["command"] == "text.case"
    assert events[1]["text"] == "É\n"
    assert events[2]["exit_status"] == 0


def test_arguments_from_json_and_from_a_file(codi: Codi, tmp_path: Path) -> None:
    assert codi("run", "--args", '{"style": "upper"}', "text.case", stdin=b"a").stdout == b"A"
    (tmp_path / "args.json").write_text('{"style": "upper"}')
    assert codi("run", "--args", f"@{tmp_path}/args.json", "text.case", stdin=b"a").stdout == b"A"
    assert codi("run", "--args", '{"width": 3}', "text.wrap", "--width", "5", stdin=b"ab cd\n").stdout == b"ab cd\n"


@pytest.mark.parametrize("value", ["{", "[1]", '{"a": NaN}', "@/nowhere", '{"a": 1, "a": 2}'])
def test_arguments_that_are_no_json_object_are_refused_before_anything_runs(value: str, codi: Codi) -> None:
    result = codi("run", "--args", value, "text.case")
    assert result.status in (64, 65)
    assert "Traceback" not in result.stderr


def test_every_problem_is_named_at_once_with_the_usage_line(codi: Codi) -> None:
    result = codi("text.wrap", "--width", "0", "--wdith=3", "one", "two", "three")
    assert result.status == 64
    said = result.stderr.splitlines()
    assert any("width must be at least 1" in line for line in said)
    assert any("--wdith" in line and "did you mean --width?" in line for line in said)
    assert any("'two' is one argument too many" in line for line in said)
    assert any("'three' is one argument too many" in line for line in said)
    assert any(line.startswith("usage: codi text.wrap") for line in said)
    assert result.stdout == b""


def test_a_missing_argument_and_a_wrong_choice(codi: Codi) -> None:
    assert "style is missing" in codi("text.case").stderr
    assert "must be one of upper, lower" in codi("text.case", "uper").stderr


@pytest.mark.parametrize(("typed", "meant"), [("text.cuont", "text.count"), ("count", "text.count"), ("hlep", "help")])
def test_an_unknown_command_is_66_with_the_nearest_names(typed: str, meant: str, codi: Codi) -> None:
    result = codi(typed)
    assert result.status == 66
    assert "E_NOT_FOUND" in result.stderr
    assert meant in result.stderr


def test_errors_for_programs_are_json(codi: Codi) -> None:
    result = codi("run", "--output", "json", "text.cuont")
    error = json.loads(result.stderr)["error"]
    assert error["code"] == "E_NOT_FOUND"
    assert "text.count" in error["hint"]


def test_a_commands_own_status_is_passed_through(codi: Codi) -> None:
    result = codi("encode.sha256", "--expect", "0" * 64, stdin=b"")
    assert result.status == 1
    assert codi("encode.base64", "-d", stdin=b"?").status == 2


def test_append_keeps_what_was_in_the_file(tmp_path: Path, codi: Codi) -> None:
    codi("text.count")
    path = tmp_path / "log"
    path.write_text("before\n")
    with path.open("ab") as stdout:
        subprocess.run([CODI, "text.wrap"], input=b"after\n", stdout=stdout, check=True)
    assert path.read_text() == "before\nafter\n"


def test_a_reader_that_has_had_enough_ends_the_run_quietly(codi: Codi) -> None:
    codi("text.count")
    done = subprocess.run(
        ["bash", "-c", f"yes | {CODI} text.case upper | head -1; echo ${{PIPESTATUS[1]}}"],
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == b"Y\n0\n"
    assert done.stderr == b""


def test_a_full_disk_is_said(codi: Codi) -> None:
    codi("text.count")
    with Path("/dev/full").open("wb") as stdout:
        done = subprocess.run([CODI, "text.count"], input=b"", stdout=stdout, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 74
    assert b"E_OUTPUT" in done.stderr


def test_ctrl_c_is_130_and_leaves_nothing_behind(codi: Codi, home: Path, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("a\n")
    codi("text.count")
    process = subprocess.Popen(
        [CODI, "text.diff", str(tmp_path / "old")],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    runs = home / ".local/share/coditect/codi/runs"
    deadline = time.monotonic() + 20
    while not (runs.is_dir() and any(runs.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert any(runs.iterdir())
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=10)
    assert process.returncode == 130
    assert stderr == b""
    assert list(runs.iterdir()) == []


def test_a_path_argument_confers_that_file_and_an_unreadable_one_is_named(codi: Codi, tmp_path: Path) -> None:
    (tmp_path / "notes with spaces.txt").write_text("a b c\n")
    assert b"words  3" in codi("text.count", str(tmp_path / "notes with spaces.txt")).stdout
    result = codi("text.count", str(tmp_path / "nothing"))
    assert result.status == 65
    assert "No such file" in result.stderr


def test_a_fifo_can_be_given_as_a_path(codi: Codi) -> None:
    codi("text.count")
    done = subprocess.run(
        ["bash", "-c", f"{CODI} text.count <(echo one two)"], capture_output=True, check=True, timeout=20
    )
    assert b"words  2" in done.stdout


def test_a_fifo_that_nobody_writes_to_is_waited_for_no_longer_than_the_run_may_take(codi: Codi, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    result = codi("run", "--timeout", "0.5", "text.count", str(tmp_path / "fifo"), timeout=10)
    assert result.status == 75
    assert "E_WASM_TIME" in result.stderr


def test_a_device_is_no_file(codi: Codi) -> None:
    result = codi("text.count", "/dev/zero", timeout=10)
    assert result.status == 65
    assert "E_INPUT" in result.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_run_that_is_told_to_end_leaves_no_file_behind(name: str, codi: Codi, home: Path, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("a\n")
    codi("text.count")
    process = subprocess.Popen([CODI, "text.diff", str(tmp_path / "old")], stdin=subprocess.PIPE)
    runs = home / ".local/share/coditect/codi/runs"
    deadline = time.monotonic() + 20
    while not (runs.is_dir() and any(runs.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=10) == -getattr(signal, name)
    assert process.stdin is not None
    process.stdin.close()
    assert list(runs.iterdir()) == []


def test_output_to_a_descriptor_that_does_not_block_is_whole(codi: Codi) -> None:
    codi("text.count")
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = subprocess.Popen([CODI, "encode.hex"], stdin=subprocess.PIPE, stdout=writer)
    os.close(writer)
    assert process.stdin is not None
    process.stdin.write(b"x" * 100_000)
    process.stdin.close()
    time.sleep(0.5)
    with open(reader, "rb") as file:
        assert len(file.read()) == 200_001
    assert process.wait(timeout=10) == 0


def test_a_closed_stdout_never_becomes_a_file_of_ours(codi: Codi) -> None:
    codi("text.count")
    done = subprocess.run(
        ["bash", "-c", f"{CODI} text.count >&-"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 74
    assert b"words" in codi("text.count").stdout


def test_dry_run_says_what_would_run_and_runs_nothing(codi: Codi) -> None:
    document = json.loads(codi("run", "--dry-run", "text.wrap", "--width", "9").stdout)
    assert document["library"] == "text-tools"
    assert document["arguments"]["width"] == 9
    assert document["origin"] == "bundled"


def test_it_all_works_without_any_network_interface(codi: Codi) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.fail("needs root and unshare") if IN_CI else pytest.skip("needs root and unshare")
    done = subprocess.run(
        ["unshare", "--net", CODI, "text.count"], input=b"one two\n", capture_output=True, check=True, timeout=30
    )
    assert b"words  2" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--nonsense"],
        ["run", "--offline=no", "text.count"],
        ["run"],
        ["run", "--output", "xml", "text.count"],
        ["run", "--timeout"],
    ],
)
def test_a_wrong_option_of_codi_is_64(words: list[str], codi: Codi) -> None:
    result = codi(*words)
    assert result.status == 64
    assert "usage:" in result.stderr


def test_a_fault_in_codi_is_a_sentence_and_not_a_traceback(codi: Codi, home: Path) -> None:
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("servers = 3\n")
    result = codi("text.count")
    assert result.status == 78
    assert "E_CONFIG" in result.stderr
    assert "Traceback" not in result.stderr
