"""A folder as a library server: trusted no more than one, asked without a socket."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conftest import Codi, data_folder
from support.authoring import Registry, in_process, make_project
from support.libraries import HELLO, OTHER_KEY, PUBLIC_KEY, manifest, printing, signed, wasm


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    """A folder in the settings, with one key that may sign `demo`."""
    folder = tmp_path / "published"
    folder.mkdir()
    put(folder, signed())
    (folder / "index.json").write_text('{"commands": {"demo.run": {"library": "demo", "description": ""}}}')
    settings = home / ".config/coditect/codi"
    settings.mkdir(parents=True)
    lines = f'[[servers.trusted_keys]]\npublic_key = "{PUBLIC_KEY.hex()}"\nlibraries = ["demo"]\n'
    (settings / "config.toml").write_text(f'[[servers]]\nurl = "file://{folder}"\n{lines}')
    return folder


def put(folder: Path, document: bytes) -> None:
    """Another release, at another time than the one before."""
    path = folder / "demo.json"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(document)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def release(text: bytes, sequence: int, **members: object) -> bytes:
    return signed(manifest(version=f"1.0.{sequence}"), wasm(printing(1, text)), sequence=sequence, **members)  # type: ignore[arg-type]


def test_a_new_release_is_taken_at_the_next_run_offline_too(folder: Path, codi: Codi) -> None:
    assert codi("run", "--offline", "demo.run").stdout == b"hello\n"
    put(folder, release(b"two\n", 2))
    assert codi("run", "--offline", "demo.run").stdout == b"two\n"
    (folder / "demo.json").unlink()
    assert codi("demo.run").stdout == b"two\n", "the copy that is here goes on"


@pytest.mark.attack("A1", "A2")
def test_what_is_older_or_not_signed_is_not_taken_and_what_is_here_goes_on(
    folder: Path, codi: Codi, home: Path
) -> None:
    put(folder, release(b"five\n", 5))
    assert codi("demo.run").stdout == b"five\n"
    for document, code in (
        (release(b"four\n", 4), "E_ROLLBACK"),
        (release(b"other\n", 5), "E_EQUIVOCATION"),
        (release(b"foreign\n", 6, key=OTHER_KEY), "E_SIGNATURE"),
        (b"{", "E_JSON"),
    ):
        put(folder, document)
        result = codi("demo.run")
        assert (result.status, result.stdout) == (0, b"five\n")
        assert f"is not taken ({code})" in result.stderr
        assert code in (data_folder(home) / "audit.log").read_text()
    for path in data_folder(home).glob("cache.db*"):
        path.unlink()
    put(folder, release(b"four\n", 4))
    result = codi("demo.run")
    assert (result.status, result.stdout) == (77, b""), "the mark outlives the cache"
    assert "E_ROLLBACK" in result.stderr


@pytest.mark.attack("A16")
def test_without_a_key_nothing_of_a_folder_runs(folder: Path, home: Path, codi: Codi) -> None:
    (home / ".config/coditect/codi/config.toml").write_text(f'[[servers]]\nurl = "file://{folder}"\n')
    result = codi("demo.run")
    assert (result.status, "E_NO_TRUST" in result.stderr) == (77, True)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder: Path, codi: Codi) -> None:
    (folder / "demo.json").unlink()
    os.mkfifo(folder / "demo.json")
    assert codi("demo.run", timeout=20).status == 69


def test_a_trust_document_decides_for_a_folder_as_for_a_server(
    tmp_path: Path, home: Path, codi: Codi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry: Registry = in_process(capsys, monkeypatch)
    to = tmp_path / "published"
    demo = make_project(tmp_path / "demo", module=HELLO)
    key = {name: registry("keygen", "--name", name, "--json").facts()["public_key"] for name in ("root", "one", "two")}
    document = tmp_path / "trust.json"
    rule = f"demo={key['one']},{key['two']}:2"
    assert registry("trust", "init", document, "--name", "root", "--rule", rule).status == 0
    told = registry("trust", "publish", document, "--to", to, "--json").facts()
    origin, fingerprint = told["origin"], told["root"]["fingerprint"]

    registry("sign", demo, "--name", "one")
    refused = registry("publish", demo, "--to", to)
    assert (refused.status, "E_THRESHOLD" in refused.err) == (77, True)
    registry("sign", demo / "release/demo.json", "--name", "two")
    told = registry("publish", demo, "--to", to, "--json").facts()
    assert "trusted_keys" not in told["settings"]
    (home / ".config/coditect/codi/config.toml").write_text(told["settings"])
    assert codi("auth", "trust", "add", origin, "--yes", "--fingerprint", fingerprint).status == 0
    assert codi("demo.run").stdout == b"hello\n"

    one = next(entry["key_id"] for entry in json.loads(document.read_text())["keys"])
    changed = tmp_path / "trust-2.json"
    registry("trust", "change", document, changed, "--name", "root", "--revoke", f"{one}=laptop lost")
    assert registry("trust", "publish", changed, "--to", to).status == 0
    result = codi("auth", "trust", "refresh")
    assert (result.status, b"revoked: laptop lost" in result.stdout) == (0, True), result.stderr
    result = codi("demo.run")
    assert (result.status, "E_KEY_REVOKED" in result.stderr) == (77, True)
