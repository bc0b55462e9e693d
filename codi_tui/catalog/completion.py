"""What a shell needs to complete commands, as text that is rendered when a library comes in, beside `codi help`'s list.

A line is a record of tab-separated fields: `c NAME SUMMARY` begins a command; `o NAME SHORT KIND VALUES MEANING` is an
option of it and `a KIND VALUES MEANING` an argument, in order. KIND is `switch`, `path` or `text`, with a `*` behind it
where it may be repeated; VALUES are its choices, parted by spaces. Whoever shows it makes it safe.
"""

from __future__ import annotations

from codi_tui.catalog.commands import summary
from codi_tui.limits import DOCUMENT_MAX_BYTES, LISTING_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from codi_tui.cache.sqlite import SqliteCache

_MEANING_CHARACTERS = 120
_KINDS = {"boolean": "switch", "path": "path"}


def render_commands(commands: Iterable[tuple[str, dict[str, Any]]]) -> str:
    """The records of commands, each a path and its definition as the manifest has it; at most `LISTING_MAX_BYTES`."""
    parts: list[str] = []
    size = 0
    for path, definition in commands:
        lines = [
            _record("c", path, summary(definition["description"])),
            *(
                _record("o", f"--{item['name']}", f"-{item['short']}" if item.get("short") else "", *_taken(item))
                for item in definition["options"]
            ),
            *(_record("a", *_taken(item)) for item in definition["arguments"]),
        ]
        parts.append("".join(lines))
        size += len(parts[-1].encode(errors="replace"))
        if size > LISTING_MAX_BYTES:
            return "".join(parts[:-1])
    return "".join(parts)


async def render_cached(cache: SqliteCache) -> str:
    """The records of the cached commands that have a short name."""
    from codi_tui.cache.zstd import decompress
    from codi_tui.trust.canonical import loads_strict

    owners = {command: library for command, library, _ in await cache.list_commands()}
    commands: dict[str, dict[str, Any]] = {}
    for row in await cache.list_libraries():
        document: Any = loads_strict(decompress(row.json, DOCUMENT_MAX_BYTES))
        for group, command in document["commands"].items():
            for name, definition in command["subcommands"].items():
                if owners.get(f"{group}.{name}") == row.id:
                    commands[f"{group}.{name}"] = definition
    return render_commands(sorted(commands.items()))


def _taken(item: dict[str, Any]) -> tuple[str, str, str]:
    kind = _KINDS.get(item["type"], "text") + ("*" if item.get("multiple") else "")
    values = [str(value) for value in item.get("enum", ())]
    meaning = item.get("description", "")[:_MEANING_CHARACTERS]
    return kind, " ".join(value for value in values if value and not set(value) & set(" \t\n")), meaning


def _record(*fields: str) -> str:
    return "\t".join(" ".join(field.split()) for field in fields) + "\n"
