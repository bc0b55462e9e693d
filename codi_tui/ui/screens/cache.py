"""The cache inspector: what is kept here, from where, signed by whom, whether it would run now; verify it, evict it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from codi_tui.errors import CodiError
from codi_tui.operations.cached import CachedLibrary, compiled_bytes, evict, list_cached, verify_cached
from codi_tui.operations.core import Core
from codi_tui.operations.measures import short_span, size
from codi_tui.ui.faults import SaysFaults
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.safe import line, paragraph
from codi_tui.ui.screens.text import QuestionScreen
from codi_tui.ui.widgets.form import signer_of
from codi_tui.ui.widgets.line_list import LineList, Part, Row

_WIDE = (22, 10, 18, 18)
_NARROW = (16, 8, 9, 0)
"""Widths of the columns library, version, from and signer."""
_HINTS = "v verify   V verify all   e evict   Esc back   q quit"


class Left(NamedTuple):
    """How the inspector was left: for which pane, if any, and whether something was evicted."""

    pane: str
    evicted: bool


class CacheScreen(SaysFaults, Screen[Left]):
    """The cache, a row for each library.

    | key | does |
    | --- | --- |
    | v, V | verify the row, or all rows, as a run would |
    | e | evict the row |
    | escape, 4 | back to the workspace |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,4", "leave('')", "Back", show=False),
        Binding("1", "leave('libraries')", "Libraries", show=False),
        Binding("2", "leave('form')", "Form", show=False),
        Binding("3", "leave('output')", "Output", show=False),
        Binding("question_mark,f1", "app.keys", "Help", show=False),
        Binding("v", "verify", "Verify", show=False),
        Binding("V", "verify_all", "Verify all", show=False),
        Binding("e", "evict", "Evict", show=False),
        Binding("q", "app.leave", "Quit", show=False),
    ]

    def __init__(self, core: Core, glyphs: Glyphs) -> None:
        super().__init__()
        self._core = core
        self._glyphs = glyphs
        self._cached: list[CachedLibrary] = []
        self._evicted = False
        self._heading = LineList(classes="heading-row")
        self._heading.can_focus = False
        self._list = LineList()
        self._detail = Static(classes="detail")

    def compose(self) -> ComposeResult:
        with Vertical(id="cache", classes="pane"):
            yield self._heading
            yield self._list
            yield self._detail
        yield Static(line(_HINTS), classes="hints")

    def on_mount(self) -> None:
        self._list.focus()
        self._load()

    def on_resize(self) -> None:
        self._draw()

    @work(exclusive=True, group="load", exit_on_error=False)
    async def _load(self) -> None:
        try:
            self._cached = await list_cached(self._core)
        except CodiError as error:
            self._detail.update(paragraph(f"{error.message} ({error.code})"))
        self._draw()

    def _draw(self) -> None:
        wide = self.size.width >= 100
        self._heading.set_rows([Row((Part(_heading(wide), "dim"),), selectable=False)])
        rows = [self._row(entry, wide) for entry in self._cached]
        self._list.set_rows(rows or [Row((Part("nothing is cached yet", "dim"),), selectable=False)])
        packed = sum(entry.packed_bytes for entry in self._cached)
        verified = sum(entry.verified is True for entry in self._cached)
        self.query_one("#cache").border_title = line(
            f"4 Cache {self._glyphs['dot']} {len(self._cached)} entries, {size(packed)} on disk "
            f"({size(sum(entry.size_bytes for entry in self._cached))} plain), {verified} verified now"
        )
        self._explain()

    def _row(self, entry: CachedLibrary, wide: bool) -> Row:
        origin = entry.origin.partition("://")[2] or entry.origin
        state, role = self._state(entry)
        numbers = f"{size(entry.size_bytes):>8} {entry.ratio:>4.1f}x {short_span(entry.age_seconds):>6}"
        expires = "never" if entry.expires_seconds is None else _until(entry.expires_seconds)
        signer = f" {_cell(signer_of(entry.origin, entry.key_id), _WIDE[3])}" if wide else ""
        name, version, source, _ = _WIDE if wide else _NARROW
        left = f"{_cell(entry.name, name)} {_cell(entry.version, version)} {_cell(origin, source)}"
        return Row((Part(left), Part(signer, "dim"), Part(f" {numbers} {expires:>7} "), Part(state, role)))

    def _state(self, entry: CachedLibrary) -> tuple[str, str]:
        if entry.verified is None:
            return f"{self._glyphs['unknown']} press v", "dim"
        if entry.verified:
            return f"{self._glyphs['verified']} verified", "good"
        code = "" if entry.refusal is None else entry.refusal.code
        return f"{self._glyphs['refused']} {code}", "bad"

    def on_line_list_moved(self) -> None:
        self._explain()

    def _selected(self) -> CachedLibrary | None:
        return self._cached[self._list.cursor] if self._list.cursor < len(self._cached) else None

    def _explain(self) -> None:
        entry = self._selected()
        if entry is None:
            nothing = "Libraries come here when one of their commands is first used."
            self._detail.update(line("The cache cannot be used here." if self._core.cache is None else nothing))
            return
        lines = [
            f"{entry.name} {entry.version} from {entry.origin}, signed by {self._digest(entry.key_id or 'an unnamed key')}"
        ]
        lines.append(f"manifest sha256 {self._digest(entry.digest)}")
        if entry.module_digest:
            compiled = compiled_bytes(self._core, entry)
            note = f" (compiled {size(compiled)})" if compiled else " (not compiled yet)"
            lines.append(f"module   sha256 {self._digest(entry.module_digest)}{note}")
        if entry.refusal is not None:
            lines.append(f"refused: {entry.refusal.message} ({entry.refusal.code})")
            lines += [f"next: {entry.refusal.hint}"] if entry.refusal.hint else []
        self._detail.update(paragraph("\n".join(lines)))

    def _digest(self, text: str) -> str:
        """A digest or key id, whole where there is room."""
        return text if self.size.width >= 100 else f"{text[:24]}{self._glyphs['ellipsis']}{text[-6:]}"

    def action_leave(self, pane: str) -> None:
        self.dismiss(Left(pane, self._evicted))

    def action_verify(self) -> None:
        entry = self._selected()
        if entry is not None:
            self._verify([entry])

    def action_verify_all(self) -> None:
        self._verify(self._cached)

    @work(exclusive=True, group="cache", exit_on_error=False)
    async def _verify(self, entries: list[CachedLibrary]) -> None:
        for entry in list(entries):
            await verify_cached(self._core, entry)
            self._draw()

    @work(exclusive=True, group="cache", exit_on_error=False)
    async def action_evict(self) -> None:
        entry = self._selected()
        if entry is None:
            return
        question = f"Evict {entry.name} {entry.version}?\nIt is fetched again when one of its commands is next used."
        if not await self.app.push_screen_wait(QuestionScreen(question)):
            return
        try:
            await evict(self._core, entry)
            self._evicted = True
            self._cached = [item for item in self._cached if item is not entry]
        except CodiError as error:
            self._detail.update(paragraph(f"{error.message} ({error.code})"))
            return
        self._draw()


def _heading(wide: bool) -> str:
    name, version, source, signer = _WIDE if wide else _NARROW
    columns = f"{'size':>8} {'ratio':>5} {'age':>6} {'expires':>7} state"
    signed = f" {'signer':<{signer}}" if wide else ""
    return f"{'library':<{name}} {'version':<{version}} {'from':<{source}}{signed} {columns}"


def _cell(text: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    from codi_tui.text import sanitize_line

    safe = sanitize_line(text, width * 2)
    return set_cell_size(safe, width) if cell_len(safe) != width else safe


def _until(seconds: float) -> str:
    return "past" if seconds < 0 else short_span(seconds)
