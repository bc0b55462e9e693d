"""Local handlers: functions of codi itself, by name. A manifest can name one of these and nothing else."""

from __future__ import annotations

import os
import sys

from codi_tui import __version__
from codi_tui.errors import ModuleError, UnavailableError
from codi_tui.model.events import RunEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from typing import Any

    from codi_tui.execute.invocation import Invocation
    from codi_tui.model.manifest import HandlerDefinition


def _about(_: dict[str, Any]) -> Any:
    """Which codi this is, for a library that wants to say so."""
    return {"codi": __version__, "python": sys.version.split()[0], "platform": f"{sys.platform} {os.name}"}


FUNCTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {"codi.about": _about}
"""Every local function. They take checked arguments and return a JSON value; none runs a shell or evaluates text."""


class LocalExecutor:
    """Runs local handlers, each under its own permission `local:NAME`."""

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        """As `CommandExecutor.run`."""
        name = str(handler.function)
        if name not in FUNCTIONS:
            raise UnavailableError(f"this codi has no local function {name[:80]!r}")
        invocation.permissions.require(f"local:{name}")
        if handler.output not in ("json", "text"):
            raise ModuleError(f"a local function gives json or text, not {handler.output}", code="E_UNSUPPORTED")
        yield RunEvent.result(FUNCTIONS[name](invocation.arguments))
        yield RunEvent.completed(0)
