"""Every screen as a picture, kept in snapshots/. After a change that is wanted: pytest tests/ui --update-snapshots."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codi_tui.ui.screens.cache import CacheScreen
from codi_tui.ui.screens.palette import PaletteScreen
from conftest import add_server
from support import libraries
from support.libraries import OTHER_KEY, PUBLIC_KEY, manifest, publish, signed, wasm
from support.server import serving
from support.workspace import NARROW, WIDE, Workspace, workspace

FOLDER = Path(__file__).parents[2] / "snapshots"
NOON = 1_767_268_800
"""2026-01-01 12:00 UTC"""
SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "120x40"])
ORDERS = '{"items":[{"name":"espresso","price":2},{"name":"flat white","price":3},{"name":"cortado","price":3}]}'


Picture = Callable[[Workspace], None]


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Picture:
    """Compares a screen with the picture that is named as the test."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_")).strip("-")
    path = FOLDER / f"{name}.svg"

    def compare(driven: Workspace) -> None:
        svg = drawn(driven)
        if request.config.getoption("--update-snapshots"):
            path.write_text(svg)
        assert path.exists(), f"there is no snapshots/{path.name}: pytest tests/ui --update-snapshots"
        if svg != path.read_text():
            received = path.with_suffix(".received.svg")
            received.write_text(svg)
            pytest.fail(f"the screen is not as in snapshots/{path.name}; it is as in {received.name}\n{driven.text()}")

    return compare


def drawn(driven: Workspace) -> str:
    """The screen as SVG, without what differs from sealing to sealing."""
    svg = driven.app.export_screenshot()
    return re.sub("[0-9a-f]{16,}", lambda match: "0" * len(match.group()), svg)


def settle(driven: Workspace) -> None:
    """Let the rows of the cache have sizes and an age that do not change from sealing to sealing."""
    screen = driven.app.screen
    assert isinstance(screen, CacheScreen)
    for entry in screen._cached:
        entry.size_bytes, entry.packed_bytes, entry.age_seconds = 40_960, 10_240, 3 * 86_400
    screen._draw()


def at_noon(driven: Workspace) -> None:
    """Let the run that is shown have begun at noon and have taken a tenth of a second."""
    run = driven.output.shown
    assert run is not None
    run.started_at = NOON
    run.buffer.seconds = 0.08
    driven.output.pane._say_foot()
    driven.output._refresh_titles()


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the working folder."""
    (tmp_path / "orders.json").write_text(ORDERS)
    monkeypatch.chdir(tmp_path)


async def query(driven: Workspace) -> None:
    await driven.open("json.query")
    await driven.write("$.items[*].name")
    await driven.press("tab")
    await driven.write("orders.json")
    await driven.press("tab", "space")


@SIZES
async def test_start(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        picture(driven)


@SIZES
@pytest.mark.usefixtures("orders")
async def test_form(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await query(driven)
        picture(driven)


@SIZES
async def test_form_with_problems(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.open("agent.create")
        await driven.write("Reviewer!")
        await driven.press("tab", "tab", "tab", "tab")
        await driven.write("3")
        await driven.press("enter")
        picture(driven)


@SIZES
@pytest.mark.usefixtures("orders")
async def test_output(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await query(driven)
        await driven.press("enter")
        await driven.finished()
        at_noon(driven)
        await driven.pilot.pause()
        picture(driven)


@SIZES
async def test_output_of_a_fallback(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.open("agent.list")
        await driven.press("enter")
        await driven.finished()
        at_noon(driven)
        await driven.pilot.pause()
        picture(driven)


@SIZES
async def test_palette(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.press("ctrl+p")
        await driven.until(lambda: isinstance(driven.app.screen, PaletteScreen), "the palette")
        await driven.write("js")
        await driven.until(lambda: "json.query" in driven.text() and "28 of 28" not in driven.text(), "the hits")
        picture(driven)


@SIZES
async def test_cache(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.press("4")
        await driven.until(lambda: "text-tools" in driven.text(), "the rows")
        await driven.press("v")
        await driven.until(lambda: "✓ verified" in driven.text(), "the outcome")
        settle(driven)
        await driven.pilot.pause()
        picture(driven)


@SIZES
async def test_question(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.press("4")
        await driven.until(lambda: "text-tools" in driven.text(), "the rows")
        settle(driven)
        await driven.press("e")
        await driven.until(lambda: "Evict" in driven.text(), "the question")
        picture(driven)


@SIZES
async def test_keys(size: tuple[int, int], picture: Picture) -> None:
    async with workspace(size) as driven:
        await driven.verified()
        await driven.press("question_mark")
        await driven.until(lambda: "the palette" in driven.text(), "the keys")
        picture(driven)


@SIZES
async def test_refused(size: tuple[int, int], picture: Picture, home: Path, tmp_path: Path) -> None:
    publish(tmp_path / "site", signed(manifest("deploy"), wasm(libraries.HELLO), key=OTHER_KEY))
    with serving(tmp_path / "site") as running:
        add_server(home, running.origin, PUBLIC_KEY, ["deploy"])
        async with workspace(size, first="deploy.run") as driven:
            await driven.verified()
            await driven.until(lambda: "E_SIGNATURE" in driven.text(), "the refusal")
            picture(driven)


async def test_plain(picture: Picture) -> None:
    async with workspace(NARROW, plain=True) as driven:
        await driven.verified()
        await driven.open("text.case")
        picture(driven)


async def test_very_narrow(picture: Picture) -> None:
    async with workspace((60, 20)) as driven:
        await driven.verified()
        await driven.open("text.wrap")
        picture(driven)
