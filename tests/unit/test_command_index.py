"""Finding commands while their name is typed."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codi_tui.catalog.search import CommandIndex, IndexedCommand

COMMANDS = [
    IndexedCommand("json.query", "Pick values out of a JSON document", "data-tools", 3),
    IndexedCommand("json.format", "Pretty-print or minify", "data-tools", 12),
    IndexedCommand("deploy.query-all", "Ask a deployment for its state", "acme"),
    IndexedCommand("requery.now", "Ask again", "acme"),
    IndexedCommand("json.query-list", "List what was asked", "data-tools"),
    IndexedCommand("csv.to-json", "", "data-tools"),
]


def found(query: str, commands: list[IndexedCommand] = COMMANDS, limit: int = 50) -> list[str]:
    return [commands[hit.command].name for hit in CommandIndex(commands).search(query, limit)]


def test_nothing_typed_is_the_most_used_then_by_name() -> None:
    names = ["json.format", "json.query", "csv.to-json", "deploy.query-all", "json.query-list", "requery.now"]
    assert found("") == found("  ") == found("..") == names
    assert found("", limit=2) == names[:2]


def test_a_better_kind_of_match_comes_first() -> None:
    assert found("json.query")[:2] == ["json.query", "json.query-list"]
    assert found("json") == ["json.format", "json.query", "json.query-list", "csv.to-json"]
    assert found("query") == ["json.query", "deploy.query-all", "json.query-list", "requery.now"]
    assert found("jq") == ["json.query", "json.query-list"]
    assert found("JSON Query")[0] == "json.query"


def test_words_match_in_any_order_and_in_descriptions_and_libraries() -> None:
    assert found("query deploy") == ["deploy.query-all"]
    assert found("minify") == ["json.format"]
    assert found("acme ask") == ["deploy.query-all", "requery.now"]
    assert found("inify") == []
    assert found("json zzz") == []


def test_a_hit_says_where_it_matched() -> None:
    index = CommandIndex(COMMANDS)
    assert [(hit.positions, hit.where) for hit in index.search("query")[:2]] == [
        ((5, 6, 7, 8, 9), "name"),
        ((7, 8, 9, 10, 11), "name"),
    ]
    assert index.search("jq")[0].positions == (0, 5)
    assert [(hit.positions, hit.where) for hit in index.search("minify")] == [((), "description")]
    assert {hit.where for hit in index.search("data")} == {"library"}
    assert index.search("json pick")[0][2:] == ((0, 1, 2, 3), "description")


def test_separators_are_alike() -> None:
    assert found("json-query")[0] == found("json:query")[0] == found("json_query")[0] == "json.query"
    assert found("to.json") == found("to_json") == ["csv.to-json"]


def test_case_folding_may_lengthen_a_name() -> None:
    commands = [IndexedCommand("straße.öffnen", "İstanbul"), IndexedCommand("xﬁle")]
    hit = CommandIndex(commands).search("STRASSE.Ö")[0]
    assert hit.positions == (0, 1, 2, 3, 4, 5, 6, 7)[:8]
    assert CommandIndex(commands).search("file")[0].positions == (1, 2, 3)
    assert found("i̇stanbul", commands) == ["straße.öffnen"]


def test_what_looks_like_a_pattern_is_letters() -> None:
    commands = [IndexedCommand(name) for name in ("a*b", "[/x]", "a^b$c", "a\nb\x1b")]
    for command in commands:
        assert command.name in found(command.name, commands)
    assert found("^", commands) == ["a^b$c"]
    assert found("x" * 100_000, commands) == []
    assert found("[", []) == []


def test_many_scattered_matches_are_all_found() -> None:
    commands = [IndexedCommand(f"a{number}xb") for number in range(5000)]
    assert len(found("ab", commands, limit=10_000)) == 5000
    assert len(found("ab a", commands, limit=10_000)) == 5000


NAMES = st.text(alphabet="abcAB.-:_1ßİ ", min_size=1, max_size=10)
TEXTS = st.text(alphabet="abc .-ß(\n", max_size=12)
LISTS = st.lists(st.builds(IndexedCommand, NAMES, TEXTS, TEXTS, st.integers(0, 2)), max_size=12)
QUERIES = st.text(alphabet="abcABC.-1ßi ", max_size=6)


def matches(command: IndexedCommand, query: str) -> bool:
    """What the index says it finds, as plainly as it can be said."""
    words = [word.lstrip(".-_:/") for word in query.casefold().split()]
    return all(in_name(command.name, word) or in_texts(command, word) for word in words if word)


def in_name(name: str, word: str) -> bool:
    letters = iter(re.sub("[-_:/ ]", ".", f".{name.casefold()}."))
    return all(letter in letters for letter in re.sub("[-_:/ ]", ".", word))


def in_texts(command: IndexedCommand, word: str) -> bool:
    texts = (re.sub(r"[\W_]", " ", f" {text.casefold()}") for text in (command.description, command.library))
    return any(re.sub(r"[\W_]", " ", f" {word}") in text for text in texts)


@given(LISTS, QUERIES)
@settings(max_examples=300, deadline=None)
def test_what_is_found_is_what_matches(commands: list[IndexedCommand], query: str) -> None:
    hits = CommandIndex(commands).search(query, 100)
    assert sorted(hit.command for hit in hits) == [at for at, item in enumerate(commands) if matches(item, query)]
    for before, after in itertools.pairwise(hits):
        left, right = commands[before.command], commands[after.command]
        assert (-before.score, -left.uses, left.name) <= (-after.score, -right.uses, right.name)
    for hit in hits:
        assert all(0 <= place < len(commands[hit.command].name) for place in hit.positions)
        assert list(hit.positions) == sorted(set(hit.positions))
        if hit.where != "name":
            assert not all(in_name(commands[hit.command].name, word) for word in query.casefold().split())


@given(LISTS, QUERIES, st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_typing_and_taking_back_find_the_same_as_asking_at_once(
    commands: list[IndexedCommand], query: str, limit: int
) -> None:
    typed = CommandIndex(commands)
    ends = [*range(len(query) + 1), *range(len(query), -1, -1)]
    for end in ends:
        hits = typed.search(query[:end], limit)
        assert hits == CommandIndex(commands).search(query[:end], 100)[:limit]


@pytest.mark.parametrize("query", ["a", "ab", "a b", ""])
def test_searches_are_forgotten_in_time(query: str) -> None:
    index = CommandIndex([IndexedCommand("a.b")])
    for number in range(100):
        index.search(f"{query} {number}")
    assert len(index._searches) <= 16
