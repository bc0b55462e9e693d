"""The bundled library, changed on disk: refused with 77 and its code; nothing runs, nothing is stored."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import codi_tui
from codi_tui.runtime import bundled_folder


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the installed package, libraries inside."""
    source = Path(codi_tui.__file__).parent
    shutil.copytree(source, tmp_path / "site/codi_tui", ignore=shutil.ignore_patterns("__pycache__", "libraries"))
    shutil.copytree(bundled_folder(), tmp_path / "site/codi_tui/libraries")
    return tmp_path / "site"


def run(package: Path) -> subprocess.CompletedProcess[bytes]:
    code = "import sys; sys.argv[0] = 'codi'; from codi_tui.entry import main; main()"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, "run", "--output", "raw", "text.count"],
        input=b"one two\n",
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(package)},
    )


def test_the_copy_itself_runs(package: Path) -> None:
    assert run(package).stdout.startswith(b'{"lines":1')


def stored(home: Path) -> int:
    cache = sqlite3.connect(home / ".local/share/coditect/codi/cache.db")
    try:
        (count,) = cache.execute("SELECT count(*) FROM command_libraries").fetchone()
        return int(count)
    finally:
        cache.close()


def test_one_byte_anywhere_is_refused(package: Path, home: Path) -> None:
    path = package / "codi_tui/libraries/text-tools.json"
    good = path.read_bytes()
    for at in range(7, len(good), len(good) // 8):
        place = next(index for index in range(at, len(good)) if not good[index : index + 1].isspace())
        path.write_bytes(good[:place] + bytes([good[place] ^ 2]) + good[place + 1 :])
        result = run(package)
        assert result.returncode == 77, (place, result)
        assert result.stdout == b""
        assert b"(E_" in result.stderr
        assert b"Traceback" not in result.stderr
    assert stored(home) == 0
    assert not (home / ".local/share/coditect/codi/modules").exists()


def test_it_is_refused_even_while_the_cache_has_the_good_copy(package: Path, home: Path) -> None:
    assert run(package).returncode == 0
    path = package / "codi_tui/libraries/text-tools.json"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"version": "1.', b'"version": "2.'))
    assert run(package).returncode == 77
    path.write_bytes(data)
    assert run(package).returncode == 0


@pytest.mark.parametrize("name", ["key.json", "text-tools.json", "index.json"])
def test_a_missing_file_is_a_sentence(name: str, package: Path) -> None:
    (package / "codi_tui/libraries" / name).unlink()
    result = run(package)
    assert result.returncode in (66, 77)
    assert b"Traceback" not in result.stderr


def test_another_key_beside_the_libraries_does_not_make_them_trusted(package: Path) -> None:
    path = package / "codi_tui/libraries/key.json"
    path.write_text(
        '{"public_key": "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c", "libraries": ["*"]}'
    )
    assert run(package).returncode == 77
