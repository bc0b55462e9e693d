"""The workspace in a test: the real app, core and workers, on a screen of a given size."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from textual.events import Paste
from textual.pilot import Pilot
from textual.widget import Widget

from codi_tui.ui.app import CodiApp
from codi_tui.ui.screens.workspace import WorkspaceScreen
from codi_tui.ui.terminal import Terminal
from codi_tui.ui.widgets.browser import LibraryBrowser
from codi_tui.ui.widgets.form import CommandForm
from codi_tui.ui.widgets.line_list import LineList
from codi_tui.ui.widgets.run_pane import RunPane

NARROW, WIDE = (80, 24), (120, 40)
LOCAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
_TURNS = 1000

W = TypeVar("W", bound=Widget)


class Workspace:
    """Drives the app and reads its screen."""

    def __init__(self, app: CodiApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Paste a text where the cursor is, as a terminal hands a paste over."""
        self.app.post_message(Paste(text))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for something to become true, as long as a run may need."""
        for _ in range(_TURNS):
            assert self.app._exception is None, self.app._exception
            if condition():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"never came: {what or condition}\n{self.text()}")

    async def verified(self) -> None:
        await self.until(
            lambda: "all verified" in self.text() or "refused" in self.text(), "the libraries' verification"
        )

    def text(self) -> str:
        """What the screen shows."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def one(self, kind: type[W]) -> W:
        assert self.app.workspace is not None
        return self.app.workspace.query_one(kind)

    @property
    def form(self) -> CommandForm:
        return self.one(CommandForm)

    @property
    def output(self) -> RunPane:
        return self.one(RunPane)

    @property
    def browser(self) -> LibraryBrowser:
        return self.one(LibraryBrowser)

    @property
    def list(self) -> LineList:
        return self.app.screen.query(LineList).last()

    async def open(self, command: str) -> None:
        """Open a command's form."""
        assert isinstance(self.app.workspace, WorkspaceScreen)
        self.app.workspace.open_command(command, None)
        path = command.rpartition(":")[2]
        await self.until(
            lambda: self.form.resolved is not None and self.form.resolved.definition.path == path,
            f"the form of {command}",
        )

    async def finished(self) -> None:
        """Wait until the run that is shown is over."""
        await self.until(lambda: self.output.shown is not None and self.output.shown.over, "the end of the run")
        await self.pilot.pause(0.15)


@asynccontextmanager
async def workspace(size: tuple[int, int] = WIDE, *, plain: bool = False, first: str = "") -> AsyncIterator[Workspace]:
    """The app at a size, with notifications and tooltips as a terminal has them."""
    app = CodiApp(Terminal(LOCAL, plain=plain), first=first)
    async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
        driven = Workspace(app, pilot)
        await driven.until(lambda: app.workspace is not None, "the workspace")
        yield driven
