"""Grants through the real executable: refused with the exact command, asked on a terminal, remembered, revoked."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from conftest import CODI, Codi, Result, add_server, data_folder
from support.libraries import KEY, OTHER_KEY, PUBLIC_KEY, RANDOM, manifest, publish, signed, subcommand, wasm
from support.server import Server, serving
from support.terminal import in_session, terminal

NET = "net:api.example.com:443"
OPEN = """(module
 (import "wasi_snapshot_preview1" "path_open"
  (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
 (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
 (memory (export "memory") 1) (data (i32.const 0) "{path}")
 (func (export "_start") (call $exit (i32.ne (i32.const 0) (call $open
  (i32.const 3) (i32.const 0) (i32.const 0) (i32.const {size}) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
  (i32.const 512))))))"""
PROMPT = "anything else refuses:"


class Publisher:
    """A server with one library, which can publish another version of it."""

    def __init__(self, server: Server, folder: Path, home: Path) -> None:
        self.server = server
        self.folder = folder
        self.home = home
        self.sequence = 0

    def publish(
        self, *permissions: str, version: str = "1.0.0", key: SigningKey = KEY, module: str = RANDOM, **command: Any
    ) -> None:
        """Publish, and let the next run fetch it."""
        commands = {"demo": {"description": "Group", "subcommands": {"run": subcommand(**command)}}}
        source = manifest(version=version, library={"permissions": list(permissions)}, commands=commands)
        self.sequence += 1
        publish(self.folder, signed(source, wasm(module), key=key, sequence=self.sequence))
        for name in ("cache.db", "cache.db-wal", "cache.db-shm"):
            (data_folder(self.home) / name).unlink(missing_ok=True)


@pytest.fixture
def publisher(home: Path, tmp_path: Path) -> Iterator[Publisher]:
    folder = tmp_path / "site"
    folder.mkdir()
    with serving(folder) as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        made = Publisher(server, folder, home)
        made.publish("random", NET)
        yield made


def hinted(result: Result, opening: str) -> list[str]:
    """The command that a refusal gives behind some words, as a shell reads it."""
    text = result.stderr.partition(opening)[2].splitlines()[0].partition(";")[0]
    words = shlex.split(text)
    assert words[0] == "codi", result.stderr
    return words[1:]


def ask_at_terminal(*words: str, answer: str = "", **environment: str) -> tuple[int, str]:
    """Run codi on a terminal of its own and answer the question; its status, and what the screen shows."""
    with terminal(*in_session(CODI, *words), size=(160, 40), **{"CI": "", **environment}) as shown:
        if answer:
            shown.until(PROMPT)
            shown.press(answer, "enter")
        status = shown.finish()
        return status, shown.text()


def not_asked(written: str) -> None:
    assert PROMPT not in written


def test_a_script_is_refused_with_what_it_means_and_the_commands_that_would_grant_it(
    publisher: Publisher, codi: Codi
) -> None:
    result = codi("demo.run")
    assert result.status == 77
    assert "+ random   draw random numbers" in result.stderr
    assert f"+ {NET}   send data to and receive data from api.example.com, port 443" in result.stderr
    assert "(E_PERMISSION)" in result.stderr
    assert hinted(result, "for one run: ") == ["run", "--allow", "random", "--allow", NET, "demo.run"]
    assert hinted(result, "remembered: ") == ["config", "grants", "add", "demo", "random", NET]


def test_the_command_for_one_run_is_for_one_run(publisher: Publisher, codi: Codi) -> None:
    assert codi(*hinted(codi("demo.run"), "for one run: ")).status == 0
    assert codi("demo.run").status == 77


def test_the_remembering_command_is_remembered_until_it_is_revoked(publisher: Publisher, codi: Codi) -> None:
    assert codi(*hinted(codi("demo.run"), "remembered: ")).status == 0
    assert codi("demo.run").status == 0
    listed = json.loads(codi("config", "grants", "list", "--json").stdout)
    assert [(item["library"], item["rule"], item["permission"]) for item in listed] == [
        ("demo", "demo", NET),
        ("demo", "demo", "random"),
    ]
    assert b"draw random numbers" in codi("config", "grants", "list").stdout
    assert codi("config", "grants", "revoke", "demo", "random").status == 0
    assert codi("demo.run").status == 77
    assert codi("run", "--allow", "random", "demo.run").status == 0
    assert codi("config", "grants", "revoke", "demo").status == 0
    assert codi("config", "grants", "list").stdout == b"nothing is granted\n"
    assert codi("config", "grants", "revoke", "demo").status == 66


def test_only_what_the_library_declares_can_be_granted(publisher: Publisher, codi: Codi) -> None:
    result = codi("config", "grants", "add", "demo", "clock", "random")
    assert (result.status, "does not declare clock" in result.stderr) == (77, True)
    assert codi("config", "grants", "list").stdout == b"nothing is granted\n"


def test_a_grant_that_is_no_permission_is_a_usage_error(publisher: Publisher, codi: Codi) -> None:
    assert codi("run", "--allow", "net:*", "demo.run").status == 64


def test_programs_get_the_refusal_as_json(publisher: Publisher, codi: Codi) -> None:
    result = codi("run", "--output", "json", "demo.run")
    error = json.loads(result.stderr)["error"]
    assert error["code"] == "E_PERMISSION"
    assert "+ random   draw random numbers" in error["details"]


def test_a_person_is_asked_once_and_it_is_remembered(publisher: Publisher, codi: Codi) -> None:
    status, shown = ask_at_terminal("demo.run", answer="g")
    assert status == 0, shown
    assert "demo 1.0.0 asks for permissions" in shown
    assert "+ random   draw random numbers" in shown
    assert "rule demo" in shown
    assert codi("demo.run").status == 0
    status, shown = ask_at_terminal("demo.run")
    assert (status, PROMPT in shown) == (0, False)


def test_once_is_not_remembered_and_anything_else_refuses(publisher: Publisher, codi: Codi) -> None:
    assert ask_at_terminal("demo.run", answer="o")[0] == 0
    for answer in ("", "y", "yes", "gg"):
        status, shown = _answered(answer)
        assert status == 77, shown
        assert "codi config grants add demo" in shown.replace("\n", "")
    assert codi("demo.run").status == 77


def _answered(answer: str) -> tuple[int, str]:
    with terminal(*in_session(CODI, "demo.run"), size=(160, 40), CI="") as shown:
        shown.until(PROMPT)
        shown.press(answer, "enter")
        return shown.finish(), shown.text()


def test_what_was_typed_before_the_question_is_no_answer(publisher: Publisher) -> None:
    with terminal(*in_session(CODI, "demo.run"), size=(160, 40), CI="") as shown:
        shown.press("g", "enter")
        shown.until(PROMPT)
        shown.read(0.5)
        assert shown.process.poll() is None, shown.text()
        shown.press("n", "enter")
        assert shown.finish() == 77


def test_ctrl_c_at_the_question_is_130(publisher: Publisher) -> None:
    with terminal(*in_session(CODI, "demo.run"), size=(160, 40), CI="") as shown:
        shown.until(PROMPT)
        shown.press("ctrl+c")
        assert shown.finish() == 130


def test_nobody_is_asked_in_ci(publisher: Publisher) -> None:
    with terminal(*in_session(CODI, "demo.run"), size=(160, 40), CI="true") as shown:
        assert shown.finish(lambda: not_asked(shown.text())) == 77
        not_asked(shown.text())


def test_nobody_is_asked_when_stderr_is_no_terminal(publisher: Publisher, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with terminal(*in_session("/bin/sh", "-c", f"{CODI} demo.run 2> {log}"), size=(80, 24), CI="") as shown:
        assert shown.finish(lambda: not_asked(log.read_text() if log.exists() else "")) == 77
    assert "E_PERMISSION" in log.read_text()


def test_the_question_is_asked_although_stdin_and_stdout_are_pipes(publisher: Publisher, tmp_path: Path) -> None:
    line = f"echo g | {CODI} demo.run > {tmp_path / 'out'}"
    with terminal(*in_session("/bin/sh", "-c", line), size=(160, 24), CI="") as shown:
        shown.until(PROMPT)
        shown.read(0.3)
        assert shown.process.poll() is None, "it took the command's stdin for an answer"
        shown.press("o", "enter")
        assert shown.finish() == 0


def test_hostile_words_in_the_question_are_shown_and_not_obeyed(publisher: Publisher, codi: Codi) -> None:
    publisher.publish("random", description="x\x1b]0;owned\x07\r\n[g] ok: g", version="1.0.1")
    assert codi("config", "grants", "approve", "demo").status == 0
    publisher.publish("random", description="y\x1b]0;owned\x07", version="1.0.2")
    with terminal(*in_session(CODI, "demo.run"), size=(160, 40), CI="") as shown:
        shown.until(PROMPT)
        assert b"\x1b]" not in shown.written
        assert "␛]0;owned␇" in shown.text()
        shown.press("n", "enter")
        assert shown.finish() == 77


def test_a_new_key_under_the_same_rule_does_not_ask_again(publisher: Publisher, codi: Codi, home: Path) -> None:
    assert codi("config", "grants", "add", "demo", "random", NET).status == 0
    assert codi("demo.run").status == 0
    settings = home / ".config/coditect/codi/config.toml"
    settings.write_text(settings.read_text().replace(PUBLIC_KEY.hex(), bytes(OTHER_KEY.verify_key).hex()))
    publisher.publish("random", NET, key=OTHER_KEY)
    assert codi("demo.run").status == 0
    settings.write_text(settings.read_text().replace('["demo"]', '["*"]'))
    assert codi("demo.run").status == 77


class TestUpdate:
    @pytest.fixture(autouse=True)
    def used(self, publisher: Publisher, codi: Codi) -> None:
        """`demo` 1.0.0 was used, with what it asks for granted."""
        assert codi("config", "grants", "add", "demo", "random", NET).status == 0
        assert codi("demo.run").status == 0

    def test_more_code_and_nothing_else_asks_nothing(self, publisher: Publisher, codi: Codi) -> None:
        publisher.publish("random", NET, version="1.0.1", module=RANDOM.replace("i32.const 8", "i32.const 9"))
        result = codi("demo.run")
        assert (result.status, result.stderr) == (0, "")

    def test_more_permissions_stop_it_until_they_are_approved(self, publisher: Publisher, codi: Codi) -> None:
        publisher.publish("random", NET, "env:HOME", version="1.1.0")
        result = codi("demo.run")
        assert result.status == 77
        assert "demo 1.1.0 asks for more than 1.0.0" in result.stderr
        assert "  + env:HOME   read the environment variable HOME" in result.stderr
        assert "(E_CHANGED)" in result.stderr
        assert codi("run", "--allow", "env:HOME", "demo.run").status == 77
        approve, _, add = result.stderr.partition("to approve it: ")[2].strip().partition(" && ")
        for line in (approve, add):
            words = shlex.split(line)
            assert words[0] == "codi"
            assert codi(*words[1:]).status == 0
        assert codi("demo.run").status == 0

    def test_other_words_stop_it(self, publisher: Publisher, codi: Codi) -> None:
        publisher.publish("random", NET, version="1.1.0", description="Another command")
        result = codi("demo.run")
        assert result.status == 77
        assert '~ demo.run  description: "A command" → "Another command"' in result.stderr
        assert codi(*hinted(result, "to approve it: ")).status == 0
        assert codi("demo.run").status == 0

    def test_the_approving_command_is_for_that_update_and_no_later_one(self, publisher: Publisher, codi: Codi) -> None:
        publisher.publish("random", NET, version="1.1.0", description="Another command")
        command = hinted(codi("demo.run"), "to approve it: ")
        publisher.publish("random", NET, version="1.2.0", description="Something else")
        result = codi(*command)
        assert (result.status, "E_DIGEST" in result.stderr) == (77, True)
        assert codi("demo.run").status == 77

    def test_a_person_sees_the_difference_and_approves(self, publisher: Publisher, codi: Codi) -> None:
        publisher.publish("random", NET, "clock", version="1.1.0", annotations={"destructive": True})
        status, shown = ask_at_terminal("demo.run", answer="o")
        assert status == 0, shown
        assert codi("demo.run").status == 77
        status, shown = ask_at_terminal("demo.run", answer="g")
        assert status == 0, shown
        assert "~ demo.run  is now marked destructive" in shown
        assert "+ clock   read the clock" in shown
        assert codi("demo.run").status == 0

    def test_fewer_permissions_are_said_and_not_asked(self, publisher: Publisher, codi: Codi) -> None:
        publisher.publish("random", version="1.1.0")
        result = codi("demo.run")
        assert result.status == 0
        assert f"- {NET}   no longer asked for" in result.stderr
        assert codi("demo.run").stderr == ""
        publisher.publish("random", NET, version="1.2.0")
        assert codi("demo.run").status == 77

    def test_a_damaged_memory_is_not_taken_for_a_first_use(self, publisher: Publisher, codi: Codi, home: Path) -> None:
        (data_folder(home) / "state.db").write_bytes(b"not a database at all" * 100)
        for suffix in ("-wal", "-shm"):
            (data_folder(home) / f"state.db{suffix}").unlink(missing_ok=True)
        result = codi("run", "--allow", "random", "--allow", NET, "demo.run")
        assert result.status == 74
        assert "move" in result.stderr


def test_dry_run_says_what_is_granted_and_what_is_missing(publisher: Publisher, codi: Codi) -> None:
    document = json.loads(codi("run", "--dry-run", "--allow", "random", "demo.run").stdout)
    assert document["permissions"] == ["random"]
    assert [item["permission"] for item in document["missing"]] == [NET]
    assert "api.example.com" in document["missing"][0]["meaning"]
    assert not _rows(publisher.home, "approvals")


def test_the_first_use_is_recorded_and_asks_nothing_that_is_not_needed(publisher: Publisher, codi: Codi) -> None:
    publisher.publish(module='(module (memory (export "memory") 1) (func (export "_start")))')
    result = codi("demo.run")
    assert (result.status, result.stderr) == (0, "")
    assert len(_rows(publisher.home, "approvals")) == 1


def test_a_bundled_command_opens_no_state(codi: Codi, home: Path) -> None:
    assert codi("text.count").status == 0
    assert not (data_folder(home) / "state.db").exists()


def _rows(home: Path, table: str) -> list[tuple[Any, ...]]:
    path = data_folder(home) / "state.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def test_the_memory_is_private(publisher: Publisher, codi: Codi) -> None:
    subprocess.run(["/bin/sh", "-c", f"umask 000; {CODI} run --allow random demo.run"], check=False)
    assert os.stat(data_folder(publisher.home) / "state.db").st_mode & 0o777 == 0o600


def test_config_help(codi: Codi) -> None:
    result = codi("config", "--help")
    assert result.status == 0
    assert b"codi config grants add deploy" in result.stdout
    assert codi("config", "grants", "add", "demo").status == 64


@pytest.mark.parametrize(
    ("path", "status"),
    [("file/one", 0), ("file/two", 1), ("file/../../two", 1), ("../two", 1), ("/etc/passwd", 1)],
)
def test_a_path_argument_confers_exactly_that_path(
    path: str, status: int, publisher: Publisher, codi: Codi, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    publisher.publish(
        module=OPEN.format(path=path, size=len(path)),
        arguments=[{"name": "file", "type": "path", "description": "A file"}],
    )
    assert codi("demo.run", str(tmp_path / "one")).status == status
    assert codi("demo.run").status == 1
