"""What can be run here without asking anybody: the bundled libraries' commands and the cached ones."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.cache.sqlite import SqliteCache
    from codi_tui.library.directory import DirectoryClient


class CatalogEntry:
    """A command that can be run, under the name that runs it."""

    __slots__ = ("command", "description", "library", "origin")

    def __init__(self, command: str, description: str, library: str, origin: str) -> None:
        self.command = command
        self.description = description
        self.library = library
        self.origin = origin


async def list_commands(bundled: DirectoryClient, cache: SqliteCache | None) -> list[CatalogEntry]:
    """Every command, bundled ones first, each group by name."""
    entries = [
        CatalogEntry(command, item["description"], item["library"], bundled.origin)
        for command, item in sorted(bundled.commands().items())
    ]
    known = {entry.command for entry in entries}
    for command, library_id, description in [] if cache is None else await cache.list_commands():
        origin, _, library = library_id.rpartition("/")
        if command not in known:
            entries.append(CatalogEntry(command, description, library, origin))
    return entries


def render(entries: list[CatalogEntry]) -> str:
    """The entries as `codi help` lists them, by library. It goes to terminals as it is, so it is sanitised here."""
    from codi_tui.text import sanitize_line

    lines: list[str] = []
    library = None
    for entry in sorted(entries, key=lambda entry: (entry.origin, entry.library, entry.command)):
        if library != (entry.origin, entry.library):
            library = (entry.origin, entry.library)
            lines += ["", sanitize_line(f"{entry.library} ({entry.origin})")]
        lines.append(f"  {sanitize_line(entry.command):<18}  {sanitize_line(summary(entry.description), 58)}")
    return "\n".join(lines[1:]) + "\n" if lines else ""


def summary(description: str) -> str:
    """The first sentence of a description."""
    return description.split(". ", maxsplit=1)[0].rstrip(".")


def nearest(word: str, names: list[str], most: int = 3) -> list[str]:
    """The names that a mistyped word may have meant, nearest first."""
    from difflib import get_close_matches

    part = word.rpartition(":")[2].rpartition(".")[2]
    near = get_close_matches(word, names, most, 0.6)
    same_part = [name for name in names if name.rpartition(".")[2] == part and name not in near]
    return (near + same_part)[:most]
