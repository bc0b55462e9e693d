"""The core for one verb of a built-in, in a process without an event loop."""

from __future__ import annotations

from codi_tui.cli.narration import notice
from codi_tui.operations.core import assemble, drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from codi_tui.config import Settings
    from codi_tui.library.client import Transport
    from codi_tui.network import Network
    from codi_tui.operations.core import Core

    T = TypeVar("T")


def with_core(work: Callable[[Core], Awaitable[T]], *, offline: bool = False, settings: Settings | None = None) -> T:
    """Do a verb's work with the core of this user's settings.

    Args:
        offline: open no socket, whatever the work asks for.
        settings: other ones than the file's.

    Raises:
        CodiError: the core cannot be had, or the work fails.
    """

    async def run() -> T:
        from codi_tui.cache.storage import BlockingStorage

        core = await assemble(
            connect=BlockingStorage.open, transport=_transport, offline=offline, settings=settings, notice=notice
        )
        try:
            return await work(core)
        finally:
            await core.close()

    done: T = drive(run())
    return done


def _transport(network: Network) -> Transport:
    from codi_tui.library.http import BlockingTransport, HttpTransport

    return BlockingTransport(HttpTransport(network))
