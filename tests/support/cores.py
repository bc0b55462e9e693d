"""The core on an event loop, as the workspace will have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from codi_tui.cache.aio import AsyncStorage
from codi_tui.execute.invocation import Invocation
from codi_tui.library.http import HttpTransport
from codi_tui.model.events import RunEvent
from codi_tui.operations.core import Core, assemble
from codi_tui.trust import Permissions


@asynccontextmanager
async def async_core(notices: list[str] | None = None) -> AsyncIterator[Core]:
    """A core over aiosqlite and httpx."""
    notices = [] if notices is None else notices
    core = await assemble(connect=AsyncStorage.open, transport=HttpTransport, notice=notices.append)
    try:
        yield core
    finally:
        await core.close()


async def invocation(core: Core, command: str, arguments: dict[str, Any] | None = None, **members: Any) -> Invocation:
    """A command of the core, ready to run."""
    resolved = await core.loader.load_command(command)
    permissions = Permissions(resolved.library, command, members.pop("granted", []))
    return Invocation(resolved.library, resolved.definition, arguments or {}, permissions, **members)


async def one(data: bytes) -> AsyncIterator[bytes]:
    """A stdin of one piece."""
    yield data


def stdout(events: list[RunEvent]) -> bytes:
    """What the events say that the guest wrote to stdout."""
    return b"".join(event.data for event in events if event.type == "output" and event.fields["stream"] == "stdout")
