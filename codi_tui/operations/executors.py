"""Which executor runs which type of handler: in this process for one run, in worker processes on an event loop."""

from __future__ import annotations

from codi_tui.config import FOLDER_SCHEME
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.local import LocalExecutor, local_functions
from codi_tui.execute.websocket import WebSocketExecutor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from codi_tui.errors import LimitError
    from codi_tui.execute.invocation import CommandExecutor
    from codi_tui.model.manifest import HandlerDefinition
    from codi_tui.operations.core import Core
    from codi_tui.trust import Permissions


def one_shot_executor(core: Core, overdue: Callable[[LimitError], NoReturn]) -> DynamicExecutor:
    """Runs one command in this process.

    Args:
        overdue: as for `WasmSandbox`.
    """
    from codi_tui.execute.wasm import WasmSandbox

    sandbox = WasmSandbox(
        core.modules_folder,
        core.loader.load_module,
        core.runs_folder,
        overdue,
        own_folders=core.own_folders,
        environment=_environment_of(core),
        offline=core.offline,
    )
    return _with_sandbox(core, sandbox)


def worker_executor(core: Core) -> DynamicExecutor:
    """Runs any number of commands side by side, each module in a process of its own."""
    from codi_tui.execute.process import WorkerExecutor

    sandbox = WorkerExecutor(
        core.modules_folder,
        core.runs_folder,
        core.loader.load_module,
        own_folders=core.own_folders,
        environment=_environment_of(core),
        offline=core.offline,
    )
    return _with_sandbox(core, sandbox)


def _environment_of(core: Core) -> Callable[[Permissions], dict[str, str]]:
    def environment(permissions: Permissions) -> dict[str, str]:
        from codi_tui.execute.granted import guest_environment

        return guest_environment(permissions, core.secrets_folder)

    return environment


def needs_event_loop(handler: HandlerDefinition | None) -> bool:
    """Whether a handler, or one of its fallbacks, runs on a server."""
    while handler is not None:
        if handler.handler_type == "websocket":
            return True
        handler = handler.fallback
    return False


def _with_sandbox(core: Core, sandbox: CommandExecutor) -> DynamicExecutor:
    servers = [origin for origin in core.server_origins if not origin.startswith(FOLDER_SCHEME)]
    websocket = WebSocketExecutor(servers, offline=core.offline, network=core.network)
    local = LocalExecutor(local_functions(core.agents_folder))
    return DynamicExecutor({"wasm": sandbox, "local": local, "websocket": websocket})
