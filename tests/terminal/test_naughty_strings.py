"""Naughty strings through every way out to a real terminal: nothing of them moves, changes, hides or reorders anything."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyte
import pytest

from conftest import CODI, Codi, add_server
from support.libraries import FD_WRITE, PUBLIC_KEY, manifest, publish, signed, subcommand, wasm
from support.naughty import RAW, XTERM, dangers, naughty_strings
from support.server import serving
from support.terminal import Terminal, terminal

pytestmark = pytest.mark.attack("F-1")


@pytest.fixture
def strings(vectors: Path) -> list[str]:
    return naughty_strings(vectors)


def writing_both(stdout: bytes, stderr: bytes) -> bytes:
    """A module that writes to both streams, and ends."""

    def data(at: int, content: bytes) -> str:
        escaped = "".join(f"\\{byte:02x}" for byte in content)
        return f'(data (i32.const {at}) "{escaped}")'

    vectors = b"".join(number.to_bytes(4, "little") for number in (64, len(stdout), 300_000, len(stderr)))
    return wasm(
        f"""(module {FD_WRITE} (memory (export "memory") 10) {data(0, vectors)} {data(64, stdout)} {data(300_000, stderr)}
 (func (export "_start")
  (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
  (drop (call $fd_write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 32)))))"""
    )


def lines(strings: list[str]) -> bytes:
    return b"\n".join([*(text.encode() for text in strings), *RAW, b""])


def event_lines(strings: list[str]) -> bytes:
    levels = ("info", "warning", "error")
    events: list[dict[str, Any]] = []
    for at, text in enumerate(strings):
        events.append({"type": "log", "level": levels[at % 3], "message": text})
        events.append({"type": "progress", "done": at, "total": len(strings), "message": text})
        events.append({"type": "output", "text": text})
    events.append({"type": "result", "value": {"strings": strings, **dict.fromkeys(strings, 1)}})
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def shared_out(strings: list[str], count: int) -> list[str]:
    """All of them in so many texts."""
    return [" | ".join(strings[at::count]) for at in range(count)]


def said_by_a_manifest(strings: list[str]) -> dict[str, Any]:
    """A command whose every free text is naughty."""
    texts = shared_out(strings, 40)
    options = [
        {"name": f"o{at}", "type": "string", "description": text, "default": text[:200], "placeholder": text[:64]}
        for at, text in enumerate(texts)
    ]
    options[0]["enum"] = [texts[0][:200], *strings[:100]]
    return subcommand(
        description=texts[0],
        arguments=[{"name": "file", "type": "path", "description": texts[1]}],
        options=options,
        examples=[{"description": text, "command": text} for text in texts],
    )


@pytest.fixture
def library(home: Path, tmp_path: Path, strings: list[str]) -> Iterator[list[str]]:
    """A server with one library that prints all of it, one whose events say it, and one whose manifest does."""
    group = {"description": shared_out(strings, 10)[0], "subcommands": {"run": said_by_a_manifest(strings)}}
    events = subcommand(handler={"type": "wasm", "function": "main", "output": "events"})
    publish(
        tmp_path / "site",
        signed(
            manifest("naughty", library={"description": shared_out(strings, 10)[1]}, commands={"naughty": group}),
            writing_both(lines(strings), lines(strings)),
        ),
        signed(
            manifest("events", commands={"events": {"description": "", "subcommands": {"run": events}}}),
            writing_both(event_lines(strings), b""),
        ),
    )
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, ["naughty", "events"])
        yield strings


def on_a_terminal(*words: str, status: int | None = 0, **environment: str) -> Terminal:
    """What a program wrote to a terminal that shows nothing but text afterwards."""
    with terminal(*words, size=(120, 40), **environment) as screen:
        found = screen.finish()
        assert status in (None, found), screen.text()
        untouched(screen)
        return screen


def untouched(screen: Terminal) -> None:
    """Title, modes, character sets, margins and the cursor are as a terminal begins with."""
    found, fresh = screen.screen, pyte.Screen(120, 40)
    assert (found.title, found.icon_name) == ("", "")
    assert found.mode == fresh.mode
    assert (found.charset, found.g0_charset, found.g1_charset) == (fresh.charset, fresh.g0_charset, fresh.g1_charset)
    assert found.margins is None
    assert not found.cursor.hidden
    assert found.cursor.attrs == fresh.cursor.attrs
    assert not any(cell.fg != "default" or cell.bold for row in found.buffer.values() for cell in row.values())


@pytest.mark.attack("F-4")
def test_what_a_guest_writes(library: list[str]) -> None:
    screen = on_a_terminal(CODI, "naughty.run")
    assert dangers(screen.written) == []
    assert screen.written.count("␛]52;c;TkFVR0hUWQ==␇".encode()) == 2  # stdout and stderr
    assert b"NAUGHTY" in screen.written


def test_what_a_guest_says_in_events(library: list[str]) -> None:
    for output in ("text", "json", "jsonl"):
        screen = on_a_terminal(CODI, "run", "--output", output, "events.run")
        assert b"NAUGHTY" in screen.written
        # codi's own: the carriage returns of the line of progress. A message may stand behind output without a line end,
        # and may begin with as many marks as the output ended with.
        assert dangers(screen.written, allowed="\n\t\r", marks_max=16) == [], output


@pytest.mark.attack("F-4")
def test_raw_is_the_guest_s_own_bytes(library: list[str], codi: Codi, monkeypatch: pytest.MonkeyPatch) -> None:
    assert codi("run", "--output", "raw", "naughty.run").stdout == lines(library)
    monkeypatch.setattr(pyte.ByteStream, "feed", lambda *_: None)  # pyte does not know all of it
    with terminal(CODI, "run", "--output", "raw", "naughty.run") as screen:
        screen.finish()
        assert b"\x1b]52;c;TkFVR0hUWQ==\x07" in screen.written
    docs = Path(__file__).parents[2] / "docs/libraries.md"
    assert "escape sequences included" in docs.read_text()


def test_in_a_pipe_json_carries_every_string(library: list[str], codi: Codi) -> None:
    value = json.loads(codi("run", "--output", "json", "events.run").stdout)
    assert value["strings"] == library
    events = [json.loads(line) for line in codi("run", "--output", "jsonl", "events.run").stdout.splitlines()]
    assert [event["text"] for event in events if event["type"] == "output"] == [text for text in library if text]
    assert [event["message"] for event in events if event["type"] == "log"] == library


def test_what_a_manifest_says(library: list[str]) -> None:
    on_a_terminal(CODI, "run", "--dry-run", "naughty.run")
    for words in (["help", "naughty.run"], ["help"], ["run", "naughty.run", "--o0", "x"], ["naughty.run", "--nope"]):
        screen = on_a_terminal(CODI, *words, status=None)
        assert dangers(screen.written) == [], words
    assert b"NAUGHTY" in on_a_terminal(CODI, "help", "naughty.run").written


def test_what_a_dry_run_repeats(library: list[str], tmp_path: Path) -> None:
    arguments = tmp_path / "arguments.json"
    for values in ({"o1": "".join(library)}, {"file": library[0], "o2": "\x7f\x9b\u202e"}):
        arguments.write_text(json.dumps(values))
        for way in ("text", "json"):
            words = ("run", "--dry-run", "--output", way, "--args", f"@{arguments}", "naughty.run")
            screen = on_a_terminal(CODI, *words)
            assert b'"arguments"' in screen.written
            assert dangers(screen.written) == []


DRIVER = """
import json, os, sys
import codi_tui.cli.run as run
from codi_tui.cli import narration, output, progress
from codi_tui.entry import main
from codi_tui.errors import CodiError, NotFoundError, UsageError
from codi_tui.model.events import RunEvent

class Ended(BaseException):
    pass

def end(status):
    raise Ended

real_exit, os._exit = os._exit, end
progress.SHOWN_AFTER_SECONDS = progress._REDRAWN_AFTER_SECONDS = 0

def codi(*words):
    sys.argv[1:] = [os.fsdecode(word) if isinstance(word, bytes) else word for word in words]
    try:
        main()
    except Ended:
        pass

def texts_and_bytes():
    for item in json.load(open(sys.argv[1])):
        data = bytes.fromhex(item)
        yield data.replace(b"\\0", b"")

"""
COMMAND_LINES = """
for word in list(texts_and_bytes()):
    if word.strip() == b"ui" or not word:
        continue
    codi(word)
    codi("run", word)
    codi("help", word)
    codi("run", b"--" + word)
    codi("run", "--json", word)
    codi("run", "--output", word, "x.y")
    codi("run", "--timeout", word, "x.y")
    codi("run", "--args", word, "text.count")
    codi("run", "--args", b"@/nowhere/" + word, "text.count")
    codi("run", "--json", "--args", b"@/nowhere/" + word, "text.count")
    codi("run", "--allow", word, "--dry-run", "text.count")
    codi("text.count", word)
    codi("text.count", b"--" + word)
    codi("text.wrap", b"--width=" + word)
    codi(b"-" + word)
    codi("ui", b"--" + word)
    codi("ui", "a", word)
"""
EVENTS = """
for data in list(texts_and_bytes()):
    text = os.fsdecode(data)
    narration.notice(text)
    narration.report(UsageError([text, text], usage=text, hint=text))
    for as_json in (False, True):
        narration.report(NotFoundError(text, hint=text, library=text), as_json=as_json)
    for way, kind in (("text", "text"), ("text", "json"), ("json", "events"), ("json", "jsonl"), ("jsonl", "text")):
        out = output.make_output(way, kind)
        try:
            out.show(RunEvent.output("stdout", data))
            out.show(RunEvent.output("stderr", data))
            out.show(RunEvent.log("info", text))
            out.show(RunEvent.log("error", text))
            out.show(RunEvent.progress(1, 2, text))
            out.show(RunEvent.progress(2, None, text))
            out.show(RunEvent.result({text: [text]}))
            out.show(RunEvent.completed(0))
            out.show(RunEvent.failed(CodiError(text, hint=text, library=text)))
        except CodiError as error:
            narration.report(error)
        os.write(1, b"\\n")
"""
FAULTS = """
os.environ["CODI_TRACEBACK"] = "1"
def fault(words):
    raise ValueError(*words)
run.bare = fault
words = [word for word in texts_and_bytes() if word]
for word in words:
    codi("x" + os.fsdecode(word))
def refusal(words):
    raise OSError(5, words[0], words[0])
run.bare = refusal
for word in words:
    codi("x" + os.fsdecode(word))
"""


def driven(tmp_path: Path, strings: list[str], script: str, **environment: str) -> Terminal:
    """A script that is many invocations of codi in one process, on a terminal."""
    listed = tmp_path / "strings.json"
    listed.write_text(json.dumps([text.encode().hex() for text in strings] + [data.hex() for data in RAW]))
    (tmp_path / "driver.py").write_text(f"{DRIVER}{script}\nprint('the end', flush=True)\nreal_exit(0)\n")
    screen = on_a_terminal(sys.executable, str(tmp_path / "driver.py"), str(listed), **environment)
    assert b"the end" in screen.written
    return screen


def spicy(strings: list[str]) -> list[str]:
    """Those that a terminal could act on, and a few others."""
    return [text for text in strings if not text.isascii() or not text.isprintable()]


def test_what_codi_repeats_of_a_command_line(strings: list[str], tmp_path: Path) -> None:
    chosen = [*spicy(strings)[::4], *XTERM[::3]]
    screen = driven(tmp_path, chosen, COMMAND_LINES)
    assert dangers(screen.written) == []
    assert screen.written.count(b"codi: ") > 10 * len(chosen)


def test_what_codi_says_of_events_and_errors(strings: list[str], tmp_path: Path) -> None:
    screen = driven(tmp_path, strings, EVENTS)
    assert dangers(screen.written, allowed="\n\t\r", marks_max=16) == []


def test_what_codi_says_of_its_own_faults(strings: list[str], tmp_path: Path) -> None:
    screen = driven(tmp_path, spicy(strings), FAULTS)
    assert dangers(screen.written) == []
    assert b"Traceback" in screen.written


def test_names_of_files_and_folders(home: Path, tmp_path: Path) -> None:
    text = "\x1b]0;NAUGHTY\x07\x9b2J\u202egnp\nb\x7f\U000e0041\udcff"
    folder = tmp_path / text
    (folder / "coditect/codi").mkdir(parents=True)
    (folder / "coditect/codi/config.toml").write_text("servers = [")
    (folder / "file").write_text("{")
    for words in (
        ("run", "--args", f"@{folder}/none", "text.count"),
        ("run", "--args", f"@{folder}/file", "text.count"),
        ("run", "--args", f"@{folder}", "text.count"),
    ):
        assert dangers(on_a_terminal(CODI, *words, status=None).written) == [], words
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        screen = on_a_terminal(CODI, "text.count", "--nope", status=None, **{name: str(folder)})
        assert dangers(screen.written) == [], name
    registry = str(Path(sys.executable).parent / "codi-registry")
    for words in (
        ("verify", str(folder / "none"), "--public-key", text),
        ("verify", str(folder / "none"), "--public-key", PUBLIC_KEY.hex()),
        ("keygen", "--file", str(folder / "none/key")),
        ("sign", text, "--key", str(folder / "none"), "--sequence", "1", "--to", text),
        (text,),
        ("new", text, "--lang", "c"),
        ("keygen", "--name", text),
        ("build", text),
        ("publish", text, "--to", text, "--public-key", PUBLIC_KEY.hex()),
        ("verify", "a", "--public-key", "x", text),
        ("sign", text, "--sequence", text),
    ):
        assert dangers(on_a_terminal(registry, *words, status=None).written) == [], words


OWN = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\[[0-9]+;[0-9]+H|\x1b\[\?(?:7|1049|1000|1002|1003|1004|1006|1015|1016|2004|2026|2048|25)[hl]"
    rb"|\x1b\[\?(?:2026|2048)\$p|\x1b\[>25u|\x1b\[<u|\x1b\]22;[a-z]+\x07|\x1b\[6n|\x1b\[J|\x1b\[H|\x1b\[2J"
)
"""What the workspace's toolkit writes by itself: colours, cursor addresses, its modes, their ends, pointer shapes."""


@pytest.mark.attack("F-2", "F-3")
def test_what_the_workspace_shows(library: list[str], codi: Codi) -> None:
    assert codi("naughty.run").status == 0
    with terminal(CODI, "ui", "naughty.run", size=(120, 40)) as screen:
        screen.until("2 naughty.run")
        screen.press(*["tab"] * 6)
        for _ in range(12):
            screen.press("\x1b[6~")  # page down, through the form's hundred fields
        screen.press("f5")
        screen.until("exit 0")
        screen.press("w", "up", "up", "up", "/")
        screen.press(*"NAU")
        screen.press("enter", "escape")
        screen.read(0.5)
        screen.press("ctrl+p")
        screen.until("Command")
        screen.press(*"naughty")
        screen.press("escape")
        screen.read(0.5)
        screen.press("escape")
        screen.read(0.5)
        screen.press("escape")
        screen.read(0.5)
        screen.press("4")
        screen.until("4 Cache")
        screen.press("down", "down")
        screen.read(0.5)
        written = screen.written
    own = OWN.sub(b"", written)
    assert b"NAUGHTY" in own
    assert dangers(own, allowed="\n\t\r") == []
    for sequence in (b"\x1b[31337m", b"\x1b[8m", b"\x1b[999A", b"\x1b[?47h", b"\x1b[?5h"):
        assert sequence not in written


def test_the_oracle_sees_what_it_should(strings: list[str]) -> None:
    """Without this, a check that finds nothing proves nothing."""
    missed = [text for text in XTERM if not dangers(text.encode())]
    assert missed == [
        "[/]",
        "[/x]",
        "[@click=app.quit]x[/]",
        "[link=https://naughty.example]x[/link]",
        "[red]x",
        "[blink]",
    ]
    assert all(dangers(data) for data in RAW)
    assert len(spicy(strings)) > 200
