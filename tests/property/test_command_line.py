"""A form's values, written as a command line and read back, are the same values."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codi_tui.errors import UsageError
from codi_tui.model.manifest import SubcommandDefinition
from codi_tui.operations.command_line import quote, read_line, write_line
from codi_tui.operations.flags import read_flags
from codi_tui.operations.shell_words import split
from support.libraries import subcommand

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
WORDS = st.one_of(TEXT, st.sampled_from(["-", "--", "-x", "--help", "-5", "a b", "'", '"', "$HOME", "*", "<", "|"]))
VALUES = {
    "string": WORDS,
    "integer": st.integers(-(2**53) + 1, 2**53 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "path": WORDS,
    "json": st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | TEXT, st.lists, max_leaves=4),
}


@st.composite
def forms(draw: st.DrawFn) -> tuple[SubcommandDefinition, dict[str, Any]]:
    """A command and values that fit it."""
    parameters = [
        {"name": f"p{number}", "type": draw(st.sampled_from(sorted(VALUES))), "description": "d"} for number in range(5)
    ]
    arguments, options = parameters[:2], parameters[2:]
    for item in (arguments[-1], *options):
        item["multiple"] = item["type"] not in ("boolean", "json") and draw(st.booleans())
    values = {
        item["name"]: draw(
            st.lists(VALUES[item["type"]], min_size=1, max_size=3) if item.get("multiple") else VALUES[item["type"]]
        )
        for item in parameters
        if draw(st.booleans())
    }
    return SubcommandDefinition(subcommand(arguments=arguments, options=options), "demo.run"), values


@settings(max_examples=150)
@given(forms(), st.one_of(st.just(""), TEXT.map("@{}".format), TEXT))
def test_a_line_reads_back_to_the_values_that_it_was_written_from(
    form: tuple[SubcommandDefinition, dict[str, Any]], stdin: str
) -> None:
    definition, values = form
    line = read_line(write_line(definition, values, stdin))
    assert line is not None
    assert line.command == "demo.run"
    read, problems = read_flags(definition, line.words, line.given)
    assert problems == []
    booleans = {item.name: False for item in definition.parameters if item.type == "boolean"}
    assert {**booleans, **read} == {**booleans, **values}
    if not stdin.startswith(("@~", "@")):
        assert (line.stdin or "") == stdin


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_a_shell_reads_each_quoted_word_back(words: list[str]) -> None:
    line = " ".join(quote(word) for word in words)
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == words
    assert line.isprintable()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(TEXT, st.sampled_from(["a b", "<", "|", "2>&1", "#x", ";", "$x", "\\"])), min_size=1, max_size=5)
)
def test_words_are_split_as_a_shell_splits_them(words: list[str]) -> None:
    assert [token.text for token in split(" ".join(quote(word) for word in words))] == words


def test_a_pasted_line_is_read_with_its_prompt_its_own_options_and_its_input() -> None:
    line = read_line("$ codi run --output json --offline text.wrap --width 60 < 'my notes.txt' | head -3 # done")
    assert line is not None
    assert (line.command, line.words, line.stdin) == ("text.wrap", ["--width", "60"], "@my notes.txt")
    assert line.ignored == ["--output", "--offline"]
    line = read_line("printf %s 'a text' | codi run --args '{\"width\": 3}' text.wrap >out 2>&1 && echo done")
    assert line is not None
    assert (line.command, line.words, line.stdin, line.given) == ("text.wrap", [], "a text", {"width": 3})


@pytest.mark.parametrize(
    "text", ["text.count \\", "json.query 'open", 'json.query "open', "x $'open", "one\ntwo", "codi run --args 5 x"]
)
def test_what_is_not_one_line_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_line(text)


@pytest.mark.parametrize(
    "text", ["csv.query -d '|' 'a < b'", 'csv.query -d "|" "a < b"', "csv.query -d \\| a\\ \\<\\ b"]
)
def test_what_is_quoted_is_no_operator(text: str) -> None:
    line = read_line(text)
    assert line is not None
    assert line.words == ["-d", "|", "a < b"]
