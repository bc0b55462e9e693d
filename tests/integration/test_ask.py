"""`codi run --ask` on a real terminal: what is missing is asked for, checked, and a secret is never shown."""

from __future__ import annotations

import json
import termios
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from conftest import CODI, Codi, add_server
from support.libraries import PUBLIC_KEY, manifest, publish, signed, subcommand
from support.server import serving
from support.terminal import Terminal, in_session, terminal

SECRET = "hunter2-and-more"


def parameter(name: str, kind: str = "string", **members: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": f"The {name}", "required": True, **members}


COMMAND = subcommand(
    arguments=[parameter("count", "integer", maximum=9)],
    options=[
        parameter("tag", multiple=True),
        parameter("sure", "boolean"),
        parameter("token", secret=True, min_length=8),
        parameter("mode", enum=["fast", "slow"]),
        {**parameter("note"), "required": False},
    ],
)


@pytest.fixture(autouse=True)
def library(home: Path, tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "site"
    folder.mkdir()
    with serving(folder) as server:
        add_server(home, server.origin, PUBLIC_KEY, ["demo"])
        publish(folder, signed(manifest(commands={"demo": {"description": "Group", "subcommands": {"run": COMMAND}}})))
        yield


def asked(*words: str) -> Any:
    return terminal(*in_session(CODI, "run", "--ask", "--dry-run", *words), size=(120, 60), CI="")


def answer(shown: Terminal, prompt: str, text: str, *, time: int = 1) -> None:
    """Answer a prompt that stands there for the so-manieth time: what is typed before it is thrown away."""
    deadline = monotonic() + 20
    while shown.written.count(prompt.encode()) < time:
        assert monotonic() < deadline, shown.text()
        shown.read()
    shown.press(text, "enter")


def test_what_is_missing_is_asked_for_until_it_fits() -> None:
    with asked("demo.run", "--mode", "slow") as shown:
        answer(shown, "count> ", "many")
        answer(shown, "count> ", "7", time=2)
        answer(shown, "tag 1> ", "a b")
        answer(shown, "tag 2> ", "c")
        answer(shown, "tag 3> ", "")
        answer(shown, "sure> ", "yes")
        answer(shown, "token> ", "short")
        answer(shown, "token> ", SECRET, time=2)
        assert shown.finish() == 0
        for said in ("must be a whole number", "must have at least 8 characters"):
            assert said.encode() in shown.written
        assert SECRET.encode() not in shown.written
        assert b"short" not in shown.written
        assert termios.tcgetattr(shown.slave)[3] == shown.settings[3]
        document = json.loads(shown.written[shown.written.index(b"{\r\n") :])
    assert document["arguments"] == {"count": 7, "tag": ["a b", "c"], "sure": True, "token": "***", "mode": "slow"}


def test_only_what_was_given_nowhere_is_asked_for() -> None:
    given = json.dumps({"count": 1, "tag": ["x"], "token": SECRET})
    with terminal(
        *in_session(CODI, "run", "--ask", "--dry-run", "--args", given, "demo.run", "--sure"), size=(120, 40), CI=""
    ) as shown:
        answer(shown, "mode> ", "fast")
        assert shown.finish() == 0
        assert b"count>" not in shown.written


def test_three_answers_that_do_not_fit_are_enough_and_ctrl_c_ends_it() -> None:
    with asked("demo.run", "--tag=x", "--sure", "--mode=fast") as shown:
        for number in (1, 2, 3):
            answer(shown, "count> ", "99", time=number)
        assert shown.finish() == 64
        assert "at most 9" in shown.text()
    with asked("demo.run", "3", "--tag=x", "--sure", "--mode=fast") as shown:
        shown.until("token> ")
        shown.press("ctrl+c")
        assert shown.finish() == 130
        assert termios.tcgetattr(shown.slave)[3] == shown.settings[3]


def test_another_mistake_is_told_before_anything_is_asked() -> None:
    with asked("demo.run", "--mode", "medium") as shown:
        assert shown.finish() == 64
        assert b"> " not in shown.written
        assert "must be one of fast, slow" in shown.text()


@pytest.mark.parametrize("redirected", ["< /dev/null", "2> /dev/null"])
def test_nobody_is_asked_where_stdin_or_stderr_is_no_terminal(redirected: str) -> None:
    line = f"{CODI} run --ask demo.run {redirected}; echo status $?"
    with terminal(*in_session("/bin/sh", "-c", line), size=(120, 40), CI="") as shown:
        shown.finish(lambda: not_asked(shown))
        assert "status 64" in shown.text()


def not_asked(shown: Terminal) -> None:
    assert "count>" not in shown.text()


def test_a_script_is_told_what_is_missing(codi: Codi) -> None:
    result = codi("run", "--ask", "demo.run")
    assert result.status == 64
    for said in ("count is missing", "--token is missing", "--ask asks on a terminal, and this is none"):
        assert said in result.stderr


def test_arguments_from_standard_input_and_from_a_file(codi: Codi, tmp_path: Path) -> None:
    given = json.dumps({"count": 1, "tag": ["x"], "token": SECRET, "sure": False, "mode": "fast"}).encode()
    path = tmp_path / "args.json"
    path.write_bytes(given)
    for source, stdin in (("@-", given), (f"@{path}", b""), (given.decode(), b"")):
        result = codi("run", "--dry-run", "--args", source, "demo.run", "--mode=slow", stdin=stdin)
        assert result.status == 0
        assert json.loads(result.stdout)["arguments"]["mode"] == "slow"
    for source, stdin, status in (("@-", b"{", 65), ("@/nowhere", b"", 65), ("@-", b"[]", 64)):
        assert codi("run", "--args", source, "demo.run", stdin=stdin).status == status
