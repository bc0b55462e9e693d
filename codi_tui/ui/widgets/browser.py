"""LibraryBrowser: every command that can be run here, by library, with a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, overload

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from codi_tui.catalog.commands import CatalogEntry
from codi_tui.ui.catalog import Catalog, LibraryKey
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.libraries import LibraryState
from codi_tui.ui.safe import line
from codi_tui.ui.widgets.controls import Changed, TextControl
from codi_tui.ui.widgets.line_list import LineList, Part, Row


class CommandChosen(Message):
    """A command is to be shown."""

    def __init__(self, entry: CatalogEntry) -> None:
        super().__init__()
        self.entry = entry


class LibraryBrowser(Vertical):
    """A list of libraries, each with its commands.

    | key | does |
    | --- | --- |
    | / | filter by any part of a name or a description |
    | enter | open a command, or fold a library |
    | left, right | fold, unfold |
    | escape | leave the filter, then empty it |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", show=False),
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("left", "fold(True)", "Fold", show=False),
        Binding("right", "fold(False)", "Unfold", show=False),
    ]

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._glyphs = glyphs
        self._catalog = Catalog()
        self._states: dict[LibraryKey, LibraryState] = {}
        self._folded: set[LibraryKey] = set()
        self._targets: list[CatalogEntry | LibraryKey] = []
        self._filter = TextControl("", "filter")
        self._filter.display = False
        self._list = LineList()

    def compose(self) -> ComposeResult:
        yield self._filter
        yield self._list

    def on_mount(self) -> None:
        self.border_title = line("1 Libraries")

    @property
    def rows(self) -> LineList:
        """The list itself."""
        return self._list

    def show(self, catalog: Catalog, states: dict[LibraryKey, LibraryState]) -> None:
        """Show these commands; a state that is missing is of a library that nobody has verified yet."""
        self._catalog = catalog
        self._states = states
        self._refresh()

    def show_states(self) -> None:
        """Paint the libraries in view again: of some of them more is known by now."""
        self._list.refresh()

    def libraries_in_view(self) -> Sequence[LibraryKey]:
        """The libraries that are in view."""
        return [_key(target) for target in self._targets[self._list.in_view]]

    def _refresh(self) -> None:
        query = self._filter.value
        words = query.split()
        before = _name_of(self._targets[self._list.cursor]) if self._targets else None
        targets: list[CatalogEntry | LibraryKey] = []
        shown: LibraryKey | None = None
        for entry in self._catalog.matching(query):
            key = (entry.origin, entry.library)
            if key != shown:
                shown = key
                targets.append(key)
            if words or key not in self._folded:
                targets.append(entry)
        self._targets = targets
        names = [_name_of(target) for target in targets]
        if not targets:
            said = "nothing has this" if words else "no commands here"
            self._list.set_rows([Row((Part(said, "dim"),), selectable=False)])
        elif before in names:
            self._list.set_rows(_Rows(targets, self._row), names.index(before))
        else:
            self._list.set_rows(_Rows(targets, self._row), 1 if words else 0)

    def _row(self, target: CatalogEntry | LibraryKey) -> Row:
        if isinstance(target, CatalogEntry):
            return Row((Part(f"    {target.command}"),))
        return self._library_row(target, unfolded=bool(self._filter.value.split()) or target not in self._folded)

    def _library_row(self, key: LibraryKey, *, unfolded: bool) -> Row:
        state = self._states.get(key)
        fold = self._glyphs["open" if unfolded else "closed"]
        badge, role, note = ("unknown", "dim", "") if state is None else state.badge()
        origin = "" if key[0] == "bundled" else f"  {key[0].partition('://')[2]}"
        left = (Part(f"{fold} "), Part(key[1], "heading"), Part(origin, "dim"))
        return Row(left, (Part(f"{self._glyphs[badge]} {note} ", role),))

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        event.stop()
        target = self._targets[event.index]
        if isinstance(target, CatalogEntry):
            self.post_message(CommandChosen(target))
        else:
            self._folded ^= {target}
            self._refresh()

    def action_fold(self, fold: bool) -> None:
        """Fold or unfold the library that the cursor is in."""
        if not self._targets:
            return
        target = self._targets[self._list.cursor]
        key = _key(target)
        if (key in self._folded) != fold:
            self._folded ^= {key}
            self._refresh()
            self._list.cursor = self._targets.index(key)

    def action_move(self, step: int) -> None:
        """Move in the list from within the filter."""
        self._list.action_move(step)

    def action_filter(self) -> None:
        self._filter.display = True
        self._filter.focus()

    def leave_filter(self) -> bool:
        """Go from the filter back to the list, or empty it; False when there is nothing to leave."""
        if self._filter.has_focus and self._filter.value:
            self._list.focus()
        elif self._filter.display:
            self._filter.value = ""
            self._filter.display = False
            self._refresh()
            self._list.focus()
        else:
            return False
        return True

    def on_changed(self, event: Changed) -> None:
        event.stop()
        self._refresh()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._list.action_choose()


class _Rows(Sequence[Row]):
    """Rows that are made when they come into view."""

    def __init__(self, targets: Sequence[CatalogEntry | LibraryKey], make: Callable[..., Row]) -> None:
        self._targets = targets
        self._make = make

    def __len__(self) -> int:
        return len(self._targets)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._make(target) for target in self._targets[index]]
        return self._make(self._targets[index])


def _key(target: CatalogEntry | LibraryKey) -> LibraryKey:
    return (target.origin, target.library) if isinstance(target, CatalogEntry) else target


def _name_of(target: CatalogEntry | LibraryKey) -> tuple[str, ...]:
    """What stays the same when the catalog is read again."""
    return (target.origin, target.library, target.command) if isinstance(target, CatalogEntry) else target
