"""What can be run here, from local knowledge only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codi_tui.cache.sqlite import SqliteCache
from codi_tui.catalog.commands import CatalogEntry, list_commands, nearest, render
from codi_tui.library.directory import DirectoryClient
from codi_tui.operations.core import drive
from codi_tui.runtime import RuntimeMode
from support.caches import row


@pytest.fixture
def bundled(tmp_path: Path) -> DirectoryClient:
    commands = {name: {"library": "text", "description": name} for name in ("text.wrap", "text.count")}
    (tmp_path / "index.json").write_text(json.dumps({"commands": commands}))
    return DirectoryClient("bundled", str(tmp_path))


def listed(bundled: DirectoryClient, cache: SqliteCache | None) -> list[tuple[str, str, str, str]]:
    entries = drive(list_commands(bundled, cache))
    return [(entry.command, entry.description, entry.library, entry.origin) for entry in entries]


def test_bundled_commands_are_listed_without_a_cache(bundled: DirectoryClient) -> None:
    assert listed(bundled, None) == [
        ("text.count", "text.count", "text", "bundled"),
        ("text.wrap", "text.wrap", "text", "bundled"),
    ]


def test_cached_commands_follow_and_a_bundled_name_wins(bundled: DirectoryClient, tmp_path: Path) -> None:
    cache: SqliteCache = drive(SqliteCache.init(RuntimeMode.LOCAL, path=str(tmp_path / "codi/cache.db")))
    drive(cache.store_library(row("other"), {"text.wrap": "Mine", "other.run": "Runs"}))
    entries = listed(bundled, cache)
    drive(cache.close())
    assert [entry[0] for entry in entries] == ["text.count", "text.wrap", "other.run"]
    assert entries[1][3] == "bundled"
    assert entries[2] == ("other.run", "Runs", "other", "https://a")


@pytest.mark.parametrize("index", ["", "[]", "{}", '{"commands":[]}', "{", '{"commands":{},"commands":{}}'])
def test_a_damaged_index_lists_nothing(tmp_path: Path, index: str) -> None:
    (tmp_path / "index.json").write_text(index)
    assert listed(DirectoryClient("bundled", str(tmp_path)), None) == []


@pytest.mark.parametrize("entry", ["{}", '"x"', "5", "null"])
def test_a_damaged_entry_of_the_index_is_no_crash(tmp_path: Path, entry: str) -> None:
    (tmp_path / "index.json").write_text(f'{{"commands":{{"a.b":{entry}}}}}')
    listed(DirectoryClient("bundled", str(tmp_path)), None)


NAMES = ["text.wrap", "text.count", "json.wrap", "deploy:web.up"]


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("text.wrpa", "text.wrap"),
        ("tex.count", "text.count"),
        ("yaml.wrap", "json.wrap"),
        ("x:web.up", "deploy:web.up"),
    ],
)
def test_a_mistyped_word_has_its_nearest(word: str, first: str) -> None:
    assert first in nearest(word, NAMES)


def test_nothing_near_is_nothing_and_the_most_is_kept() -> None:
    assert nearest("zzz", NAMES) == []
    assert len(nearest("text.wrap", [f"text.wra{letter}" for letter in "abcdefgh"], 2)) == 2
    assert nearest("wrap", NAMES) == ["text.wrap", "json.wrap"]


def test_commands_are_laid_out_by_library_with_their_first_sentence() -> None:
    entries = [
        CatalogEntry("b.two", "Second. And more.", "b", "https://a"),
        CatalogEntry("a.one", "First.", "a", "bundled"),
        CatalogEntry("b.one", "x" * 200, "b", "https://a"),
    ]
    assert render(entries).splitlines() == [
        "a (bundled)",
        "  a.one               First",
        "",
        "b (https://a)",
        f"  b.one               {'x' * 57}…",
        "  b.two               Second",
    ]
    assert render([]) == ""


def test_what_is_laid_out_is_safe_on_a_terminal() -> None:
    hostile = "x\x1b]52;c;aGk=\x07"
    shown = render([CatalogEntry(hostile, hostile, hostile, f"https://{hostile}")])
    assert "\x1b" not in shown
    assert "\x07" not in shown
