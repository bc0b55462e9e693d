"""Names, times, events and the manifest's views."""

from __future__ import annotations

import base64

import pytest

from codi_tui.errors import HandlerError
from codi_tui.model.events import RunEvent, error_document, whole_characters
from codi_tui.model.manifest import LibraryManifest
from codi_tui.model.names import BUILT_INS, is_name, split_command
from codi_tui.model.times import is_time, timestamp, unix_seconds
from support.libraries import manifest, subcommand


def test_there_are_exactly_ten_built_ins() -> None:
    assert sorted(BUILT_INS) == ["auth", "config", "connect", "help", "log", "mcp", "run", "session", "sync", "ui"]


def test_a_name_is_of_ascii_letters_digits_and_hyphens() -> None:
    for name in ("a", "a1", "a-b", "a-", "a" * 63):
        assert is_name(name)
    for name in ("", "A", "1a", "-a", "a_b", "a.b", "a/b", "a b", "a\n", "\u0430", "a\u0301", "a" * 64, "..", "%61"):
        assert not is_name(name)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a.b", (None, "a.b")), ("lib:a.b", ("lib", "a.b")), ("prompt-x.gen-1", (None, "prompt-x.gen-1"))],
)
def test_a_command_is_written_group_and_name(text: str, parts: tuple[str | None, str]) -> None:
    assert split_command(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.",
        ".b",
        "a.b.c",
        ":a.b",
        "x:",
        "x:a",
        "x:y:a.b",
        "X:a.b",
        "a.B",
        "../a.b",
        "a/b.c",
        "a.b/../c",
        "a.b?x",
        "a.b#",
        "a.%62",
        " a.b",
        "a.b\n",
        "a.b\0",
        "lib:a.b:c",
    ],
)
def test_anything_else_is_no_command(text: str) -> None:
    assert split_command(text) is None


def test_a_time_goes_there_and_back() -> None:
    for seconds in (0, 1, 951_782_400, 1_795_305_600, 4_102_444_799):
        assert unix_seconds(timestamp(seconds)) == seconds
        assert is_time(timestamp(seconds))
    assert timestamp(1_795_305_600.9) == "2026-11-22T00:00:00Z"


def test_two_times_compare_as_their_texts_do() -> None:
    texts = [timestamp(seconds) for seconds in (0, 59, 60, 3_600, 86_400, 31 * 86_400, 10**9, 2 * 10**9)]
    assert sorted(texts) == texts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22T00:00:00",
        "2026-11-22 00:00:00Z",
        "2026-11-22T00:00:00Z ",
        "2026-11-22T00:00:61Z",
        "2026-11-22T99:00:00Z",
        "+026-11-22T00:00:00Z",
        None,
        5,
        b"2026-11-22T00:00:00Z",
        ["2026-11-22T00:00:00Z"],
    ],
)
def test_anything_else_is_no_time(text: object) -> None:
    assert not is_time(text)


def test_an_event_as_json_has_it() -> None:
    event = RunEvent.started(run_id="r", command="a.b")
    event.seq = 1
    assert event.to_wire() == {"seq": 1, "type": "started", "run_id": "r", "command": "a.b"}
    assert RunEvent.log("warning", "w").to_wire() == {"seq": 0, "type": "log", "level": "warning", "message": "w"}
    assert RunEvent.result([1]).to_wire() == {"seq": 0, "type": "result", "value": [1]}
    assert RunEvent.completed(3, more=1).to_wire() == {"seq": 0, "type": "completed", "exit_status": 3, "more": 1}
    assert "output" in repr(RunEvent.output("stdout", b"abc"))


def test_output_is_text_when_it_is_utf_8_and_base64_when_it_is_not() -> None:
    assert RunEvent.output("stdout", "é".encode()).to_wire() == {
        "seq": 0,
        "type": "output",
        "stream": "stdout",
        "text": "é",
    }
    wire = RunEvent.output("stderr", b"\xff\x00").to_wire()
    assert wire["stream"] == "stderr"
    assert base64.b64decode(wire["base64"]) == b"\xff\x00"
    assert "text" not in wire


def test_a_failure_carries_the_error_whole() -> None:
    error = HandlerError("it crashed", code="E_WASM_TRAP", hint="look", library="demo")
    expected = {"code": "E_WASM_TRAP", "message": "it crashed", "hint": "look", "library": "demo"}
    assert error_document(error) == expected
    assert RunEvent.failed(error).to_wire()["error"] == expected


@pytest.mark.parametrize("text", ["", "a", "é", "→", "\U0001f600", "aé→\U0001f600"])
def test_no_cut_splits_a_character_and_at_most_three_bytes_wait(text: str) -> None:
    data = text.encode()
    for end in range(len(data) + 1):
        kept = whole_characters(data[:end])
        assert data[:kept].decode() == text[: len(data[:kept].decode())]
        assert end - kept <= 3
        if kept < end:
            assert data[kept] >= 0xC0


def test_bytes_that_are_no_utf_8_are_not_held_back_for_ever() -> None:
    for data in (b"\x80", b"\x80" * 9, b"a\xe2\x82\xac\x80\x80\x80\x80", b"\xff\xff\xff\xff\x80\x80\x80\x80"):
        assert whole_characters(data) == len(data)


@pytest.mark.parametrize("byte", [0xC0, 0xC1, 0xF5, 0xF8, 0xFE, 0xFF])
def test_a_byte_that_begins_no_character_is_not_held_back(byte: int) -> None:
    assert whole_characters(b"a" + bytes([byte])) == 2


def test_the_views_read_what_the_document_says() -> None:
    handler = {
        "type": "websocket",
        "endpoint": "server:/run",
        "output": "jsonl",
        "limits": {"wall_seconds": 5},
        "fallback": {"type": "wasm", "function": "f"},
    }
    argument = {
        "name": "file",
        "type": "path",
        "description": "F",
        "required": True,
        "access": "write",
        "multiple": True,
    }
    option = {"name": "tone", "type": "string", "description": "T", "short": "t"}
    command = subcommand(
        handler=handler,
        arguments=[argument],
        options=[option],
        examples=[{"description": "E", "command": "c"}],
        annotations={"destructive": True},
    )
    view = LibraryManifest(
        manifest(
            "demo",
            "1.2.3",
            library={"permissions": ["clock"], "dependencies": ["x@^1.2"], "expires_at": "2027-01-01T00:00:00Z"},
            commands={"demo": {"description": "Group", "subcommands": {"run": command, "also": subcommand()}}},
        )
    )
    library = view.library
    assert (library.name, library.version, library.description) == ("demo", "1.2.3", "A library")
    assert (library.permissions, library.dependencies, library.expires_at) == (
        ["clock"],
        ["x@^1.2"],
        "2027-01-01T00:00:00Z",
    )
    assert [item.path for item in view.walk()] == ["demo.also", "demo.run"]
    group = view.commands["demo"]
    assert (group.description, sorted(group.subcommands)) == ("Group", ["also", "run"])
    found = view.find("demo.run")
    assert found is not None
    assert (found.description, found.path) == ("A command", "demo.run")
    (file,), (tone,) = found.arguments, found.options
    assert (file.name, file.type, file.description, file.required, file.multiple, file.access) == (
        "file",
        "path",
        "F",
        True,
        True,
        "write",
    )
    assert (tone.required, tone.multiple, tone.access, tone.short) == (False, False, "read", "t")
    assert [item.name for item in found.parameters] == ["file", "tone"]
    assert (found.examples, found.annotations) == ([{"description": "E", "command": "c"}], {"destructive": True})
    read = found.handler
    assert (read.handler_type, read.endpoint, read.function, read.output, read.limits) == (
        "websocket",
        "server:/run",
        None,
        "jsonl",
        {"wall_seconds": 5},
    )
    assert read.fallback is not None
    assert (read.fallback.handler_type, read.fallback.output, read.fallback.limits, read.fallback.fallback) == (
        "wasm",
        "text",
        {},
        None,
    )
    assert view.wasm_module is not None
    assert (view.wasm_module.format, view.wasm_module.exports) == ("wasi-command", ["_start", "memory"])


def test_what_is_not_there_is_none() -> None:
    source = manifest()
    del source["wasm_module"]
    view = LibraryManifest(source)
    assert view.wasm_module is None
    assert view.library.expires_at is None
    for path in ("demo.none", "none.run", "demo", "", ".", "demo."):
        assert view.find(path) is None
    command = view.find("demo.run")
    assert command is not None
    assert (command.examples, command.annotations) == ([], {})
