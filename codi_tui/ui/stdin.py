"""What a run of the workspace reads: nothing, a text, or a file."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator

from codi_tui.errors import InputError

_CHUNK_BYTES = 64 * 1024


class Stdin:
    """The standard input of one run. Close it when the run is over."""

    def __init__(self, written: str) -> None:
        """
        Args:
            written: a text, `@FILE`, or `@@…` for a text that starts with @.

        Raises:
            InputError: the file cannot be opened.
        """
        self._text = written.removeprefix("@")
        self._descriptor: int | None = None
        self._waits = False
        if written.startswith("@") and not written.startswith("@@"):
            self._descriptor = _open(os.path.expanduser(written[1:]))
            self._waits = not stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; a file's are read beside the event loop."""
        if self._descriptor is None:
            yield self._text.encode(errors="surrogateescape")
            return
        while data := await (self._wait() if self._waits else asyncio.to_thread(self._read)):
            yield data

    def _read(self) -> bytes:
        return b"" if self._descriptor is None else os.read(self._descriptor, _CHUNK_BYTES)

    async def _wait(self) -> bytes:
        """Read what may take its time, such as a pipe, without a thread that nobody could stop."""
        loop, descriptor = asyncio.get_running_loop(), self._descriptor
        while descriptor is not None:
            try:
                return self._read()
            except BlockingIOError:
                ready = asyncio.Event()
                loop.add_reader(descriptor, ready.set)
                try:
                    await ready.wait()
                finally:
                    loop.remove_reader(descriptor)
        return b""

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _open(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"cannot read {path}: it is a folder")
    return descriptor
