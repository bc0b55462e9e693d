"""Built-ins' words are read by their definitions, and pages are laid out to a width."""

from __future__ import annotations

import pytest

from codi_tui.errors import UsageError
from codi_tui.manual.pages import broken, columns, narrowed, page, table, usage, wrap
from codi_tui.manual.verb import JSON, Option, Verb, Word
from codi_tui.manual.words import read_words, wants_help

ADD = Verb(
    "shop add",
    "add things",
    words=(Word("THING", "what"), Word("MORE", optional=True, many=True)),
    options=(
        Option("--tag", "a tag", value="TAG", many=True),
        Option("--size", "how large", choices=("small", "large")),
        Option("--now", "at once"),
        JSON,
    ),
    examples=("codi shop add pear",),
)
SEND = Verb("shop send", "send it", words=(Word("TO"),), behind="-- what to send")
SHOP = Verb("shop", "a shop", verbs=(ADD, SEND))
DOOR = Verb("door", "a door", words=(Word("URL"),), verbs=(Verb("door list", "list doors"),))


def test_words_options_and_what_is_behind() -> None:
    parsed = read_words(SHOP, ["add", "pear", "--tag", "a", "--tag=b", "--now", "-", "--", "--x"])
    parsed.check()
    assert (parsed.verb, parsed.rest) == (ADD, ["pear", "-", "--x"])
    assert parsed.lists == {"--tag": ["a", "b"], "--now": [""]}
    assert (parsed.options["--tag"], parsed.as_json) == ("b", False)
    sent = read_words(SHOP, ["send", "ada", "--", "--to", "-h"])
    assert (sent.rest, sent.behind, sent.problems) == (["ada"], ["--to", "-h"], [])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["add"], "THING is missing"),
        (["send", "a", "b"], "'b' is one word too many"),
        (["add", "x", "--size", "huge"], "--size must be one of small, large"),
        (["add", "x", "--size"], "--size needs a value"),
        (["add", "x", "--tag", "--now"], "--tag needs a value, and --now is an option; --tag=--now gives it"),
        (["add", "x", "--now=1"], "--now takes no value"),
        (["add", "x", "--now", "--now"], "--now is given twice"),
        (["add", "x", "--jsno"], "--jsno is not one of its options; did you mean --json?"),
        (["send", "x", "--frob"], "--frob is not one of its options"),
    ],
)
def test_each_mistake(words: list[str], problem: str) -> None:
    parsed = read_words(SHOP, words)
    assert problem in parsed.problems
    with pytest.raises(UsageError) as caught:
        parsed.check()
    assert caught.value.hint == f"codi {parsed.verb.path} --help"


def test_a_group_needs_one_of_its_verbs_unless_it_stands_alone() -> None:
    for words, said in (([], "needs a verb"), (["ad"], "did you mean add"), (["--json"], "has no verb")):
        with pytest.raises(UsageError, match=said):
            read_words(SHOP, words)
    assert read_words(DOOR, ["https://a"]).verb is DOOR
    assert read_words(DOOR, ["list"]).verb.path == "door list"
    assert usage(DOOR) == "usage: codi door URL\n       codi door list"


def test_help_is_wanted_before_what_is_passed_on_only() -> None:
    assert wants_help(["add", "-h"])
    assert wants_help(["--help", "--", "x"])
    assert not wants_help(["send", "--", "--help"])


def test_a_page() -> None:
    assert page(ADD, 50) == (
        "Add things.\n\n"
        "usage: codi shop add THING [MORE…] [--tag TAG]…\n"
        "                     [--size small|large] [--now]\n"
        "                     [--json]\n\n"
        "  THING      what\n"
        "  --tag TAG  a tag\n"
        "  --size small|large\n"
        "             how large\n"
        "  --now      at once\n"
        "  --json     the same as JSON, with everything\n"
        "             that is known\n\n"
        "Examples:\n  codi shop add pear\n"
    )


def test_wide_characters_count_as_two_columns_and_marks_as_none() -> None:
    assert (columns("日本"), columns("e\u0301"), columns("abc")) == (4, 1, 3)
    assert wrap("日本 日本 日本", 9) == ["日本 日本", "日本"]
    assert table([("日", "x"), ("ab", "y")], 40) == ["  日  x", "  ab  y"]


def test_text_that_was_laid_out_is_narrowed_under_its_last_column() -> None:
    assert narrowed("  name  one two three\nshort", 16) == "  name  one two\n        three\nshort"
    assert narrowed("unbreakableunbreakable", 10) == "unbreakableunbreakable"
    assert broken("usage: codi x [--aa A] [--bb B] C", 27) == ["usage: codi x", "       [--aa A] [--bb B] C"]
