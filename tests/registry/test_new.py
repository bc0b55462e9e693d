"""`codi-registry new`: whole or not at all, under names that a library can have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codi_tui.model.schema import validate_manifest
from codi_tui.registry.new import LANGS
from support.authoring import Registry


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize("lang", LANGS)
def test_what_is_made_says_what_it_is(registry: Registry, here: Path, lang: str) -> None:
    told = registry("new", "my-tool", "--lang", lang)
    assert (told.status, list(here.iterdir())) == (0, [here / "my-tool"])
    texts = {path.name: path.read_text("utf-8") for path in (here / "my-tool").rglob("*") if path.is_file()}
    assert {"codi.json", "README.md", ".gitignore"} <= set(texts)
    assert not any("@NAME@" in text or "@INSTALL@" in text or "@LANG@" in text for text in texts.values())
    source = json.loads(texts["codi.json"])
    assert source.pop("build") == {"lang": lang}
    validate_manifest(source)
    assert "my-tool.greet" in told.out


@pytest.mark.parametrize("name", ["", "Hello", "1st", "a b", "../x", "a/b", "x" * 64, "héllo", "help", "run", "index"])
def test_a_name_that_no_library_can_have_is_64(registry: Registry, here: Path, name: str) -> None:
    assert registry("new", name, "--lang", "c").status == 64
    assert list(here.iterdir()) == []


def test_what_exists_is_left_alone(registry: Registry, here: Path) -> None:
    (here / "hello").symlink_to("nowhere")
    told = registry("new", "hello", "--lang", "c", "--json")
    assert (told.status, told.facts()["error"]["code"]) == (73, "E_EXISTS")
    assert [path.name for path in here.iterdir()] == ["hello"]


def test_a_language_that_is_not_known_is_64(registry: Registry) -> None:
    told = registry("new", "hello", "--lang", "cobol")
    assert (told.status, "'cobol' is not known here: --lang is one of c," in told.err) == (64, True)
    assert registry("new", "hello").status == 64
    assert registry("frob", "--json").facts()["error"]["code"] == "E_USAGE"
