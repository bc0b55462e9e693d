"""Templates: what a program is given, and what no value can make of it."""

from __future__ import annotations

from typing import Any

import pytest

from codi_tui.errors import UsageError
from codi_tui.model.manifest import ArgumentDefinition
from codi_tui.model.template import expand_argv, fill_stdin, template_problems

DEFINITIONS = [
    {"name": "input", "type": "path", "description": ""},
    {"name": "width", "type": "integer", "description": ""},
    {"name": "scale", "type": "number", "description": ""},
    {"name": "verbose", "type": "boolean", "description": ""},
    {"name": "tag", "type": "string", "description": "", "multiple": True},
    {"name": "other", "type": "string", "description": "", "multiple": True},
    {"name": "data", "type": "json", "description": ""},
]
PARAMETERS = [ArgumentDefinition(item) for item in DEFINITIONS]


def argv(*groups: str | list[str], **values: Any) -> list[str]:
    words = expand_argv(["prog", *groups], PARAMETERS, values)
    assert words[0] == "prog"
    return words[1:]


@pytest.mark.parametrize(
    ("groups", "values", "words"),
    [
        (["{input}"], {"input": "/args/input/a b"}, ["/args/input/a b"]),
        (["{input}"], {}, []),
        (["--width={width}"], {"width": 60}, ["--width=60"]),
        (["--width={width}", "x"], {}, ["x"]),
        ([["-w", "{width}"], "--", "{input}"], {"input": "-"}, ["--", "-"]),
        ([["-w", "{width}"]], {"width": 0}, ["-w", "0"]),
        (["{verbose?-v}", "x"], {"verbose": True}, ["-v", "x"]),
        (["{verbose?-v}", "x"], {"verbose": False}, ["x"]),
        (["{verbose?-v}"], {}, []),
        (["--verbose={verbose}"], {"verbose": False}, ["--verbose=false"]),
        (["{tag}"], {"tag": ["a", "b c", ""]}, ["a", "b c", ""]),
        (["{tag}"], {"tag": []}, []),
        ([["-t", "{tag}", "{width}"]], {"tag": ["a", "b"], "width": 1}, ["-t", "a", "1", "-t", "b", "1"]),
        (["{scale}", "{data}"], {"scale": 0.5, "data": {"é": [1]}}, ["0.5", '{"é":[1]}']),
        (["{data}"], {"data": "text"}, ['"text"']),
        (["{{{width}}}", "{{input}}"], {"width": 1}, ["{1}", "{input}"]),
    ],
)
def test_a_group_is_given_left_out_or_repeated(
    groups: list[str | list[str]], values: dict[str, Any], words: list[str]
) -> None:
    assert argv(*groups, **values) == words


@pytest.mark.parametrize("value", ["a b", "'; rm -rf /", "$(id)", "{input}", "{{", "--width=9", "\n", "{verbose?x}"])
def test_a_value_stays_within_its_element(value: str) -> None:
    assert argv("{tag}", "--t={tag}", tag=[value], input="never") == [value, f"--t={value}"]
    assert fill_stdin("{input}!", PARAMETERS, {"input": value}) == f"{value}!".encode()


def test_stdin_is_the_text_with_what_there_is() -> None:
    template = "w={width} {verbose?loud}{{}}\n{data}"
    assert fill_stdin(template, PARAMETERS, {"width": 3, "verbose": True, "data": None}) == b"w=3 loud{}\n"
    assert fill_stdin(template, PARAMETERS, {}) == b"w= {}\n"


def test_what_no_program_can_be_given_is_refused() -> None:
    with pytest.raises(UsageError):
        argv("{tag}", tag=["a\0b"])
    big = "x" * 1_000_000
    with pytest.raises(UsageError):
        argv("{input}{input}{input}", input=big)
    with pytest.raises(UsageError):
        fill_stdin("{input}" * 3, PARAMETERS, {"input": big})


@pytest.mark.parametrize(
    "handler",
    [
        {"argv": ["prog", "{unknown}"]},
        {"argv": ["prog", ["-x", "{unknown}"]]},
        {"argv": ["prog", "{"]},
        {"argv": ["prog", "}"]},
        {"argv": ["prog", "{}"]},
        {"argv": ["prog", "{ width }"]},
        {"argv": ["prog", "{width?x}"]},
        {"argv": ["prog", "{width:03}"]},
        {"argv": ["prog", ["{tag}", "{other}"]]},
        {"argv": ["prog", "a\0"]},
        {"argv": ["{width}"]},
        {"argv": [["prog"]]},
        {"argv": []},
        {"stdin": "{tag}"},
        {"stdin": "{unknown}"},
    ],
)
def test_a_template_that_cannot_be_filled_is_named_before_anything_runs(handler: dict[str, Any]) -> None:
    assert list(template_problems(handler, DEFINITIONS))


def test_a_template_that_can_has_no_problems() -> None:
    handler = {"argv": ["prog", "{verbose?-v}", ["-t", "{tag}"], "{{", "{width}"], "stdin": "{input}{{"}
    assert list(template_problems(handler, DEFINITIONS)) == []
