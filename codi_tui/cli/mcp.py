"""`codi mcp` for people: what agents see, what they may call, how a client is told of codi. `serve` is another door."""

from __future__ import annotations

from codi_tui.cli.dispatch import dispatch
from codi_tui.cli.exits import OK
from codi_tui.cli.narration import say
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.with_core import with_core
from codi_tui.errors import CodiError
from codi_tui.manual.mcp import MCP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.catalog.commands import CatalogEntry
    from codi_tui.manual.words import Words
    from codi_tui.operations.agent_tools import AgentTool
    from codi_tui.operations.core import Core

    Listed = AgentTool | tuple[CatalogEntry, CodiError]


def main(words: Sequence[str]) -> int:
    """`codi mcp list | approve | install`: returns the exit status."""
    return dispatch(MCP, words, _VERBS)


def _list(parsed: Words) -> int:
    parsed.check()
    items = with_core(_listed, offline=True)
    if parsed.as_json:
        show_json([_document(item) for item in items])
        return OK
    lines: list[str] = []
    for item in items:
        head, line = _lines(item)
        lines += [line] if head in lines else ["", head, line]
    show_lines(lines[1:])
    return OK


async def _listed(core: Core) -> list[Listed]:
    from codi_tui.operations.agent_tools import AgentCatalog

    return [item async for item in AgentCatalog(core).every()]


def _document(item: Listed) -> dict[str, object]:
    from codi_tui.model.events import error_document

    if isinstance(item, tuple):
        entry, error = item
        about = {"command": entry.command, "library": entry.library, "origin": entry.origin}
        return {**about, "offered": False, "refusal": error_document(error)}
    refusal = None if item.refusal is None else error_document(item.refusal)
    return {**item.document(), "offered": refusal is None, "refusal": refusal}


def _lines(item: Listed) -> tuple[str, str]:
    """The library's line and the command's, which says why an agent would not get far with it."""
    from codi_tui.catalog.commands import summary

    if isinstance(item, tuple):
        entry, error = item
        return f"{entry.library} ({entry.origin})", f"  {entry.command:<18}  refused: {error.message} ({error.code})"
    library, definition = item.library, item.definition
    said = " ".join(summary(definition.description).split())
    if item.refusal is not None:
        said = f"not offered: {item.refusal.message} ({item.refusal.code})"
    elif item.missing:
        said = f"needs what is not granted: {', '.join(item.missing)}"
    head = f"{library.name} {library.version} ({library.origin}), signed by {library.key_id[:24]}"
    return head, f"  {definition.path:<18}  {said}"


def _approve(parsed: Words) -> int:
    parsed.check()
    work = _withdrawn if "--withdraw" in parsed.options else _approved
    show_lines([with_core(lambda core: work(core, parsed.rest[0]))])
    return OK


async def _withdrawn(core: Core, command: str) -> str:
    from codi_tui.operations.agent_tools import AgentCatalog

    tool = await AgentCatalog(core).look(command)
    path = tool.definition.path
    gone = await core.agent_approvals.withdraw(tool.library, path)
    return f"{path} is no longer approved for agents" if gone else f"{path} was not approved for agents"


async def _approved(core: Core, command: str) -> str:
    from codi_tui.cli.question import confirm
    from codi_tui.operations.agent_approval import prepare
    from codi_tui.operations.agent_tools import AgentCatalog

    tool = await AgentCatalog(core).look(command)
    path = tool.definition.path
    if tool.refusal is None:
        return f"{path} needs no approval: agents may call it as it is"
    approval = await prepare(core, tool)
    for line in approval.lines:
        say(f"  {line}")
    if not confirm(f"codi: let agents call {path}, as it is now?", otherwise=f"codi mcp approve {path}, on a terminal"):
        raise CodiError(f"{path} stays as it was", code="E_APPROVAL")
    await approval.give()
    return f"approved for agents: {path} of {tool.library.name} {tool.library.version}"


def _install(parsed: Words) -> int:
    """The member `mcpServers`, which the common clients read."""
    import os
    import sys

    roots = parsed.lists.get("--root", [])
    parsed.problems += [f"--root {folder[:200]!r} is no folder" for folder in roots if not os.path.isdir(folder)]
    parsed.check()
    arguments = ["mcp", "serve", *(word for folder in roots for word in ("--root", os.path.realpath(folder)))]
    program = os.path.realpath(sys.argv[0])
    show_json({"mcpServers": {"codi": {"command": program, "args": arguments}}})
    return OK


_VERBS: dict[str, Callable[[Words], int]] = {
    "mcp list": _list,
    "mcp approve": _approve,
    "mcp install": _install,
}
"""What does each verb, by its path; `mcp serve` is read by the server's own door."""
