"""`codi-registry`: a key is made, a library signed and verified, and a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from conftest import CODI, Codi, add_server
from support.libraries import HELLO, manifest, publish, wasm
from support.server import serving

REGISTRY = f"{CODI}-registry"


def registry(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([REGISTRY, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    assert registry("keygen", "--file", tmp_path / "team.key").returncode == 0
    return tmp_path / "team.key"


@pytest.fixture
def public_key(key: Path) -> str:
    from nacl.signing import SigningKey

    return bytes(SigningKey(bytes.fromhex(key.read_text().strip())).verify_key).hex()


@pytest.fixture
def source(tmp_path: Path) -> list[object]:
    """The words of `sign` for a small library."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest()))
    (tmp_path / "module.wasm").write_bytes(wasm(HELLO))
    return [tmp_path / "manifest.json", "--module", tmp_path / "module.wasm"]


def test_a_key_is_private_never_printed_and_never_overwritten(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    again = registry("keygen", "--file", key)
    assert again.returncode == 73
    other = registry("keygen", "--file", key.with_name("other.key"))
    assert other.stdout.startswith("public key ")
    assert key.with_name("other.key").read_text().strip() not in other.stdout + other.stderr


def test_from_a_key_to_a_command_that_runs(
    key: Path, public_key: str, source: list[object], tmp_path: Path, home: Path, codi: Codi
) -> None:
    signed = registry("sign", *source, "--key", key, "--sequence", "1", "--to", tmp_path / "out")
    assert signed.returncode == 0, signed.stderr
    document = Path(signed.stdout.splitlines()[0])
    verified = registry("verify", document, "--public-key", public_key)
    assert verified.returncode == 0
    assert "demo 1.0.0" in verified.stdout
    publish(tmp_path / "site", document.read_bytes())
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, bytes.fromhex(public_key), ["demo"])
        assert codi("demo.run").stdout == b"hello\n"
    assert "demo.run" in codi("help").stdout.decode()
    suggested = codi("demo.rnu")
    assert suggested.status == 69
    assert "did you mean demo.run?" in suggested.stderr


def test_a_changed_library_does_not_verify(key: Path, public_key: str, source: list[object], tmp_path: Path) -> None:
    registry("sign", *source, "--key", key, "--sequence", "1", "--to", tmp_path)
    path = tmp_path / "demo.json"
    path.write_text(path.read_text().replace("A command", "A c0mmand"))
    result = registry("verify", path, "--public-key", public_key)
    assert result.returncode == 77
    assert "E_SIGNATURE" in result.stderr


def test_a_key_that_others_can_read_is_refused(key: Path, source: list[object], tmp_path: Path) -> None:
    key.chmod(0o644)
    result = registry("sign", *source, "--key", key, "--sequence", "1", "--to", tmp_path)
    assert result.returncode == 65
    assert "chmod 600" in result.stderr


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", json.dumps(manifest(library={"version": "one"})), json.dumps(manifest("ui"))]
)
def test_a_bad_manifest_is_a_sentence(text: str, key: Path, tmp_path: Path, source: list[object]) -> None:
    (tmp_path / "manifest.json").write_text(text)
    result = registry("sign", *source, "--key", key, "--sequence", "1", "--to", tmp_path)
    assert result.returncode == 65
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "demo.json").exists()


def test_whoever_reads_may_have_had_enough(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [REGISTRY, "keygen", "--file", tmp_path / "key"], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_missing_file_is_a_sentence(key: Path, tmp_path: Path) -> None:
    result = registry("sign", tmp_path / "nothing", "--key", key, "--sequence", "1", "--to", tmp_path)
    assert result.returncode == 65
    assert "No such file" in result.stderr
