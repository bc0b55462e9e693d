"""CodiApp: owns the core, the runs and the screens; leaves nothing behind when it ends."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from codi_tui.cache.aio import AsyncStorage
from codi_tui.errors import CodiError
from codi_tui.lock import working_folder
from codi_tui.operations.core import Core, assemble
from codi_tui.operations.executors import worker_executor
from codi_tui.operations.recording import RecordedExecutor
from codi_tui.runtime import styles_folder
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.keys import KEYS
from codi_tui.ui.runs import Runs
from codi_tui.ui.screens.text import TextScreen
from codi_tui.ui.screens.workspace import WorkspaceScreen
from codi_tui.ui.terminal import Terminal
from codi_tui.ui.wire import Wire, Written

if TYPE_CHECKING:
    from codi_tui.library.client import Transport
    from codi_tui.network import Network

_TERMINAL_SECONDS = 2.0


class CodiApp(App[None]):
    """The workspace."""

    TITLE = "codi"
    CSS_PATH = os.path.join(styles_folder(), "codi.tcss")
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", "Cancel", show=False, priority=True),
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Shell", show=False, priority=True),
        Binding("ctrl+l", "redraw", "Redraw", show=False, priority=True),
    ]

    def __init__(self, terminal: Terminal, *, offline: bool = False, first: str = "") -> None:
        """
        Args:
            terminal: how to draw.
            offline: never open a socket.
            first: a command to open at once.
        """
        super().__init__(ansi_color=True if terminal.ansi else None)
        self.set_class(terminal.plain, "plain")
        self.terminal = terminal
        self.failure: CodiError | None = None
        self._offline = offline
        self._first = first
        self._core: Core | None = None
        self._runs: Runs | None = None
        self._notices: list[str] = []
        self._started = False
        self._wire = Wire()

    def say_fault(self, error: BaseException) -> None:
        """Say that something of codi's own went wrong; the workspace stays."""
        self._notice(f"this is a fault in codi: {type(error).__name__}: {str(error)[:300]}")

    def _end_on_signals(self) -> None:
        """Give the terminal back before a signal ends the process."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))

    def on_ready(self) -> None:
        """Look now and then whether the terminal is still there: not everything that goes away says so by a signal."""
        if not self.is_headless:
            self.set_interval(_TERMINAL_SECONDS, self._end_without_terminal)

    def _end_without_terminal(self) -> None:
        try:
            os.tcgetpgrp(sys.__stdin__.fileno())  # type: ignore[union-attr]
        except OSError as error:
            if error.errno == errno.EIO:
                self.exit(return_code=128 + signal.SIGHUP)

    async def on_load(self) -> None:
        """Before the terminal is taken: what cannot be put together is said where the shell is."""
        self._end_on_signals()
        try:
            self._core = await assemble(
                connect=AsyncStorage.open,
                transport=_transport,
                offline=self._offline,
                notice=self._notice,
                folder=working_folder(),
            )
        except CodiError as error:
            self.failure = error
            self.exit()
            return
        executor = RecordedExecutor(
            worker_executor(self._core), self._core, "ui", output=self._core.session.record_workspace
        )
        self._runs = Runs(executor, self._buffer)

    def get_default_screen(self) -> WorkspaceScreen:
        """Textual's: the first screen, so that none is laid out and painted before it."""
        assert self._core is not None
        assert self._runs is not None
        glyphs = Glyphs(plain=self.terminal.plain)
        return WorkspaceScreen(self._core, self._runs, glyphs, self.terminal, self._first)

    def on_mount(self) -> None:
        self._started = True
        for notice in self._notices:
            self._notice(notice)

    def _buffer(self) -> OutputBuffer:
        from codi_tui.operations.spool import Spool

        assert self._core is not None
        return OutputBuffer(Spool(os.path.join(self._core.data_folder, "output")))

    def _notice(self, text: str) -> None:
        """Something that the user should know although the work goes on."""
        if not self._started:
            self._notices.append(text)
        elif self.workspace is not None:
            self.workspace.call_later(self.workspace.say, text)

    async def on_unmount(self) -> None:
        if self._runs is not None:
            await self._runs.close()
        if self._core is not None:
            await self._core.close()

    @property
    def workspace(self) -> WorkspaceScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, WorkspaceScreen)), None)

    def action_interrupt(self) -> None:
        """Cancel what the workspace shows; close what stands before it."""
        if self.screen is self.workspace:
            self.workspace.interrupt()
        elif self.workspace is not None:
            self.screen.dismiss(None)

    def action_keys(self) -> None:
        self.push_screen(TextScreen("Keys", KEYS))

    def action_redraw(self) -> None:
        """Write the whole screen again: something else may have written over it."""
        self._wire.forget()
        self.screen.refresh()

    def action_leave(self) -> None:
        if self.workspace is None:
            self.exit()
        else:
            self.workspace.ask_to_leave()

    # What is written

    def on_resize(self) -> None:
        """The terminal has been resized, or taken up again: it may show anything."""
        self._wire.forget()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Textual's: a frame is to be written. Only what the terminal does not show yet is."""
        writes = self._running and not self._closed and not self.is_headless and self._driver is not None
        if writes and not self._batch_count and isinstance(renderable, LayoutUpdate | ChopsUpdate):
            sequence = self._wire.frame(renderable, self.console)
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            changed = sequence or cursor != self._previous_cursor_position
            super()._display(screen, Written(sequence) if changed else None)
        else:
            super()._display(screen, renderable)


def _transport(network: Network) -> Transport:
    from codi_tui.library.http import HttpTransport

    return HttpTransport(network)
