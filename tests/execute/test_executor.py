"""Dispatch, and the fallback chain: only unavailability leads to a fallback, and never silently."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from codi_tui.errors import CodiError, GrantError, LimitError, ModuleError, TrustError, UnavailableError
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.local import LocalExecutor, local_functions
from codi_tui.execute.websocket import WebSocketExecutor
from codi_tui.model.events import RunEvent
from codi_tui.model.manifest import HandlerDefinition
from support.libraries import manifest, subcommand
from support.runs import loaded, run_events

WASM = {"type": "wasm", "function": "main"}
LOCAL = LocalExecutor(local_functions("/nowhere"))
ABOUT = {"type": "local", "function": "codi.about", "output": "json"}


class Scripted:
    """A handler that yields or raises what it was told to."""

    def __init__(self, *script: RunEvent | CodiError) -> None:
        self.script = script
        self.runs = 0

    async def run(self, invocation: Invocation, handler: HandlerDefinition) -> AsyncGenerator[RunEvent, None]:
        self.runs += 1
        for step in self.script:
            if isinstance(step, CodiError):
                raise step
            yield step


def events(handler: dict[str, Any], executors: dict[str, Any], permissions: tuple[str, ...] = ()) -> list[RunEvent]:
    group = {"description": "", "subcommands": {"run": subcommand(handler=handler)}}
    library = loaded(manifest(commands={"demo": group}, library={"permissions": list(permissions)}))
    return run_events(DynamicExecutor(executors), library, "demo.run", granted=permissions)


def test_events_begin_with_started_and_are_numbered() -> None:
    happened = events(WASM, {"wasm": Scripted(RunEvent.output("stdout", b"a"), RunEvent.completed(0))})
    assert [(event.seq, event.type) for event in happened] == [(1, "started"), (2, "output"), (3, "completed")]
    assert set(happened[0].fields) == {"run_id", "command", "library", "version", "digest", "output"}


def test_an_unavailable_handler_gives_way_to_its_fallback_and_that_is_said() -> None:
    handler = {"type": "websocket", "endpoint": "server:/run", "fallback": ABOUT}
    happened = events(
        handler,
        {"websocket": WebSocketExecutor(offline=True), "local": LOCAL},
        ("local:codi.about", "ws:server"),
    )
    assert [event.type for event in happened] == ["started", "log", "result", "completed"]
    assert "using the local fallback" in happened[1].fields["message"]
    assert set(happened[2].fields["value"]) == {"codi", "python", "platform"}


def test_a_chain_of_fallbacks_is_followed_to_its_end() -> None:
    handler = {
        "type": "websocket",
        "endpoint": "server:/run",
        "fallback": {"type": "local", "function": "nowhere", "fallback": WASM},
    }
    wasm = Scripted(RunEvent.completed(0))
    happened = events(
        handler, {"websocket": WebSocketExecutor(offline=True), "local": LOCAL, "wasm": wasm}, ("ws:server",)
    )
    assert [event.type for event in happened] == ["started", "log", "log", "completed"]
    assert wasm.runs == 1


def test_without_a_fallback_unavailable_is_the_end() -> None:
    happened = events(
        {"type": "websocket", "endpoint": "server:/run"}, {"websocket": WebSocketExecutor(offline=True)}, ("ws:server",)
    )
    assert happened[-1].fields["error"]["code"] == "E_UNAVAILABLE"


@pytest.mark.parametrize(
    "refusal",
    [TrustError("x"), ModuleError("x"), GrantError("x"), LimitError("x", code="E_WASM_TIME")],
    ids=lambda refusal: type(refusal).__name__,
)
def test_no_refusal_ever_leads_to_a_fallback(refusal: CodiError) -> None:
    fallback = Scripted(RunEvent.completed(0))
    happened = events({**WASM, "fallback": ABOUT}, {"wasm": Scripted(refusal), "local": fallback})
    assert fallback.runs == 0
    assert happened[-1].type == "failed"
    assert happened[-1].fields["error"]["code"] == refusal.code
    assert happened[-1].fields["error"]["library"] == "demo"


def test_an_unavailable_fallback_of_a_refused_handler_does_not_hide_the_refusal() -> None:
    happened = events(
        {**WASM, "fallback": ABOUT}, {"wasm": Scripted(TrustError("x")), "local": Scripted(UnavailableError("y"))}
    )
    assert happened[-1].fields["error"]["code"] == "E_SIGNATURE"


def test_a_local_function_needs_its_own_permission() -> None:
    assert events(ABOUT, {"local": LOCAL})[-1].fields["error"]["code"] == "E_PERMISSION"


@pytest.mark.parametrize("name", ["os.system", "eval", "subprocess.run", "codi.about.__globals__"])
def test_a_local_handler_names_a_function_of_the_list_or_nothing(name: str) -> None:
    permission = (f"local:{name}",) if "__" not in name else ()
    happened = events({"type": "local", "function": name, "output": "json"}, {"local": LOCAL}, permission)
    assert [event.type for event in happened] == ["started", "failed"]
    assert happened[-1].fields["error"]["code"] == "E_UNAVAILABLE"
