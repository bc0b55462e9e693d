"""From an empty folder to a command that a user runs, in each language, with the real tools."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codi_tui.registry.new import LANGS
from conftest import CODI, IN_CI, Codi, Result
from support.authoring import in_process

CLOCK_AND_RANDOM = ["--allow", "clock", "--allow", "random"]
GRANTS = {"go": CLOCK_AND_RANDOM, "python": CLOCK_AND_RANDOM}
NEEDS = {"go": ["go"], "assemblyscript": ["node", "npm"], "python": ["componentize-py"]}
LONG = ("python",)
"""Half a minute of compiling: where its toolchain is installed, and not in CI for all."""


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder. Compilers keep what they made of their own libraries, for every test of this process."""
    caches = tmp_path_factory.getbasetemp()
    for name in ("ZIG_GLOBAL_CACHE_DIR", "GOCACHE", "NPM_CONFIG_CACHE"):
        if name not in os.environ:
            monkeypatch.setenv(name, str(caches / name))
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def run(place: Path, *words: str) -> Result:
    """A program, in a folder."""
    done = subprocess.run(words, cwd=place, capture_output=True, check=False, timeout=300)
    return Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def registry(place: Path, *words: str) -> str:
    """What a verb that works tells."""
    done = run(place, f"{CODI}-registry", *words)
    assert done.status == 0, done.stdout.decode() + done.stderr
    return done.stdout.decode()


def require(lang: str) -> None:
    """The toolchain, which CI installs; elsewhere whoever has it runs the test."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for program in NEEDS.get(lang, []):
        if shutil.which(program, path=path) is None:
            if IN_CI and lang not in LONG:
                pytest.fail(f"{program} is not installed")
            pytest.skip(f"{program} is not installed here")


@pytest.mark.parametrize("lang", [lang for lang in LANGS if lang != "c"])
def test_from_an_empty_folder_to_a_command(
    lang: str,
    place: Path,
    home: Path,
    codi: Codi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require(lang)
    verb = in_process(capsys, monkeypatch)
    monkeypatch.chdir(place)
    assert verb("keygen").status == 0
    assert verb("new", "hello", "--lang", lang).status == 0
    hello = place / "hello"
    monkeypatch.chdir(hello)
    if lang == "assemblyscript":
        assert "npm install" in verb("build").err
        assert run(hello, "npm", "install", "--no-audit", "--no-fund").status == 0
    built = verb("build")
    assert built.status == 0, built.err
    tested = verb("test")
    assert "3 examples are as promised" in tested.out, tested
    assert verb("sign").status == 0
    greets(verb("publish", "--to", "../published", "--json").facts(), home, codi, *GRANTS.get(lang, []))


def test_from_an_empty_folder_to_a_command_and_its_next_release_with_the_real_executables(
    place: Path, home: Path, codi: Codi
) -> None:
    registry(place, "keygen")
    registry(place, "new", "hello", "--lang", "c")
    hello = place / "hello"
    registry(hello, "build")
    assert "3 examples are as promised" in registry(hello, "test")
    registry(hello, "sign")
    assert codi("run", "hello.greet").status == 66
    greets(json.loads(registry(hello, "publish", "--to", "../published", "--json")), home, codi)
    later(hello, codi)


def greets(told: dict[str, Any], home: Path, codi: Codi, *grants: str) -> None:
    """The one step of trust, and the command runs."""
    settings = home / ".config/coditect/codi/config.toml"
    assert told["settings_path"] == str(settings)
    settings.write_text(told["settings"])
    greeting = codi("run", *grants, "hello.greet", "Ada")
    assert (greeting.status, greeting.stdout) == (0, b"Hello, Ada!\n"), greeting.stderr


def later(hello: Path, codi: Codi) -> None:
    """The library's next day: the same bytes elsewhere, a change, an update that its user has at once."""
    elsewhere = hello.parent / "deep/er"
    shutil.copytree(hello, elsewhere, ignore=shutil.ignore_patterns("build"))
    registry(elsewhere, "build")
    assert (elsewhere / "build/module.wasm").read_bytes() == (hello / "build/module.wasm").read_bytes()

    for path, old, new in (("src/main.c", "Hello", "Hallo"), ("codi.json", '"0.1.0"', '"0.2.0"')):
        text = (hello / path).read_text("utf-8")
        (hello / path).write_text(text.replace(old, new), "utf-8")
    registry(hello, "build")
    failed = run(hello, f"{CODI}-registry", "test")
    assert (failed.status, "+Hallo, Ada!" in failed.stdout.decode()) == (1, True)
    registry(hello, "sign")
    told = registry(hello, "publish", "--to", "../published")
    assert "trusted_keys" not in told, "it is in the settings already"
    assert codi("hello.greet").stdout == b"Hallo, world!\n"
