"""How a line can go on: from the manual and rendered text, with nothing that a shell could take for code."""

from __future__ import annotations

from pathlib import Path

import pytest

from codi_tui.catalog.completion import render_commands
from codi_tui.cli.complete import FILES, answer, is_safe, offers_for
from codi_tui.cli.complete_line import words_of_line
from codi_tui.limits import LISTING_MAX_BYTES
from codi_tui.manual import SUMMARIES
from codi_tui.runtime import COMPLETION
from conftest import data_folder
from support.libraries import subcommand


def offered(line: str) -> set[str]:
    words = words_of_line(f"codi {line}")
    return {value for value, _ in offers_for(words) if value.startswith(words[-1])}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("codi", [""]),
        ("codi ", [""]),
        ("codi te", ["te"]),
        ("codi 'text.wr", ["text.wr"]),
        ('codi text.case "lo', ["text.case", "lo"]),
        ("codi a\\ b", ["a b"]),
        ("codi a\\", ["a"]),
        ("codi a  ", ["a", ""]),
    ],
)
def test_an_unfinished_line_has_words(line: str, words: list[str]) -> None:
    assert words_of_line(line) == words


def test_first_come_built_ins_commands_and_aliases(home: Path) -> None:
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[alias]\nwide = 'text.wrap --width 100'\n")
    assert {"config", "text.wrap", "wide", "--version"} <= offered("")
    assert offered("wide --br") == {"--break-words"}
    assert offered("nothing ") == set()


def test_a_built_in_s_verbs_options_and_words_come_from_the_manual() -> None:
    assert offered("config al") == {"alias"}
    assert offered("config alias ") == {"list", "set", "unset"}
    assert offered("config list --") == {"--origin", "--json", "--help"}
    assert offered("log show --level w") == {"warning"}
    assert offered("log show --level=w") == {"--level=warning"}
    assert offered("config get log") == {"log.level"}
    assert offered("config set run.offline ") == {"true", "false"}
    assert offered("config completion z") == {"zsh"}
    assert {*SUMMARIES, "text.wrap"} <= offered("help ")
    assert offered("help text.w") == {"text.wrap"}


def test_run_has_its_own_options_and_then_the_command_s() -> None:
    assert offered("run --off") == {"--offline"}
    assert offered("run --output j") == {"json", "jsonl"}
    assert offered("run --output json text.cas") == {"text.case"}
    assert offered("run --output json text.case ke") == {"kebab"}
    assert offered("run --dry-run text.wrap --wi") == {"--width"}


def test_a_command_s_options_values_and_paths() -> None:
    assert offered("text.case s") == {"sentence", "snake", "swap"}
    assert tuple(offers_for(["text.case", "snake", "no"])) == FILES
    assert offered("text.case snake notes.txt more") == set()
    assert offered("text.wrap --width ") == set()
    assert offered("text.wrap --no") == {"--no-break-words"}
    assert offered("text.case -- up") == {"upper"}


HOSTILE = [
    "$(touch pwned)",
    "`id`",
    "a;b",
    "a b",
    "*",
    "~root",
    "=ls",
    "%1",
    "x'y",
    'x"y',
    "a\x1b[2J",
    "a>b",
    "{a,b}",
    "!!",
]
HOSTILE += ["a|b", "#c", "\\n", "a&b", "[a]", "a?b", "a^b", "(a)", "\u202ea", "a\nb", "-\x00"]


def test_what_a_shell_could_take_for_code_is_never_offered() -> None:
    assert not any(map(is_safe, HOSTILE))
    assert all(map(is_safe, ["a", "--width", "text.wrap", "lib:a.b", "ünder", "--a=b", "@file", "1.5", "a/b", "x%20"]))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_hostile_library_s_text_is_shown_and_its_values_are_not(
    home: Path, shell: str, capfd: pytest.CaptureFixture[str]
) -> None:
    choice = {"name": "mode", "type": "string", "description": "m\x1b]0;gone\x07\tx\n$(id)", "enum": [*HOSTILE, "good"]}
    definition = subcommand(description="bad\x1b[2J\u202e\t`id`", options=[choice], arguments=[])
    data_folder(home).mkdir(parents=True)
    (data_folder(home) / COMPLETION).write_text(render_commands([("evil.run", definition), ("$(id).x", definition)]))
    for words in (["evil."], ["$(id)"], ["evil.run", "--mode", ""], ["evil.run", "--m"]):
        answer(shell, ["codi " + " ".join(words)] if shell == "bash" else words)
    said = capfd.readouterr().out
    assert all(char.isprintable() or char in "\t\n" for char in said)
    values = {line.split("\t")[0] for line in said.split("\n") if "\t" in line}
    assert values == {"evil.run", "good", "--mode"}


def test_rendered_text_is_bounded() -> None:
    definition = subcommand(description="x" * 1000)
    text = render_commands((f"group.c{number}", definition) for number in range(3000))
    assert 0 < len(text.encode()) <= LISTING_MAX_BYTES
    assert text.endswith("\n")


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"c", b"c\t", b"o\ta\nc\ta.b\no\n", b"\0" * 1000, b"c\ta.b\t\no\t\t\t\t\t\na\t\t\t"]
)
def test_damaged_text_offers_less_and_breaks_nothing(
    home: Path, text: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    data_folder(home).mkdir(parents=True)
    (data_folder(home) / COMPLETION).write_bytes(text)
    for words in ([""], ["a.b", ""], ["a.b", "--"], ["text.wrap", "--wi"]):
        assert answer("zsh", words) == 0
    assert "--width" in capfd.readouterr().out


def test_settings_that_are_wrong_break_nothing(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("nonsense")
    answer("fish", ["text.wra"])
    out, err = capfd.readouterr()
    assert "text.wrap" in out
    assert err == ""
