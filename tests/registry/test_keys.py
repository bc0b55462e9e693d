"""`codi-registry keygen` and where keys are: private, never printed, never overwritten."""

from __future__ import annotations

import io
import json
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.authoring import Registry, make_project
from support.libraries import SEED

KEYRING = '''
"""A keyring of the system's, as far as codi-registry is concerned: it keeps secrets, in this case in a folder."""
import os, pathlib
from keyring.backend import KeyringBackend

FOLDER = pathlib.Path(os.environ["TEST_KEYRING"])

class Keyring(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        path = FOLDER / f"{service}-{username}"
        return path.read_text() if path.exists() else None

    def set_password(self, service, username, password):
        if not FOLDER.is_dir():
            raise RuntimeError("it is locked")
        (FOLDER / f"{service}-{username}").write_text(password)

    def delete_password(self, service, username):
        raise NotImplementedError
'''


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A keyring that works, while its folder is there."""
    import keyring
    import keyring.core

    (tmp_path / "code").mkdir()
    (tmp_path / "code/foldered.py").write_text(KEYRING)
    folder = tmp_path / "ring"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    monkeypatch.setenv("TEST_KEYRING", str(folder))
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.core.load_keyring("foldered.Keyring"))
    sys.modules["foldered"].FOLDER = folder  # type: ignore[attr-defined]
    yield folder
    keyring.set_keyring(before)


def keys(home: Path) -> Path:
    return home / ".config/coditect/codi/keys"


@pytest.mark.usefixtures("no_keyring")
def test_without_a_keyring_it_is_a_file_of_the_author_s_alone(registry: Registry, home: Path) -> None:
    told = registry("keygen")
    path = keys(home) / "default.key"
    assert told.status == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_text().strip() not in told.out + told.err
    assert [line.split()[0] for line in told.out.splitlines()] == ["public", "key", "kept", "next:"]
    before = path.read_bytes()
    again = registry("keygen")
    assert (again.status, path.read_bytes()) == (73, before)
    assert "never overwritten (E_EXISTS)" in again.err
    assert registry("keygen", "--name", "second").status == 0
    assert (keys(home) / "second.key").exists()
    assert registry("keygen", "--name", "Se/cond").status == 64


@pytest.mark.usefixtures("no_keyring")
def test_a_file_of_one_s_own_is_never_overwritten(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "team.key"
    assert registry("keygen", "--file", path).status == 0
    before = path.read_bytes()
    assert registry("keygen", "--file", path).status == 73
    assert path.read_bytes() == before
    assert registry("keygen", "--file", tmp_path / "none/team.key").status == 65


def test_a_keyring_that_works_has_it_and_no_file_does(
    registry: Registry, keyring: Path, home: Path, tmp_path: Path
) -> None:
    told = registry("keygen")
    assert "the system's keyring, as codi-registry/default" in told.out
    secret = (keyring / "codi-registry-default").read_text()
    assert secret not in told.out + told.err
    assert not keys(home).exists()
    assert registry("keygen").status == 73
    assert registry("sign", make_project(tmp_path / "demo")).status == 0
    (keyring / "codi-registry-default").write_text("no key")
    assert registry("sign", tmp_path / "demo").status == 65


def test_a_keyring_that_refuses_leaves_it_to_the_file(registry: Registry, keyring: Path, home: Path) -> None:
    keyring.rmdir()
    assert registry("keygen").status == 0
    assert (keys(home) / "default.key").exists()


def test_a_keyring_that_forgets_leaves_it_to_the_file(
    registry: Registry, keyring: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foldered.Keyring.set_password", lambda *_: None)
    assert registry("keygen").status == 0
    assert (keys(home) / "default.key").exists()


@pytest.mark.usefixtures("no_keyring")
def test_a_key_signs_from_its_place_from_a_file_and_from_stdin(
    registry: Registry, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = make_project(tmp_path / "demo")
    nothing = registry("sign", demo)
    assert (nothing.status, "codi-registry keygen makes one" in nothing.err) == (66, True)
    mine = registry("keygen", "--json").facts()["key_id"]
    assert registry("sign", demo, "--json").facts()["key_id"] == mine
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SEED.hex()}\n"))
    assert registry("sign", demo, "--key", "-", "--json").facts()["key_id"] != mine
    path = keys(home) / "default.key"
    path.chmod(0o640)
    refused = registry("sign", demo)
    assert (refused.status, "E_KEY_PERMS" in refused.err, "chmod 600" in refused.err) == (65, True, True)
    path.chmod(0o600)
    path.write_text("no key")
    assert registry("sign", demo).status == 65


@pytest.fixture
def no_keyring() -> Iterator[None]:
    """The backend of a machine without any."""
    import keyring
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    yield
    keyring.set_keyring(before)


def test_a_disk_that_is_full_leaves_no_half_key_in_the_way_of_the_next(home: Path) -> None:
    words = [sys.executable, "-B", "-c", "from codi_tui.registry.main import main; raise SystemExit(main())", "keygen"]

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))

    refused = subprocess.run([*words, "--json"], capture_output=True, preexec_fn=full, check=False)
    error = json.loads(refused.stderr)["error"]
    key = home / ".config/coditect/codi/keys/default.key"
    assert (refused.returncode, error["code"], str(key) in error["message"]) == (74, "E_OUTPUT", True)
    assert "make room" in error["hint"]
    assert not key.exists()
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
