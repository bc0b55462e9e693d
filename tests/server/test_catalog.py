"""The list of libraries, and rights over it, against the plain way of doing the same."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codi_tui.errors import InputError
from codi_tui.holdings.catalog import Catalog
from codi_tui.holdings.rights import Rights, check_permissions
from codi_tui.holdings.tokens import parse_duration

NAMES = st.sampled_from(["a", "a-b", "a-b-c", "a-bc", "ab", "acme", "acme-a", "acme-b", "b", "b-a"])
PATTERNS = st.sampled_from(["*", "a", "a-*", "a-b", "a-b-*", "acme-*", "b", "x", "x-*"])
WORDS = st.none() | st.sampled_from(["deploy it", "build", "deploy build", "a", ""])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.tuples(NAMES, WORDS), max_size=6), max_size=4),
    st.lists(PATTERNS, max_size=4),
    st.sampled_from(["", "deploy", "b", "a b", "\n", "zz"]),
    st.integers(0, 5),
    st.integers(1, 5),
)
def test_a_page_is_what_looking_at_each_one_gives(
    rounds: list[list[tuple[str, str | None]]], patterns: list[str], text: str, offset: int, limit: int
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE libraries (name TEXT PRIMARY KEY, words TEXT, changed INTEGER)")
    catalog, changed = Catalog(), 0
    there: dict[str, str | None] = {}
    for changes in rounds:
        for name, words in changes:
            changed += 1
            there[name] = words
            connection.execute("INSERT OR REPLACE INTO libraries VALUES (?, ?, ?)", (name, words, changed))
        catalog.refresh(connection)
        rights = Rights(f"library:{pattern}" for pattern in patterns)
        seen = [
            name
            for name, words in sorted(there.items())
            if words is not None and rights.allow("library", name) and text in f"{name} {words}"
        ]
        wanted = seen[offset : offset + limit], len(seen) > offset + limit
        assert catalog.page(rights.patterns("library"), text, offset, limit) == wanted
    connection.close()


@pytest.mark.parametrize(
    "permission",
    [
        "",
        "library",
        "library:",
        "library:A",
        "library:a*",
        "library:-*",
        "read:a",
        "metrics:*",
        "library:a,b",
        "run:../x",
    ],
)
def test_a_permission_that_is_none_is_refused(permission: str) -> None:
    with pytest.raises(InputError):
        check_permissions([permission])


def test_each_permission_is_for_its_own() -> None:
    rights = Rights(check_permissions(["library:a-*", "publish:b", "metrics", "library:a-*"]))
    assert rights.allow("library", "a-x")
    assert rights.allow("publish", "b")
    assert rights.allow("metrics")
    for kind, name in (("library", "a"), ("library", "b"), ("publish", "a-x"), ("run", "a-x"), ("run", "b")):
        assert not rights.allow(kind, name)
    assert not Rights(["library:*"]).allow("metrics")
    with pytest.raises(InputError):
        check_permissions([])


@pytest.mark.parametrize(("text", "seconds"), [("90d", 90 * 86400), ("12h", 43200), ("30m", 1800), ("45s", 45)])
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "0d", "-1d", "1.5h", "1w", "１d", "9999999999d", "1 d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_duration(text)
