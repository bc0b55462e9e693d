"""What an agent sees of the commands that are here: tools, described by verified manifests and by nothing else.

Nothing here grants or approves. Whether an agent may call a tool is decided from what people decided before; what a
person would have to do is in the refusal's hint.
"""

from __future__ import annotations

import hashlib
import json

from codi_tui.catalog.commands import list_commands, nearest
from codi_tui.errors import CacheError, CodiError, GrantError, NotFoundError, StateError
from codi_tui.limits import MCP_DESCRIPTION_BYTES, MCP_NAME_CHARACTERS, MCP_QUERY_WORDS, PALETTE_HITS
from codi_tui.model.arguments import command_schema
from codi_tui.operations.command_line import quote
from codi_tui.operations.grants import review
from codi_tui.text import sanitize, sanitize_line
from codi_tui.trust.policy import BUNDLED, normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from codi_tui.catalog.commands import CatalogEntry
    from codi_tui.catalog.search import CommandIndex
    from codi_tui.model.manifest import SubcommandDefinition
    from codi_tui.operations.core import Core
    from codi_tui.trust import CommandLibrary

_SIGNER_CHARACTERS = 24
_TELLING_CHARACTERS = 3
"""A shorter word of a sentence finds everything."""
_EXAMPLES = 3
_EXAMPLE_MEMBERS = ("description", "command", "arguments")


class AgentTool:
    """A command of a library that was verified just now.

    Attributes:
        missing: the permissions that it needs and that nobody granted.
        refusal: why no agent may call it until a person approved it, or None.
    """

    __slots__ = ("definition", "library", "missing", "refusal")

    def __init__(
        self, library: CommandLibrary, definition: SubcommandDefinition, missing: list[str], refusal: GrantError | None
    ) -> None:
        self.library = library
        self.definition = definition
        self.missing = missing
        self.refusal = refusal

    @property
    def name(self) -> str:
        """Its name among tools."""
        return tool_name(self.library.name, self.definition.path)

    @property
    def description(self) -> str:
        """Whose command it is, then its own words, made safe, in at most `MCP_DESCRIPTION_BYTES`."""
        about = f"{self.library.name} {self.library.version}, signed by {self.library.key_id[:_SIGNER_CHARACTERS]}"
        return _bounded(f"[{sanitize_line(about)}] {_plain(self.definition.description)}")

    def summary(self) -> dict[str, Any]:
        """What a list says of it."""
        return {"command": self.definition.path, "tool": self.name, "description": self.description}

    def document(self) -> dict[str, Any]:
        """All that is to be known before it is called."""
        library, definition = self.library, self.definition
        return {
            **self.summary(),
            "library": library.name,
            "version": library.version,
            "origin": library.origin,
            "signer": library.key_id,
            "arguments": _shown(command_schema(definition)),
            "output": definition.handler.output,
            "annotations": {name: value for name, value in sorted(definition.annotations.items()) if value},
            "permissions": [sanitize_line(item) for item in library.manifest.permissions],
            "not_granted": [sanitize_line(item) for item in self.missing],
            "examples": [_example(item) for item in definition.examples[:_EXAMPLES]],
        }


def tool_name(library: str, path: str) -> str:
    """`LIBRARY__GROUP__NAME`, of at most `MCP_NAME_CHARACTERS` letters, digits, `_` and `-`.

    The parts have no `_` of their own, so no two commands get one name; a longer one ends in a digest of the whole.
    """
    name = f"{library}__{path.replace('.', '__')}"
    if len(name) <= MCP_NAME_CHARACTERS:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: MCP_NAME_CHARACTERS - 13]}_{digest}"


def tool_digest(library: CommandLibrary, definition: SubcommandDefinition) -> str:
    """SHA-256 of all that an approval is given to: schema, description, handler, annotations, permissions."""
    parts = {
        "schema": command_schema(definition),
        "description": definition.description,
        "handler": definition.handler.document,
        "annotations": definition.annotations,
        "permissions": sorted({normal(item) for item in library.manifest.permissions}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class AgentCatalog:
    """The commands that are here, as tools. Searching and looking fetch nothing and open no socket."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._indexed: list[tuple[str, str, str]] = []
        self._index: CommandIndex | None = None

    async def every(self) -> AsyncIterator[AgentTool | tuple[CatalogEntry, CodiError]]:
        """Every command, by library; in place of one whose library is refused, its entry and the refusal."""
        libraries: dict[tuple[str, str], CommandLibrary | CodiError] = {}
        entries = await self._entries()
        for entry in sorted(entries, key=lambda item: (item.origin != BUNDLED, item.origin, item.library)):
            made = await self._tool(entry, libraries)
            yield (entry, made) if isinstance(made, CodiError) else made

    async def search(self, query: str, limit: int) -> tuple[list[AgentTool], int]:
        """The best tools that an agent may call, and how many more would have been found but are withheld."""
        entries = await self._entries()
        libraries: dict[tuple[str, str], CommandLibrary | CodiError] = {}
        found: list[AgentTool] = []
        withheld = 0
        for at in _ranked(self._indexed_by(entries), query):
            made = await self._tool(entries[at], libraries)
            if isinstance(made, CodiError) or made.refusal is not None:
                withheld += 1
            elif len(found) < limit:
                found.append(made)
        return found, withheld

    async def look(self, written: str) -> AgentTool:
        """The tool that is meant by `group.name`, `library:group.name` or a tool's name.

        Raises:
            NotFoundError: it is not here.
            RefusedError, CacheError: its library is not to be trusted.
        """
        entry = await self._entry(written)
        made = await self._tool(entry, {})
        if isinstance(made, CodiError):
            raise made
        return made

    async def take(self, written: str) -> AgentTool:
        """As `look`, with its library loaded as a run loads it.

        Raises:
            NotFoundError, RefusedError, FetchError, StateError: as for a run.
        """
        entry = await self._entry(written)
        library = await self._core.loader.load_named(entry.origin, entry.library)
        definition = library.manifest.find(entry.command)
        if definition is None:
            raise _not_found(written, [])
        return await agent_tool(self._core, library, definition)

    async def _entries(self) -> list[CatalogEntry]:
        try:
            return await list_commands(self._core.bundled, self._core.cache)
        except CacheError:
            return await list_commands(self._core.bundled, None)

    async def _entry(self, written: str) -> CatalogEntry:
        entries = await self._entries()
        for entry in entries:
            names = entry.command, f"{entry.library}:{entry.command}", tool_name(entry.library, entry.command)
            if written in names:
                return entry
        raise _not_found(written, nearest(written, [entry.command for entry in entries]))

    def _indexed_by(self, entries: list[CatalogEntry]) -> CommandIndex:
        """The index of these entries; made again only when they are others."""
        from codi_tui.catalog.search import CommandIndex, IndexedCommand

        known = [(entry.command, entry.description, entry.library) for entry in entries]
        if self._index is None or known != self._indexed:
            self._indexed, self._index = known, CommandIndex([IndexedCommand(*item) for item in known])
        return self._index

    async def _tool(
        self, entry: CatalogEntry, libraries: dict[tuple[str, str], CommandLibrary | CodiError]
    ) -> AgentTool | CodiError:
        """The tool of an entry, or why there is none; `libraries` are those that were verified for the same answer."""
        key = entry.origin, entry.library
        if key not in libraries:
            try:
                libraries[key] = await _verified(self._core, *key)
            except CodiError as error:
                libraries[key] = error
        library = libraries[key]
        if isinstance(library, CodiError):
            return library
        definition = library.manifest.find(entry.command)
        if definition is None:
            return _not_found(entry.command, [])
        return await agent_tool(self._core, library, definition)


def _ranked(index: CommandIndex, query: str) -> list[int]:
    """The commands that have every word of a query, else those that have the most of its words, best in their names."""
    from codi_tui.catalog.search import WORD_START

    whole = [hit.command for hit in index.search(query)]
    if whole:
        return whole
    found: dict[int, int] = {}
    for word in dict.fromkeys(query.split()[:MCP_QUERY_WORDS]):
        for hit in index.search(word) if len(word) >= _TELLING_CHARACTERS else ():
            if hit.where != "name" or hit.score >= WORD_START * 1000:  # letters here and there tell nothing
                found[hit.command] = found.get(hit.command, 0) + hit.score
    return sorted(found, key=lambda command: -found[command])[:PALETTE_HITS]


async def agent_tool(core: Core, library: CommandLibrary, definition: SubcommandDefinition) -> AgentTool:
    """A command of a verified library as an agent has it.

    Raises:
        StateError: what was granted cannot be read.
    """
    review_of = await review(core, library, definition)
    reason = None
    if review_of.decisive:
        reason = f"{library.name} {library.version} is not what {review_of.old_version} was"
    elif definition.annotations.get("destructive") and not await _is_approved(core, library, definition):
        reason = f"{definition.path} is destructive"
    if reason is None:
        return AgentTool(library, definition, review_of.missing, None)
    refusal = GrantError(
        f"{reason}: a person has to approve it for agents",
        code="E_APPROVAL",
        hint=f"a person, on a terminal: codi mcp approve {quote(f'{library.name}:{definition.path}')}",
        library=library.name,
    )
    return AgentTool(library, definition, review_of.missing, refusal)


async def _is_approved(core: Core, library: CommandLibrary, definition: SubcommandDefinition) -> bool:
    try:
        approved = await core.agent_approvals.approved(library, definition.path)
    except StateError:
        return False  # what was approved is not known, and not guessed
    return approved == tool_digest(library, definition)


async def _verified(core: Core, origin: str, name: str) -> CommandLibrary:
    """A library that is here, verified; nothing is fetched.

    Raises:
        RefusedError, CacheError, NotFoundError: it would not be run, or is gone.
    """
    if origin == BUNDLED:
        return await core.loader.load_library(core.bundled, name)
    row = None if core.cache is None else await core.cache.get_library(f"{origin}/{name}")
    if row is None:
        raise NotFoundError(f"{name} is no longer in the cache", library=name)
    return await core.loader.verify_row(row)


def _not_found(written: str, near: list[str]) -> NotFoundError:
    hint = f"did you mean {' or '.join(near)}?" if near else "search for it"
    return NotFoundError(f"there is no command {written[:80]!r} here", hint=hint)


def _plain(text: str) -> str:
    """A publisher's text without lines of its own, which could pass for codi's."""
    return sanitize(" ".join(text.split()))


def _bounded(text: str) -> str:
    data = text.encode(errors="replace")
    if len(data) <= MCP_DESCRIPTION_BYTES:
        return text
    return data[: MCP_DESCRIPTION_BYTES - len("…".encode())].decode(errors="ignore") + "…"


def _example(example: dict[str, Any]) -> dict[str, Any]:
    return {name: _shown(example[name]) for name in _EXAMPLE_MEMBERS if name in example}


def _shown(value: Any) -> Any:
    """A part of a manifest as an agent may read it: each text made safe and bounded."""
    if isinstance(value, str):
        return _bounded(sanitize(value))
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value
