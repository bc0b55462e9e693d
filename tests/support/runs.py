"""Runs without a server: a library that is verified in the test, and what its run yields."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.invocation import Invocation
from codi_tui.model.events import RunEvent
from codi_tui.operations.core import drive
from codi_tui.trust import CommandLibrary, Keyring, Permissions, SecurityValidator, TrustedKey
from support.libraries import PUBLIC_KEY, signed

ORIGIN = "https://libraries.example.com"


def loaded(source: dict[str, Any], module: bytes | None = None, *, origin: str = ORIGIN) -> CommandLibrary:
    """A library, signed and verified."""
    keyring = Keyring({origin: [TrustedKey(PUBLIC_KEY.hex(), ["*"])]})
    name = source["library"]["name"]
    library = drive(SecurityValidator(keyring, time.time).admit(signed(source, module), origin=origin, name=name))
    assert isinstance(library, CommandLibrary)
    return library


def run_events(
    executor: DynamicExecutor,
    library: CommandLibrary,
    command: str,
    arguments: dict[str, Any] | None = None,
    granted: Iterable[str] = (),
) -> list[RunEvent]:
    """Everything that a run yields, driven without an event loop."""
    definition = library.manifest.find(command)
    assert definition is not None
    invocation = Invocation(library, definition, arguments or {}, Permissions(library, command, granted))

    async def collect() -> list[RunEvent]:
        return [event async for event in executor.execute(invocation)]

    events: list[RunEvent] = drive(collect())
    return events
