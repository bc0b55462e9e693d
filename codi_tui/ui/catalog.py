"""Catalog: the commands of the workspace, and what is needed to find one among a hundred thousand of them.

Nothing here is done on a key: what takes long is made beforehand in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from codi_tui.catalog.commands import CatalogEntry
from codi_tui.catalog.search import CommandIndex, IndexedCommand

LibraryKey = tuple[str, str]
"""(origin, name)"""
_AT_ONCE = 2000
"""Commands that are indexed sooner than a thread is started."""


class Catalog:
    """Commands in the order of the list: bundled ones first, by library.

    Attributes:
        libraries: each library once, in the order of the list.
        index: of `entries`; None until `prepare` has run.
    """

    def __init__(self, entries: Sequence[CatalogEntry] = ()) -> None:
        by_library: dict[LibraryKey, list[CatalogEntry]] = {}
        for entry in entries:
            by_library.setdefault((entry.origin, entry.library), []).append(entry)
        self.libraries = sorted(by_library, key=lambda key: (key[0] != "bundled", key))
        self.entries = [entry for key in self.libraries for entry in by_library[key]]
        self.by_name = {entry.command: entry for entry in self.entries}
        self.index: CommandIndex | None = None
        self._texts: list[str] | None = None
        self._filtered: tuple[str, list[int]] = "", []
        if len(self.entries) <= _AT_ONCE:
            self.prepare()

    def prepare(self) -> None:
        """Make the index, and what a filter reads. May run in a thread."""
        self._texts = [f"{entry.command} {entry.library} {entry.description}".casefold() for entry in self.entries]
        index = CommandIndex(
            [IndexedCommand(entry.command, entry.description, entry.library) for entry in self.entries]
        )
        index.prepare()
        self.index = index

    def matching(self, query: str) -> list[CatalogEntry]:
        """The commands that have every word of a query somewhere; all of them as long as that cannot be told."""
        words, texts = query.casefold().split(), self._texts
        if not words or texts is None:
            return self.entries
        before, found = self._filtered
        if not before or not query.startswith(before):
            found = list(range(len(texts)))
        for word in words:
            found = [at for at in found if word in texts[at]]
        self._filtered = query, found
        return [self.entries[at] for at in found]
