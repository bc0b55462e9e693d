"""Every test has a home of its own, and no environment that could reach codi."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

CODI = str(Path(sys.executable).parent / "codi")
VECTORS = os.environ.get("CODI_VECTORS")
IN_CI = bool(os.environ.get("CI"))
TESTS = Path(__file__).parent
MEASURED = ("property", "trust", "unit")


# whoever starts the tests may ignore these; a child would too
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="keep the screens as they are drawn now")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests of whole doors out of what --cov measures: traced, they would take twice as long."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] not in MEASURED:
            item.add_marker("no_cover")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    for name in list(os.environ):
        if name.startswith(("CODI_", "XDG_")) or name in ("CI", "K_SERVICE", "NO_COLOR", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for the tests that run many commands of one module: it is compiled once."""
    return tmp_path_factory.mktemp("shared-data")


@pytest.fixture
def warm(home: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the shared data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(shared_data))


@dataclass
class Result:
    """What a process left."""

    status: int
    stdout: bytes
    stderr: str


Codi = Callable[..., Result]


@pytest.fixture
def codi(home: Path) -> Codi:
    """Run the real executable."""

    def run(*words: str, stdin: bytes = b"", timeout: float = 60, **environment: str) -> Result:
        done = subprocess.run(
            [CODI, *words],
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
            env={**os.environ, **environment},
        )
        return Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))

    return run


@pytest.fixture
def vectors() -> Path:
    """The folder of test vectors written by others; with CI set it has to be there."""
    folder = Path(VECTORS) if VECTORS else Path(__file__).parents[2] / "shared" / "vectors"
    if not folder.is_dir():
        if IN_CI:
            pytest.fail(f"no test vectors at {folder}")
        pytest.skip("no test vectors here: set CODI_VECTORS")
    return folder


def data_folder(home: Path) -> Path:
    """Where codi keeps what it keeps."""
    return home / ".local/share/coditect/codi"


def add_server(home: Path, origin: str, public_key: bytes, libraries: list[str]) -> None:
    """Name a loopback server and its key in the settings."""
    folder = home / ".config/coditect/codi"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "config.toml").open("a") as file:
        names = ", ".join(f'"{name}"' for name in libraries)
        file.write(f'[[servers]]\nurl = "{origin}"\ninsecure_loopback = true\n')
        file.write(f'[[servers.trusted_keys]]\npublic_key = "{public_key.hex()}"\nlibraries = [{names}]\n')
