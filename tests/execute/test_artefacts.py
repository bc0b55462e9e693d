"""Compiled modules: only what this user's MAC covers is ever loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codi_tui.errors import CacheError
from codi_tui.execute.artefact import Artefact
from codi_tui.execute.artefacts import ArtefactStore

DIGEST = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    store = ArtefactStore(str(tmp_path / "modules"), "engine 1")
    store.save(DIGEST, Artefact(["wasi.a", "wasi.b"], b"native code"))
    return store


def file_of(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "modules").glob("*.bin")
    return path


def test_what_was_saved_is_loaded(store: ArtefactStore) -> None:
    artefact = store.load(DIGEST)
    assert artefact is not None
    assert (artefact.imports, artefact.code) == (["wasi.a", "wasi.b"], b"native code")


def test_no_imports_are_no_imports(store: ArtefactStore) -> None:
    store.save("cd" * 32, Artefact([], b"x"))
    artefact = store.load("cd" * 32)
    assert artefact is not None
    assert artefact.imports == []


@pytest.mark.attack("D3")
def test_every_changed_byte_makes_it_absent(store: ArtefactStore, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert store.load(DIGEST) is None, at
    for size in range(len(good)):
        path.write_bytes(good[:size])
        assert store.load(DIGEST) is None, size
    path.write_bytes(good)
    assert store.load(DIGEST) is not None


@pytest.mark.attack("D3")
def test_an_artefact_of_another_module_does_not_stand_in(store: ArtefactStore, tmp_path: Path) -> None:
    path = file_of(tmp_path)
    path.with_name(path.name.replace(DIGEST, "cd" * 32)).write_bytes(path.read_bytes())
    assert store.load("cd" * 32) is None


@pytest.mark.attack("D3")
def test_an_artefact_of_another_engine_does_not_stand_in(store: ArtefactStore, tmp_path: Path) -> None:
    other = ArtefactStore(str(tmp_path / "modules"), "engine 2")
    assert other.load(DIGEST) is None
    other.save("cd" * 32, Artefact([], b"x"))
    (theirs,) = (tmp_path / "modules").glob(f"{'cd' * 32}*")
    theirs.with_name(theirs.name.replace("cd" * 32, DIGEST)).write_bytes(file_named(tmp_path, DIGEST).read_bytes())
    assert other.load(DIGEST) is None


def file_named(tmp_path: Path, digest: str) -> Path:
    (path,) = (tmp_path / "modules").glob(f"{digest}*")
    return path


@pytest.mark.attack("D3")
def test_an_artefact_of_another_user_does_not_stand_in(store: ArtefactStore, tmp_path: Path) -> None:
    (tmp_path / "modules/key").write_bytes(b"k" * 32)
    assert store.load(DIGEST) is None


@pytest.mark.attack("D3")
@pytest.mark.parametrize("damage", ["short", "gone", "readable"])
def test_a_key_that_is_no_secret_authenticates_nothing(damage: str, store: ArtefactStore, tmp_path: Path) -> None:
    key = tmp_path / "modules/key"
    if damage == "short":
        key.write_bytes(b"k")
    elif damage == "gone":
        key.unlink()
    else:
        key.chmod(0o644)
    assert store.load(DIGEST) is None
    store.save(DIGEST, Artefact([], b"y"))
    assert store.load(DIGEST) is not None
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_key_behind_a_link_is_refused(store: ArtefactStore, tmp_path: Path) -> None:
    key = tmp_path / "modules/key"
    key.rename(tmp_path / "elsewhere")
    key.symlink_to(tmp_path / "elsewhere")
    assert store.load(DIGEST) is None
    with pytest.raises(CacheError) as refusal:
        store.save(DIGEST, Artefact([], b"y"))
    assert refusal.value.code == "E_CACHE_PERMS"


@pytest.mark.attack("D6")
def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ArtefactStore(str(tmp_path / "modules"), "e").save(DIGEST, Artefact([], b"y"))
    finally:
        os.umask(before)
    assert (tmp_path / "modules").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "modules").iterdir()} == {0o600}


def test_nowhere_to_save_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "modules").write_text("in the way")
    with pytest.raises(CacheError):
        ArtefactStore(str(tmp_path / "modules"), "e").save(DIGEST, Artefact([], b"y"))
