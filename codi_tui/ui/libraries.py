"""What is known of each library of the workspace: whether it was verified, or why it was refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from codi_tui.errors import CodiError
from codi_tui.operations.core import Core
from codi_tui.trust import BUNDLED, CommandLibrary
from codi_tui.ui.catalog import LibraryKey
from codi_tui.ui.pump import give_way

_SLICE_SECONDS = 0.004
_REST_SECONDS = 0.01
_FEW = 100
"""Libraries that are verified without a rest between the slices."""
_SHOWN_SECONDS = 0.1
"""Between two paintings of what became known."""


class LibraryState:
    """The outcome of verifying one library."""

    def __init__(self, library: CommandLibrary | None, refusal: CodiError | None) -> None:
        self.version = None if library is None else library.version
        self.refusal = refusal

    def badge(self) -> tuple[str, str, str]:
        """The glyph's name, the role of its colour, and the word beside it."""
        if self.refusal is not None:
            return "refused", "bad", self.refusal.code
        return "verified", "good", self.version or ""


async def verify_library(core: Core, origin: str, name: str) -> LibraryState:
    """Verify a library that is here; nothing is fetched over a network."""
    try:
        if origin == BUNDLED:
            return LibraryState(await core.loader.load_library(core.bundled, name), None)
        row = None if core.cache is None else await core.cache.get_library(f"{origin}/{name}")
        if row is None:
            return LibraryState(None, CodiError("it is no longer in the cache", code="E_NOT_FOUND"))
        return LibraryState(await core.loader.verify_row(row), None)
    except CodiError as error:
        return LibraryState(None, error)


class Shown(Protocol):
    """Where the libraries are shown."""

    def libraries_in_view(self) -> Sequence[LibraryKey]:
        """Those in view."""

    def show_states(self) -> None:
        """Paint those in view again."""


async def verify_libraries(
    core: Core, libraries: Sequence[LibraryKey], states: dict[LibraryKey, LibraryState], shown: Shown
) -> None:
    """Verify what is here, those in view first, in slices beside the keyboard."""
    waiting = dict.fromkeys(key for key in libraries if key not in states)
    slice_end = time.monotonic() + _SLICE_SECONDS
    show_at = 0.0
    while waiting:
        key = next((key for key in shown.libraries_in_view() if key in waiting), None) or next(iter(waiting))
        del waiting[key]
        states[key] = await verify_library(core, *key)
        now = time.monotonic()
        if now >= show_at:
            shown.show_states()
            show_at = now + _SHOWN_SECONDS
        if now >= slice_end:
            await give_way()
            await asyncio.sleep(_REST_SECONDS if len(waiting) > _FEW else 0)
            slice_end = time.monotonic() + _SLICE_SECONDS
    shown.show_states()
