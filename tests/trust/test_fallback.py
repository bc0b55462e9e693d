"""A fallback serves only while a handler is unavailable, never after a refusal (attack H5)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from codi_tui.errors import (
    CodiError,
    GrantError,
    HandlerError,
    LimitError,
    ModuleError,
    ProtocolError,
    TrustError,
    UnavailableError,
)
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.local import LocalExecutor, local_functions
from codi_tui.execute.websocket import WebSocketExecutor
from codi_tui.model.events import RunEvent
from codi_tui.trust import Permissions
from support.libraries import manifest, signed, subcommand
from support.trust import ISSUED, admit

FUNCTIONS = local_functions("/nowhere")
LOCAL = {"type": "local", "function": "codi.about", "output": "json"}


def invocation(handler: dict[str, Any], *granted: str) -> Invocation:
    commands = {"demo": {"description": "Group", "subcommands": {"run": subcommand(handler=handler)}}}
    source = manifest(commands=commands, library={"permissions": ["local:codi.about", "ws:server"]})
    library = admit(signed(source, issued_at=ISSUED))
    definition = library.manifest.find("demo.run")
    assert definition is not None
    return Invocation(
        library, definition, {}, Permissions(library, "demo.run", granted or ["local:codi.about", "ws:server"])
    )


class Failing:
    """A handler type that raises, perhaps after some output."""

    def __init__(self, error: CodiError, *before: RunEvent) -> None:
        self.error = error
        self.before = before

    async def run(self, invocation: Invocation, handler: object) -> AsyncGenerator[RunEvent, None]:
        for event in self.before:
            yield event
        raise self.error


async def events(wasm: Any, invoked: Invocation) -> list[RunEvent]:
    executors: Any = {"wasm": wasm, "local": LocalExecutor(FUNCTIONS), "websocket": WebSocketExecutor()}
    return [event async for event in DynamicExecutor(executors).execute(invoked)]


WITH_FALLBACK = {"type": "wasm", "function": "f", "fallback": LOCAL}


async def test_a_fallback_serves_while_the_handler_is_unavailable_and_says_so() -> None:
    found = await events(Failing(UnavailableError("down")), invocation(WITH_FALLBACK))
    assert [event.type for event in found] == ["started", "log", "result", "completed"]
    assert [event.seq for event in found] == [1, 2, 3, 4]
    assert "down; using the local fallback" in found[1].fields["message"]


@pytest.mark.attack("H5")
@pytest.mark.parametrize(
    "error",
    [
        TrustError("x"),
        TrustError("x", code="E_WASM_HASH"),
        ModuleError("x"),
        GrantError("x"),
        LimitError("x"),
        HandlerError("x"),
        ProtocolError("x"),
        CodiError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_no_fallback_serves_after_a_refusal(error: CodiError) -> None:
    found = await events(Failing(error), invocation(WITH_FALLBACK))
    assert [event.type for event in found] == ["started", "failed"]
    assert found[1].fields["error"]["code"] == error.code
    assert found[1].fields["error"]["library"] == "demo"


async def test_without_a_fallback_unavailable_is_how_it_ends() -> None:
    found = await events(Failing(UnavailableError("down")), invocation({"type": "wasm", "function": "f"}))
    assert [event.type for event in found] == ["started", "failed"]


async def test_fallbacks_follow_one_another() -> None:
    chain = {"type": "websocket", "endpoint": "server:/run", "fallback": WITH_FALLBACK}
    found = await events(Failing(UnavailableError("down")), invocation(chain))
    assert [event.type for event in found] == ["started", "log", "log", "result", "completed"]


@pytest.mark.attack("H5")
async def test_a_refusal_in_the_fallback_ends_the_run() -> None:
    found = await events(Failing(UnavailableError("down")), invocation(WITH_FALLBACK, "nothing"))
    assert [event.type for event in found] == ["started", "log", "failed"]
    assert found[-1].fields["error"]["code"] == "E_PERMISSION"


@pytest.mark.attack("H4")
async def test_a_local_handler_names_one_of_codi_s_own_functions_or_nothing() -> None:
    assert set(FUNCTIONS) == {"codi.about", "agent.create", "agent.list", "agent.show", "agent.delete"}
    for name in ("os.system", "codi.about.__class__", "eval", "codi", "builtins.exec", "CODI.ABOUT"):
        found = await events(None, invocation({"type": "local", "function": name}))
        assert [event.type for event in found] == ["started", "failed"]
        assert found[1].fields["error"]["code"] == "E_UNAVAILABLE"


async def test_a_local_handler_gives_json_or_text_only() -> None:
    found = await events(None, invocation({**LOCAL, "output": "bytes"}))
    assert found[-1].fields["error"]["code"] == "E_UNSUPPORTED"


@pytest.mark.attack("H5")
async def test_no_fallback_serves_after_the_handler_has_done_something() -> None:
    failing = Failing(UnavailableError("lost"), RunEvent.output("stdout", b"half"))
    found = await events(failing, invocation(WITH_FALLBACK))
    assert [event.type for event in found] == ["started", "output", "failed"]
