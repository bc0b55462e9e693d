"""Wire: what the terminal shows, and the fewest bytes that make it show something else.

Textual writes every region that was refreshed, whole: a title that changed costs its pane, and every key in a screen that
lies over another costs both. Over SSH that is the time until a key is answered. Here each cell that was written is
remembered, and only those are written that are others now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

_NEVER = "\0"
"""A cell of which nothing is known; no cell is ever drawn so."""
_GAP_CELLS = 7
"""Cells between two changes that are written along: to go past them costs as much."""
_STYLES_MAX = 4096


class Written(CompositorUpdate):
    """A frame, ready to be written."""

    def __init__(self, sequence: str) -> None:
        self.sequence = sequence

    def render_segments(self, console: Console) -> str:
        """Textual's: what is written."""
        return self.sequence

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self.sequence)


class Wire:
    """The cells of the terminal, as far as they are known."""

    def __init__(self) -> None:
        self._rows: dict[int, _Line] = {}
        self._codes: dict[tuple[Style, ColorSystem | None], str] = {}

    def forget(self) -> None:
        """The terminal may show anything by now: the next frame is written whole."""
        self._rows.clear()

    def frame(self, update: LayoutUpdate | ChopsUpdate, console: Console) -> str:
        """The bytes that bring a frame to the terminal, and remember it as shown; nothing when it shows it already."""
        system = None if console.color_system is None else _SYSTEMS[console.color_system]
        written: list[str] = []
        current: str | None = None
        for y, x, strip in _pieces(update):
            cells, codes = self._cells(strip, system)
            line = self._rows.setdefault(y, _Line())
            for start, end in line.changes(x, cells, codes):
                written.append(f"\x1b[{y + 1};{x + start + 1}H")
                for at in range(start, end):
                    if codes[at] != current:
                        current = codes[at]
                        written.append(current)
                    written.append(cells[at])
            line.put(x, cells, codes)
        return "".join((*written, "\x1b[0m")) if written else ""

    def _cells(self, strip: Iterable[Segment], system: ColorSystem | None) -> tuple[list[str], list[str]]:
        """A strip's characters, and for each what sets its style. The second half of a wide one is empty."""
        cells: list[str] = []
        codes: list[str] = []
        for text, style, control in strip:
            if control:
                continue
            before = len(cells)
            if text.isascii() or cell_len(text) == len(text):
                cells += text
            else:
                _split(text, cells)
            codes += [self._code(style, system)] * (len(cells) - before)
        return cells, codes

    def _code(self, style: Style | None, system: ColorSystem | None) -> str:
        key = (style or _PLAIN, system)
        code = self._codes.get(key)
        if code is None:
            if len(self._codes) >= _STYLES_MAX:
                self._codes.clear()
            sets = key[0].update_link(None).render("x", color_system=system).partition("x")[0]
            code = self._codes[key] = f"\x1b[0;{sets[2:]}" if sets else "\x1b[0m"
        return code


class _Line:
    """A row of the terminal."""

    def __init__(self) -> None:
        self._cells: list[str] = []
        self._codes: list[str] = []

    def changes(self, x: int, cells: list[str], codes: list[str]) -> Iterator[tuple[int, int]]:
        """Where the terminal shows something else, as ranges of these cells."""
        end = x + len(cells)
        missing = end - len(self._cells)
        if missing > 0:
            self._cells += [_NEVER] * missing
            self._codes += [_NEVER] * missing
        old_cells, old_codes = self._cells[x:end], self._codes[x:end]
        if old_cells == cells and old_codes == codes:
            return
        if "" in cells or "" in old_cells or any(len(cell) > 1 for cell in (*cells, *old_cells)):
            yield 0, len(cells)  # terminals differ in how wide these are, so nothing is written from their middle
            return
        pairs = zip(old_cells, cells, old_codes, codes, strict=True)
        differ = [at for at, (old, new, was, now) in enumerate(pairs) if old != new or was != now]
        start = last = differ[0]
        for at in differ:
            if at - last > _GAP_CELLS:
                yield start, last + 1
                start = at
            last = at
        yield start, last + 1

    def put(self, x: int, cells: list[str], codes: list[str]) -> None:
        """These are shown now."""
        self._cells[x : x + len(cells)] = cells
        self._codes[x : x + len(codes)] = codes


_PLAIN = Style.null()
_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Row, column and strip of all that an update would write."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, Strip.join(strips)
        return
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= x2 and end > x1:
                yield y, x, strip


def _split(text: str, cells: list[str]) -> None:
    """Add a text's characters; what has no width stays with the one before."""
    for char in text:
        width = get_character_cell_size(char)
        if width == 0 and cells:
            at = len(cells) - 1
            while at > 0 and not cells[at]:
                at -= 1
            cells[at] += char
        else:
            cells.append(char)
            cells += [""] * (width - 1)
