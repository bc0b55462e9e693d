"""Local handlers: functions of codi itself, by name. A manifest can name one of these and nothing else."""

from __future__ import annotations

import os
import sys

from codi_tui import __version__
from codi_tui.errors import ModuleError, UnavailableError
from codi_tui.model.events import RunEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from typing import Any

    from codi_tui.execute.invocation import Invocation
    from codi_tui.model.manifest import HandlerDefinition

    LocalFunction = Callable[[dict[str, Any]], Any]
    """Takes checked arguments and returns a JSON value; it refuses with a CodiError. None runs a shell or evaluates text."""


def local_functions(agents_folder: str) -> dict[str, LocalFunction]:
    """Every local function, by name.

    Args:
        agents_folder: where agents are kept.
    """

    def of_agents(action: str) -> LocalFunction:
        def call(arguments: dict[str, Any]) -> Any:
            from codi_tui.execute import agents  # most runs call none of them

            return agents.call(action, agents_folder, arguments)

        return call

    return {
        "codi.about": _about,
        **{f"agent.{action}": of_agents(action) for action in ("create", "list", "show", "delete")},
    }


def _about(_: dict[str, Any]) -> Any:
    """Which codi this is, for a library that wants to say so."""
    return {"codi": __version__, "python": sys.version.split()[0], "platform": f"{sys.platform} {os.name}"}


class LocalExecutor:
    """Runs local handlers, each under its own permission `local:NAME`."""

    def __init__(self, functions: Mapping[str, LocalFunction]) -> None:
        """
        Args:
            functions: by name.
        """
        self._functions = functions

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        name = str(handler.function)
        if name not in self._functions:
            raise UnavailableError(f"this codi has no local function {name[:80]!r}")
        invocation.permissions.require(f"local:{name}")
        if handler.output not in ("json", "text"):
            raise ModuleError(f"a local function gives json or text, not {handler.output}", code="E_UNSUPPORTED")
        yield RunEvent.result(self._functions[name](invocation.arguments))
        yield RunEvent.completed(0)
