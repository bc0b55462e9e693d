"""A directory as a source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codi_tui.errors import DocumentError, FetchError, NotFoundError
from codi_tui.library.directory import DirectoryClient
from codi_tui.operations.core import drive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "demo.json").write_bytes(b"document")
    (tmp_path / "index.json").write_text('{"commands":{"demo.run":{"library":"demo","description":"Runs"}}}')
    return tmp_path


@pytest.fixture
def source(folder: Path) -> DirectoryClient:
    return DirectoryClient("bundled", str(folder))


def test_a_library_is_a_file_and_its_tag_is_the_file_s_stamp(source: DirectoryClient, folder: Path) -> None:
    delivery = drive(source.fetch_library("demo"))
    assert (delivery.document, delivery.signature_header) == (b"document", None)
    assert delivery.tag == source.current_tag("demo")
    os.utime(folder / "demo.json", ns=(5, 5))
    assert source.current_tag("demo") == "5-8"
    assert source.current_tag("none") is None
    assert source.local


def test_a_command_s_owner_is_in_the_index(source: DirectoryClient) -> None:
    assert drive(source.find_command("demo.run")) == "demo"
    assert drive(source.find_command("demo.none")) is None
    assert source.commands()["demo.run"]["description"] == "Runs"


def test_without_an_index_there_are_no_commands(tmp_path: Path) -> None:
    assert DirectoryClient("bundled", str(tmp_path)).commands() == {}
    assert drive(DirectoryClient("bundled", str(tmp_path / "none")).find_command("demo.run")) is None


@pytest.mark.parametrize("name", ["", ".", "..", "../demo", "index.json", "a/b", "Demo", "demo\0", "%2e", "demo.json"])
def test_a_name_that_is_none_reads_no_file(source: DirectoryClient, name: str) -> None:
    with pytest.raises(NotFoundError):
        drive(source.fetch_library(name))
    with pytest.raises(NotFoundError):
        source.current_tag(name)


def test_what_is_not_there_is_not_found(source: DirectoryClient) -> None:
    with pytest.raises(NotFoundError) as caught:
        drive(source.fetch_library("none"))
    assert caught.value.library == "none"


def test_what_cannot_be_read_is_an_error_and_not_absence(source: DirectoryClient, folder: Path) -> None:
    (folder / "broken.json").mkdir()
    with pytest.raises(FetchError):
        drive(source.fetch_library("broken"))


def test_a_file_beyond_the_limit_is_refused(source: DirectoryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codi_tui.library.directory.DOCUMENT_MAX_BYTES", 8)
    assert drive(source.fetch_library("demo")).document == b"document"
    monkeypatch.setattr("codi_tui.library.directory.DOCUMENT_MAX_BYTES", 7)
    with pytest.raises(DocumentError) as caught:
        drive(source.fetch_library("demo"))
    assert caught.value.code == "E_TOO_LARGE"


def test_a_module_apart_is_not_to_be_had(source: DirectoryClient) -> None:
    with pytest.raises(DocumentError):
        drive(source.fetch_module("d" * 64, 5))


@pytest.mark.parametrize("library", ["5", "[]", "true", '"../x"'])
def test_an_owner_that_is_no_name_is_nobody(tmp_path: Path, library: str) -> None:
    (tmp_path / "index.json").write_text(f'{{"commands":{{"demo.run":{{"library":{library},"description":""}}}}}}')
    assert drive(DirectoryClient("bundled", str(tmp_path)).find_command("demo.run")) is None
