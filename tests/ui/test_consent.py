"""The question in the workspace: the same words, three keys, nothing by habit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.ui.screens.consent import ConsentScreen
from conftest import add_server
from support.libraries import PUBLIC_KEY, RANDOM, manifest, publish, signed, subcommand, wasm
from support.server import serving
from support.workspace import NARROW, WIDE, Workspace, workspace

SEQUENCE = itertools.count(1)
SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "site"
    release(folder)
    with serving(folder) as running:
        add_server(home, running.origin, PUBLIC_KEY, ["demo"])
        yield folder


def release(folder: Path, *permissions: str, version: str = "1.0.0", **command: str) -> None:
    commands = {"demo": {"description": "Group", "subcommands": {"run": subcommand(**command)}}}
    source = manifest(version=version, library={"permissions": ["random", *permissions]}, commands=commands)
    publish(folder, signed(source, wasm(RANDOM), sequence=next(SEQUENCE)))


async def order(driven: Workspace) -> None:
    """Run `demo.run` as far as the question."""
    await driven.open("demo.run")
    await driven.press("f5")
    await driven.until(lambda: isinstance(driven.app.screen, ConsentScreen), "the question")


async def answered(driven: Workspace, key: str) -> None:
    await driven.press(key)
    await driven.until(lambda: not isinstance(driven.app.screen, ConsentScreen), "the end of the question")


@SIZES
@pytest.mark.usefixtures("site")
async def test_a_grant_is_asked_for_once(size: tuple[int, int]) -> None:
    async with workspace(size) as driven:
        await order(driven)
        shown = driven.text()
        assert "demo 1.0.0 asks for permissions" in shown
        assert "+ random   draw random numbers" in shown
        assert "g grant for this library and rule   o only this once   Esc refuse" in shown
        await driven.press("enter", "space", "y")
        assert isinstance(driven.app.screen, ConsentScreen)
        await answered(driven, "g")
        await driven.finished()
        assert driven.output.shown is not None
        assert driven.output.shown.exit_status == 0
    async with workspace(size) as driven:
        await driven.open("demo.run")
        await driven.press("f5")
        await driven.finished()


@pytest.mark.usefixtures("site")
async def test_once_is_once_and_escape_refuses_and_says_how() -> None:
    async with workspace() as driven:
        await order(driven)
        await answered(driven, "o")
        await driven.finished()
        await order(driven)
        await answered(driven, "escape")
        await driven.until(lambda: "E_PERMISSION" in driven.text(), "the refusal")
        assert len(driven.output._runs) == 1


async def test_an_update_shows_its_difference_and_hostile_words_are_only_words(site: Path, home: Path) -> None:
    async with workspace() as driven:
        await order(driven)
        await answered(driven, "g")
        await driven.finished()
    release(site, "clock", version="1.1.0", description="[bold]x[/] \x1b]0;owned\x07")
    (home / ".local/share/coditect/codi/cache.db").unlink()
    async with workspace() as driven:
        await order(driven)
        shown = driven.text()
        assert "demo 1.1.0 asks for more than 1.0.0" in shown
        assert "+ clock   read the clock" in shown
        assert 'description: "A command" → "[bold]x[/] ␛]0;owned␇"' in shown
        await answered(driven, "escape")
        await driven.until(lambda: "E_CHANGED" in driven.text(), "the refusal")


async def test_a_bundled_command_asks_nothing() -> None:
    async with workspace() as driven:
        await driven.open("encode.uuid")
        await driven.press("f5")
        await driven.finished()
