"""The workspace: libraries, the form of a command, the output of runs. On a narrow terminal one of them at a time."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from codi_tui.catalog.commands import list_commands
from codi_tui.errors import CacheError, CodiError, UsageError
from codi_tui.execute.invocation import Invocation
from codi_tui.operations.command_line import Line
from codi_tui.operations.core import Core
from codi_tui.operations.flags import HelpWanted, read_flags
from codi_tui.operations.grants import authorize
from codi_tui.operations.question import Answer, Question
from codi_tui.ui.buffer import OutputBuffer
from codi_tui.ui.catalog import Catalog, LibraryKey
from codi_tui.ui.faults import SaysFaults
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.libraries import LibraryState, verify_libraries
from codi_tui.ui.runs import Runs
from codi_tui.ui.safe import line, styled
from codi_tui.ui.screens.cache import Left
from codi_tui.ui.screens.consent import ConsentScreen
from codi_tui.ui.screens.palette import PaletteScreen, Picked
from codi_tui.ui.screens.text import PathScreen, QuestionScreen, TextScreen
from codi_tui.ui.stdin import Stdin
from codi_tui.ui.terminal import Terminal
from codi_tui.ui.widgets.browser import CommandChosen, LibraryBrowser
from codi_tui.ui.widgets.form import CommandForm, Order
from codi_tui.ui.widgets.run_pane import RunPane

_HINTS = {
    "libraries": "^p command   / filter   Enter open   4 cache   ? help   q quit",
    "form": "Tab next   Enter or F5 run   ^y copy   Esc back   ^p command   F1 help",
    "output": "Esc cancel, back   / search   f follow   w wrap   s save   [ ] runs   ? help",
}
PANES = ("libraries", "form", "output")
_MANY = 2000
"""Commands that are put in order sooner than a thread is started."""


class WorkspaceScreen(SaysFaults, Screen[None]):
    """The one screen that the day is spent on."""

    AUTO_FOCUS = None

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - textual's own declaration is no ClassVar
        (0, "-tiny"),
        (70, "-narrow"),
        (100, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "palette", "Command", show=False, priority=True),
        Binding("colon", "palette", "Command", show=False),
        Binding("1", "pane('libraries')", "Libraries", show=False),
        Binding("2", "pane('form')", "Form", show=False),
        Binding("3", "pane('output')", "Output", show=False),
        Binding("4", "cache", "Cache", show=False),
        Binding("z", "zoom", "Zoom", show=False),
        Binding("f5", "run", "Run", show=False),
        Binding("Y,y", "copy_line", "Copy", show=False),
        Binding("ctrl+y", "copy_line", "Copy", show=False, priority=True),
        Binding("s", "save", "Save", show=False),
        Binding("question_mark,f1", "app.keys", "Help", show=False),
        Binding("escape", "back", "Back", show=False),
        Binding("q", "app.leave", "Quit", show=False),
    ]

    def __init__(self, core: Core, runs: Runs, glyphs: Glyphs, terminal: Terminal, first: str = "") -> None:
        super().__init__(classes="-libraries")
        self._core = core
        self._runs = runs
        self._glyphs = glyphs
        self._terminal = terminal
        self._first = first
        self._catalog = Catalog()
        self._states: dict[LibraryKey, LibraryState] = {}
        self._asking = asyncio.Lock()
        self._header = Static(classes="header")
        self._hints = Static(classes="hints")
        self._browser = LibraryBrowser(glyphs, id="libraries")
        self._form = CommandForm(glyphs, id="form")
        self._output = RunPane(runs, glyphs, terminal.flush_seconds, id="output")

    def compose(self) -> ComposeResult:
        yield self._header
        with Horizontal(id="panes"):
            yield self._browser
            with Vertical(id="work"):
                yield self._form
                yield self._output
        yield self._hints

    def on_mount(self) -> None:
        self.action_pane("libraries")
        self._show_header()
        self._load()
        if self._first:
            self.open_command(self._first, None)

    # The catalog, and what is known of its libraries

    @work(exclusive=True, group="catalog", exit_on_error=False)
    async def _load(self) -> None:
        try:
            entries = await list_commands(self._core.bundled, self._core.cache)
        except CacheError as error:
            entries = await list_commands(self._core.bundled, None)
            self.say_error(error)
        self._catalog = Catalog(entries) if len(entries) < _MANY else await asyncio.to_thread(Catalog, entries)
        self._browser.show(self._catalog, self._states)
        if isinstance(self.app.screen, PaletteScreen):
            self.app.screen.take(self._catalog)
        self._show_header()
        gc.freeze()  # the commands stay: nobody needs to look whether they are garbage
        gc.enable()
        if self._catalog.index is None:
            self._prepare(self._catalog)
        await verify_libraries(self._core, self._catalog.libraries, self._states, self._browser)
        self._show_header()

    @work(exclusive=True, group="index", exit_on_error=False)
    async def _prepare(self, catalog: Catalog) -> None:
        """Index very many commands beside the keyboard."""
        gc.disable()
        await asyncio.to_thread(catalog.prepare)
        gc.freeze()
        gc.enable()
        if isinstance(self.app.screen, PaletteScreen):
            self.app.screen.search()

    def _show_header(self) -> None:
        count = len(self._catalog.libraries)
        refused = sum(state.refusal is not None for state in self._states.values())
        dot = self._glyphs["dot"]
        if len(self._states) < count or not count:
            known = "verifying"
        else:
            known = f"{refused} refused" if refused else "all verified"
        server = "offline" if self._core.offline else "local"
        terminal = self._terminal.describe()
        self._header.update(
            styled(
                (" codi ", "bold reverse"),
                f"  {server} {dot} {count} {'library' if count == 1 else 'libraries'}, {known}   {terminal}",
            )
        )

    # Messages from the panes

    def on_command_chosen(self, event: CommandChosen) -> None:
        self.open_command(event.entry.command, None)

    def on_order(self, event: Order) -> None:
        self._start(event)

    @work(group="start", exit_on_error=False)
    async def _start(self, order: Order) -> None:
        """Start a run once it may do what it needs, after a question when it may destroy something."""
        library, definition = order.resolved.library, order.resolved.definition
        try:
            async with self._asking:  # one question at a time: its answer may be the next one's too
                permissions = await authorize(self._core, library, definition, ask=self._ask, notice=self.say)
                if definition.annotations.get("destructive") and not await self._confirm(order):
                    return
            stdin = Stdin(order.stdin) if order.stdin else None
        except CodiError as error:
            self.say_error(error)
            return
        invocation = Invocation(library, definition, order.values, permissions)
        self._runs.start(invocation, order.written, stdin)
        self._output.show_newest()
        self.action_pane("output")

    async def _confirm(self, order: Order) -> bool:
        question = f"{order.resolved.definition.path} may delete or overwrite something:\n{order.written}\nRun it?"
        return await self.app.push_screen_wait(QuestionScreen(question))

    async def _ask(self, question: Question) -> Answer:
        return await self.app.push_screen_wait(ConsentScreen(question))

    # Opening a command

    @work(exclusive=True, group="open", exit_on_error=False)
    async def open_command(self, command: str, read: Line | None, run: bool = False) -> None:
        """Load a command, show its form with the values of a line, and run it if that is wanted and they are right."""
        self._form.begin(command)
        self.action_pane("form")
        try:
            resolved = await self._core.loader.load_command(command)
        except CodiError as error:
            await self._form.refuse(command, error)
            return
        values: dict[str, Any] = {}
        problems: list[str] = []
        if read is not None:
            try:
                values, problems = read_flags(resolved.definition, read.words, read.given)
            except HelpWanted:
                run = False  # the form is the help
            problems += [f"{name} has no field here: it is left out" for name in read.ignored]
        stdin = read.stdin if read is not None and read.stdin else ""
        await self._form.show(resolved, values, stdin, asked=bool(problems))
        self._form.focus_first()
        if problems:
            self.say("; ".join(problems))
        elif run:
            self._form.action_run()

    def action_palette(self) -> None:
        if isinstance(self.app.screen, WorkspaceScreen):
            self.app.push_screen(PaletteScreen(self._catalog, self._glyphs), self._picked)

    def _picked(self, picked: Picked | None) -> None:
        if picked is not None:
            self.open_command(picked.entry.command, picked.line, picked.run)

    # Panes

    def action_pane(self, name: str) -> None:
        """Go to a pane, and on a narrow terminal show it."""
        self._mark(name)
        if name == "libraries":
            self._browser.rows.focus()
        elif name == "output":
            self._output.pane.focus()
        elif self.focused is None or self._form not in self.focused.ancestors:
            self._form.focus_first()

    def _mark(self, name: str) -> None:
        for pane in PANES:
            self.set_class(pane == name, f"-{pane}")
        self._hints.update(line(_HINTS[name]))
        self._hints.remove_class("-said")

    def on_descendant_focus(self) -> None:
        """The pane that has the focus is the one that a narrow terminal shows, and that `z` shows alone."""
        for name, pane in zip(PANES, (self._browser, self._form, self._output), strict=True):
            if _within(self.focused, pane) and not self.has_class(f"-{name}"):
                self._mark(name)

    def action_zoom(self) -> None:
        self.toggle_class("-zoomed")

    def action_back(self) -> None:
        """Leave whatever is open: a filter, a field, a pane; in the output of a run that goes on, cancel it."""
        focused = self.focused
        if _within(focused, self._browser) and self._browser.leave_filter():
            return
        if _within(focused, self._output) and (self._output.leave_search() or self._output.cancel()):
            return
        self.workers.cancel_group(self, "open")
        if _within(focused, self._output) and self._form.resolved is not None:
            self.action_pane("form")
        else:
            self.action_pane("libraries")

    def action_cache(self) -> None:
        from codi_tui.ui.screens.cache import CacheScreen

        self.app.push_screen(CacheScreen(self._core, self._glyphs), self._after_cache)

    def _after_cache(self, left: Left | None) -> None:
        """Go where the inspector was left for; look again at what is here when something was evicted."""
        if left is not None and left.evicted:
            self._states.clear()
            self._load()
        if left is not None and left.pane:
            self.action_pane(left.pane)

    def action_run(self) -> None:
        if self._form.resolved is None:
            self.say("choose a command first: Enter in the libraries, or ctrl+p")
        else:
            self._form.action_run()

    def action_copy_line(self) -> None:
        """Copy the line of the form, or of the run that is shown."""
        try:
            written = self._output.written() if _within(self.focused, self._output) else self._form.written()
        except UsageError as error:
            self.say(f"there is no line to copy yet: {error.message}")
            return
        if written:
            self.app.copy_to_clipboard(written)
            self.say("copied, if the terminal takes it: " + written)

    @work(exclusive=True, group="save", exit_on_error=False)
    async def action_save(self) -> None:
        """Write the output of the run that is shown to a file."""
        run = self._output.shown
        if run is None or not run.over:
            self.say("there is no output to save yet" if run is None else "it can be saved when it is over")
            return
        path = await self.app.push_screen_wait(PathScreen(f"Save the standard output of {run.command} to"))
        if path is None:
            return
        try:
            missing = await asyncio.to_thread(_save, run.buffer, path)
        except CodiError as error:
            self.say_error(error)
        else:
            self.say(f"saved to {path}" + (f", without {missing} lines that were not kept" if missing else ""))

    def say(self, text: str) -> None:
        """Say something in the last line until the next key; over everything when it is longer."""
        if len(text) > self.size.width - 2 and isinstance(self.app.screen, WorkspaceScreen):
            self.app.push_screen(TextScreen("codi says", text))
            return
        self._hints.update(line(text, 300))
        self._hints.add_class("-said")

    def say_error(self, error: CodiError) -> None:
        """Say what went wrong, and what to do next."""
        self.say(f"{error.message} ({error.code})" + (f"\nnext: {error.hint}" if error.hint else ""))

    def on_key(self) -> None:
        if self._hints.has_class("-said"):
            self._mark(next(pane for pane in PANES if self.has_class(f"-{pane}")))

    @work(exclusive=True, group="leave", exit_on_error=False)
    async def ask_to_leave(self) -> None:
        """Quit; ask before runs are stopped by it."""
        if isinstance(self.app.screen, QuestionScreen):
            return
        going = sum(not run.over for run in self._runs)
        plural = "runs are" if going > 1 else "run is"
        question = f"{going} {plural} still going. Stop and quit?"
        if not going or await self.app.push_screen_wait(QuestionScreen(question)):
            self.app.exit()

    def interrupt(self) -> None:
        """ctrl+c: cancel the run that is shown, or say how to quit."""
        if not self._output.cancel():
            self.say("nothing runs here; Esc, then q quits" if not self._runs.going else "3 shows the runs; q quits")


def _save(buffer: OutputBuffer, path: str) -> int:
    return buffer.save(os.path.expanduser(path), stream="stdout")


def _within(widget: Widget | None, pane: Widget) -> bool:
    return widget is not None and (widget is pane or pane in widget.ancestors)
