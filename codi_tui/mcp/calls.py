"""Calls: each of an agent's calls, written down in the audit trail, decided, run, answered."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types

from codi_tui.errors import CodiError, UsageError
from codi_tui.execute.invocation import Invocation
from codi_tui.limits import MCP_OUTPUT_BYTES, MCP_RUNS_MAX, MCP_SEARCH_HITS, MCP_STDIN_BYTES
from codi_tui.mcp.answer import Answer, refusal, structured
from codi_tui.mcp.progress import Progress, Report
from codi_tui.mcp.roots import Roots
from codi_tui.mcp.tools import TOOLS, check_call
from codi_tui.model.arguments import check_values, command_schema, complete
from codi_tui.operations.agent_tools import AgentCatalog, AgentTool
from codi_tui.operations.core import Core
from codi_tui.operations.grants import authorize
from codi_tui.operations.recording import RecordedExecutor, record_refusal

if TYPE_CHECKING:
    from codi_tui.execute.invocation import Executes

DOOR = "mcp"
ANSWERED = "answered"
"""What a search came to that was not refused: the line that it was asked for says it all."""


class Calls:
    """Answers the three tools."""

    def __init__(self, core: Core, executor: Executes, roots: Roots) -> None:
        self._core = core
        self._executor = executor
        self._roots = roots
        self._catalog = AgentCatalog(core)
        self._turns = asyncio.Semaphore(MCP_RUNS_MAX)
        self._tasks: set[asyncio.Task[types.CallToolResult]] = set()
        self._answers: dict[str, Callable[[dict[str, Any], Report], Awaitable[tuple[types.CallToolResult, str]]]] = {
            "search": self._search,
            "describe": self._describe,
            "run": self._run,
        }

    async def call(self, client: str, name: str, arguments: dict[str, Any], report: Report) -> types.CallToolResult:
        """The answer to a call. Cancelling it stops the run and waits until nothing is left of it.

        Args:
            client: who calls, as it says itself.
        """
        task = asyncio.create_task(self._answer(client, name, arguments, report), name=f"mcp {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            with anyio.CancelScope(shield=True):  # the SDK's cancellation comes again at every wait
                await asyncio.wait([task])
            raise

    async def close(self) -> None:
        """Stop every run and wait until nothing of them is left."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, client: str, name: str, arguments: dict[str, Any], report: Report) -> types.CallToolResult:
        call = os.urandom(8).hex()
        outcome = "cancelled"
        try:
            self._tell("agent_call", call=call, client=client, tool=name, asked=_asked(arguments))
            check_call(TOOLS[name], arguments)
            answer, outcome = await self._answers[name](arguments, report)
        except CodiError as error:
            outcome = error.code
            return refusal(error, self._core.redactor)
        except Exception as error:  # noqa: BLE001 - the call's edge: no traceback reaches an agent
            outcome = "E_INTERNAL"
            fault = CodiError(f"this is a fault in codi: {type(error).__name__}: {str(error)[:300]}", code=outcome)
            return refusal(fault, self._core.redactor)
        else:
            return answer
        finally:
            if outcome != ANSWERED:
                with contextlib.suppress(CodiError):  # what could not be begun without a line was not begun
                    self._tell("agent_answer", call=call, tool=name, outcome=outcome)

    def _tell(self, event: str, **facts: object) -> None:
        self._core.trust.audit.append(event, **facts)

    async def _search(self, arguments: dict[str, Any], _: Report) -> tuple[types.CallToolResult, str]:
        found, withheld = await self._catalog.search(arguments["query"], arguments.get("limit", MCP_SEARCH_HITS))
        value: dict[str, Any] = {"commands": [tool.summary() for tool in found]}
        if withheld:
            value["withheld"] = (
                f"{withheld} more: refused, or not approved for agents; a person sees them in codi mcp list"
            )
        return structured(value), ANSWERED

    async def _describe(self, arguments: dict[str, Any], _: Report) -> tuple[types.CallToolResult, str]:
        tool = await self._catalog.look(arguments["command"])
        if tool.refusal is not None:
            raise tool.refusal
        return structured(tool.document()), ANSWERED

    async def _run(self, arguments: dict[str, Any], report: Report) -> tuple[types.CallToolResult, str]:
        command = arguments["command"]
        stdin = arguments.get("stdin", "").encode()
        if len(stdin) > MCP_STDIN_BYTES:
            raise UsageError([f"stdin is larger than {MCP_STDIN_BYTES} bytes"])
        async with self._turns:
            try:
                invocation = await self._invocation(command, arguments.get("arguments", {}))
            except CodiError as error:
                await record_refusal(self._core, DOOR, command, error)
                raise
            invocation.stdin = _once(stdin)
            return await self._execute(invocation, report)

    async def _invocation(self, command: str, given: dict[str, Any]) -> Invocation:
        """What is to be run, after everything that could refuse it.

        Raises:
            UsageError: the arguments are wrong.
            GrantError: people did not allow it.
            NotFoundError, RefusedError, FetchError, StateError: as for any run.
        """
        tool = await self._catalog.take(command)
        if tool.refusal is not None:
            raise tool.refusal
        values = self._roots.confine(tool.definition, _checked(tool, given))
        permissions = await authorize(self._core, tool.library, tool.definition, notice=self._notice)
        return Invocation(tool.library, tool.definition, values, permissions, output_bytes=MCP_OUTPUT_BYTES)

    async def _execute(self, invocation: Invocation, report: Report) -> tuple[types.CallToolResult, str]:
        answer = Answer(invocation.definition.handler.output, self._core.redactor.secrets)
        progress = Progress(report)
        executor = RecordedExecutor(self._executor, self._core, DOOR, output=False)
        async with contextlib.aclosing(executor.execute(invocation)) as events:
            async for event in events:
                answer.take(event)
                await progress.take(event)
        return answer.result(), answer.outcome

    def _notice(self, text: str) -> None:
        self._core.log.warning("mcp.notice", message=text)


def _checked(tool: AgentTool, given: dict[str, Any]) -> dict[str, Any]:
    schema = command_schema(tool.definition)
    problems = check_values(schema, values := complete(schema, given))
    if problems:
        raise UsageError(problems, hint=f"describe {tool.definition.path} gives the schema of its arguments")
    return values


def _asked(arguments: dict[str, Any]) -> str:
    """What of a call the trail keeps: which command or query, and never what is passed to it."""
    asked = arguments.get("command", arguments.get("query", ""))
    return asked[:200] if isinstance(asked, str) else ""


async def _once(data: bytes) -> AsyncIterator[bytes]:
    if data:
        yield data
