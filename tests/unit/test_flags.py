"""A command's flags: every way to write a value, and what is said of each mistake."""

from __future__ import annotations

from typing import Any

import pytest

from codi_tui.errors import UsageError
from codi_tui.manual.run import RUN
from codi_tui.model.manifest import SubcommandDefinition
from codi_tui.operations.flags import RUN_OPTIONS_WITH_VALUE, RUN_SWITCHES, HelpWanted, parse_flags, read_flags, refuse
from support.libraries import subcommand


def parameter(name: str, kind: str = "string", **members: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": "d", **members}


COMMAND = SubcommandDefinition(
    subcommand(
        arguments=[parameter("count", "integer"), parameter("files", multiple=True)],
        options=[
            parameter("name", short="n", min_length=2, max_length=5),
            parameter("tag", short="t", multiple=True),
            parameter("all", "boolean", short="a"),
            parameter("brief", "boolean", short="b"),
            parameter("level", "integer", short="l", minimum=1, maximum=9),
            parameter("ratio", "number"),
            parameter("mode", enum=["fast", "slow"]),
            parameter("data", "json"),
        ],
    ),
    "demo.run",
)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--name", "ab"], {"name": "ab"}),
        (["--name=ab"], {"name": "ab"}),
        (["--name=-b"], {"name": "-b"}),
        (["-n", "ab"], {"name": "ab"}),
        (["-nab"], {"name": "ab"}),
        (["-n=ab"], {"name": "ab"}),
        (["-n", "-x"], {"name": "-x"}),
        (["-ab"], {"all": True, "brief": True}),
        (["-abnxy"], {"all": True, "brief": True, "name": "xy"}),
        (["--all", "--no-brief"], {"all": True, "brief": False}),
        (["--all=false"], {"all": False}),
        (["-t", "x", "--tag", "y", "-tz"], {"tag": ["x", "y", "z"]}),
        (["--ratio", "-1.5", "--level=3"], {"ratio": -1.5, "level": 3}),
        (["--ratio", "-.5e1"], {"ratio": -5}),
        (["-5", "x"], {"count": -5, "files": ["x"]}),
        (["3", "--", "--all", "-b"], {"count": 3, "files": ["--all", "-b"]}),
        (["3", "-", "--all"], {"count": 3, "files": ["-"], "all": True}),
        (["--data", '{"a": [1, null]}'], {"data": {"a": [1, None]}}),
        (["--data", "-1"], {"data": -1}),
        (["--mode", "slow"], {"mode": "slow"}),
    ],
)
def test_each_way_to_write_a_value(words: list[str], values: dict[str, Any]) -> None:
    assert parse_flags(COMMAND, words, {}) == values


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--nmae", "ab"], "'--nmae' is not one of its options; did you mean --name?"),
        (["--no-breif"], "'--no-breif' is not one of its options; did you mean --no-brief?"),
        (["-z"], "'-z' is not one of its options"),
        (["--name"], "--name needs a value after --name"),
        (["-an"], "--name needs a value after -n"),
        (["--name", "--all"], "--name needs a value, and '--all' is an option; --name=--all gives it"),
        (["--name", "a"], "--name must have at least 2 characters, not 1"),
        (["--name", "abcdef"], "--name must have at most 5 characters, not 6"),
        (["--name", "ab", "-n", "cd"], "--name is given twice"),
        (["--level", "x"], "--level must be a whole number, not 'x'"),
        (["--level", "1.5"], "--level must be a whole number, not '1.5'"),
        (["--level", "0"], "--level must be at least 1, not 0"),
        (["-l10"], "--level must be at most 9, not 10"),
        (["--ratio", "nan"], "--ratio must be a number, not nan"),
        (["--mode", "medium"], "--mode must be one of fast, slow, not 'medium'"),
        (["--all=maybe"], "--all must be true or false, not 'maybe'"),
        (["--data", "text"], "--data must be JSON, not 'text'; text needs quotation marks"),
        (["many"], "count must be a whole number, not 'many'"),
    ],
)
def test_each_mistake_is_said_with_what_would_do(words: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_flags(COMMAND, words, {})
    assert caught.value.problems == [problem]
    assert str(caught.value.usage).startswith("usage: codi demo.run [-n|--name NAME] [-t|--tag TAG]… [-a|--all]")
    assert caught.value.hint == "codi help demo.run"


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        parse_flags(COMMAND, ["--level", "x", "--mode", "no", "--frob"], {"other": 1})
    assert len(caught.value.problems) == 4


def test_one_argument_too_many_is_told_what_it_takes() -> None:
    short = SubcommandDefinition(subcommand(arguments=[parameter("file")]), "demo.run")
    assert read_flags(short, ["a", "b"], {})[1] == ["'b' is one argument too many: it takes FILE"]
    none = SubcommandDefinition(subcommand(), "demo.run")
    assert read_flags(none, ["b"], {})[1] == ["'b' is one argument too many: it takes none"]


def test_a_flag_wins_over_given_values_and_those_over_defaults() -> None:
    definition = SubcommandDefinition(subcommand(options=[parameter("a", default="1"), parameter("b")]), "demo.run")
    assert parse_flags(definition, ["--b=x"], {"a": "2", "b": "y"}) == {"a": "2", "b": "x"}
    assert parse_flags(definition, [], {}) == {"a": "1"}


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["-ah"], ["3", "--all", "-h"]])
def test_help_is_wanted(words: list[str]) -> None:
    with pytest.raises(HelpWanted):
        parse_flags(COMMAND, words, {})


def test_an_environment_variable_gives_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NAME", "CODI_NAME", "CODI_RUN_NAME", "CODI_DEMO_RUN_NAME"):
        monkeypatch.setenv(name, "ab")
    assert parse_flags(COMMAND, [], {}) == {}


def test_refusing_names_options_as_they_are_written() -> None:
    with pytest.raises(UsageError, match="--name is missing; count is missing") as caught:
        refuse(COMMAND, ["name is missing", "count is missing"], hint="do so")
    assert caught.value.hint == "do so"


def test_the_manual_of_run_has_the_options_that_are_read() -> None:
    assert {option.name for option in RUN.options if option.value} == set(RUN_OPTIONS_WITH_VALUE)
    assert {option.name for option in RUN.options if not option.value} == set(RUN_SWITCHES)
