"""The MCP server on stdin and stdout, by the official SDK's low-level server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from codi_tui import __version__
from codi_tui.cache.aio import AsyncStorage
from codi_tui.mcp.calls import Calls
from codi_tui.mcp.roots import Roots
from codi_tui.mcp.tools import INSTRUCTIONS, TOOLS
from codi_tui.operations.core import Core, assemble
from codi_tui.operations.executors import worker_executor
from codi_tui.text import sanitize_line

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

    from codi_tui.library.client import Transport
    from codi_tui.network import Network

    Context = ServerRequestContext[Any, Any]


def serve(roots: Sequence[str], *, offline: bool) -> int:
    """Serve until stdin ends or stdout is gone; returns the exit status.

    Raises:
        CodiError: the core cannot be put together.
    """
    try:
        asyncio.run(_serve(Roots(roots), offline=offline))
    except* BrokenPipeError:
        pass  # the client is gone
    return 0


async def _serve(roots: Roots, *, offline: bool) -> None:
    if os.isatty(0):
        _notice(
            "this speaks to an agent's client, which starts it by itself; codi mcp install prints how. ctrl-c ends it"
        )
    core = await assemble(connect=AsyncStorage.open, transport=_transport, offline=offline, notice=_notice)
    calls = Calls(core, worker_executor(core), roots)
    _end_on_signals(core, calls)
    server = make_server(calls)
    try:
        async with stdio_server() as (reads, writes):  # from here on nothing else reaches stdout: the SDK diverts it
            await server.run(reads, writes, server.create_initialization_options())
    finally:
        await calls.close()
        await core.close()


def make_server(calls: Calls) -> Server[Any]:
    """The protocol's side: the fixed tools, and calls of them."""

    async def list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(TOOLS.values()))

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in TOOLS:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {sanitize_line(params.name, 80)!r}")
        told = context.session.client_params
        client = "" if told is None else f"{told.client_info.name} {told.client_info.version}"
        return await calls.call(client[:200], params.name, params.arguments or {}, context.session.report_progress)

    return Server(
        "codi",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _end_on_signals(core: Core, calls: Calls) -> None:
    """Stop the runs before a signal ends the process; the thread that reads stdin is waited for by nobody."""
    loop = asyncio.get_running_loop()
    ending: set[asyncio.Task[None]] = set()

    async def end(number: int) -> None:
        await calls.close()
        await core.close()
        os._exit(128 + number)

    def begin_to_end(number: int) -> None:
        ending.add(loop.create_task(end(number)))

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            loop.add_signal_handler(number, begin_to_end, number)


def _notice(text: str) -> None:
    """Something that the user should know although the work goes on: clients keep what is on stderr."""
    os.write(2, f"codi: note: {sanitize_line(text, 4000)}\n".encode(errors="replace"))


def _transport(network: Network) -> Transport:
    from codi_tui.library.http import HttpTransport

    return HttpTransport(network)
