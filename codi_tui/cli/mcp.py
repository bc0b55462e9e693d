"""`codi mcp` for people: what agents see, what they may call, how a client is told of codi. `serve` is another door."""

from __future__ import annotations

from codi_tui.cli.exits import INTERRUPTED, OK
from codi_tui.cli.mcp_help import HELP, USAGE
from codi_tui.cli.narration import STDOUT, notice, report, say, write_all
from codi_tui.errors import CodiError, UsageError
from codi_tui.operations.core import assemble, drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.catalog.commands import CatalogEntry
    from codi_tui.library.client import Transport
    from codi_tui.operations.agent_tools import AgentTool
    from codi_tui.operations.core import Core

    Listed = AgentTool | tuple[CatalogEntry, CodiError]

_LINE_CHARACTERS = 4000


def main(words: list[str]) -> int:
    """`codi mcp list | approve | install`: returns the exit status."""
    if not words or any(word in ("-h", "--help") for word in words):
        write_all(STDOUT, HELP.encode())
        return OK
    as_json = "--json" in words
    try:
        verb, rest = words[0], words[1:]
        if verb == "list" and rest in ([], ["--json"]):
            return _printed(drive(_list(as_json=as_json)))
        names = [word for word in rest if word != "--withdraw"]
        if verb == "approve" and len(names) == 1 and not names[0].startswith("-"):
            return _printed(drive(_approve(names[0], withdraw=names != rest)))
        if verb == "install":
            return _printed(_install(rest))
        raise UsageError([f"codi mcp does not take {' '.join(words)[:200]!r}"], usage=USAGE, hint="codi mcp --help")
    except CodiError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED


def _printed(text: str) -> int:
    write_all(STDOUT, text.encode(errors="replace"))
    return OK


async def _core() -> Core:
    from codi_tui.cache.storage import BlockingStorage

    return await assemble(connect=BlockingStorage.open, transport=_transport, notice=notice)


def _transport() -> Transport:
    from codi_tui.library.http import BlockingTransport, HttpTransport

    return BlockingTransport(HttpTransport())


async def _list(*, as_json: bool) -> str:
    from codi_tui.operations.agent_tools import AgentCatalog

    items = [item async for item in AgentCatalog(await _core()).every()]
    if as_json:
        import json

        return f"{json.dumps([_document(item) for item in items], indent=2)}\n"
    from codi_tui.text import sanitize_line

    lines: list[str] = []
    for item in items:
        head, line = _lines(item)
        lines += [line] if head in lines else ["", head, line]
    return "".join(f"{sanitize_line(line, _LINE_CHARACTERS)}\n" for line in lines[1:]) or "there is no command here\n"


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


async def _approve(command: str, *, withdraw: bool) -> str:
    from codi_tui.operations.agent_tools import AgentCatalog

    core = await _core()
    tool = await AgentCatalog(core).look(command)
    path = tool.definition.path
    if withdraw:
        gone = await core.agent_approvals.withdraw(tool.library, path)
        return f"{path} is no longer approved for agents\n" if gone else f"{path} was not approved for agents\n"
    if tool.refusal is None:
        return f"{path} needs no approval: agents may call it as it is\n"
    return await _ask(core, tool)


async def _ask(core: Core, tool: AgentTool) -> str:
    from codi_tui.cli.question import confirm
    from codi_tui.operations.agent_approval import prepare
    from codi_tui.text import sanitize_line

    approval = await prepare(core, tool)
    for line in approval.lines:
        say(f"  {line}")
    path = tool.definition.path
    if not confirm(f"codi: let agents call {path}, as it is now?", otherwise=f"codi mcp approve {path}, on a terminal"):
        raise CodiError(f"{path} stays as it was", code="E_APPROVAL")
    await approval.give()
    return f"{sanitize_line(f'approved for agents: {path} of {tool.library.name} {tool.library.version}', _LINE_CHARACTERS)}\n"


def _install(words: list[str]) -> str:
    """The configuration that the common clients read: all know a member `mcpServers`."""
    import json
    import os
    import sys

    arguments = ["mcp", "serve"]
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        folder = value if equals else next(rest, "")
        if name != "--root" or not os.path.isdir(folder):
            raise UsageError([f"{word[:80]!r} is no --root with a folder"], usage=USAGE)
        arguments += ["--root", os.path.realpath(folder)]
    program = os.path.realpath(sys.argv[0])
    return f"{json.dumps({'mcpServers': {'codi': {'command': program, 'args': arguments}}}, indent=2)}\n"
