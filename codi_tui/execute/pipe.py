"""Reading a pipe from an event loop, by the descriptor alone.

asyncio's pipe transports take a file object, which uvloop closes beside the descriptor itself: by then the number may be
another thread's file.
"""

from __future__ import annotations

import asyncio
import os

_READ_BYTES = 128 * 1024


class PipeReader:
    """The reading end of a pipe, which it closes. One reader at a time; it reads no more than it is asked for."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._kept = bytearray()

    async def read_exactly(self, size: int) -> bytes:
        """So many bytes.

        Raises:
            EOFError: there are no more.
        """
        while len(self._kept) < size:
            self._kept += await self._read()
        data = bytes(self._kept[:size])
        del self._kept[:size]
        return data

    async def _read(self) -> bytes:
        await asyncio.sleep(0)  # a writer that is always ahead must not keep the loop
        while True:
            try:
                data = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                await self._wait()
            else:
                if not data:
                    raise EOFError
                return data

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._descriptor, _settle, readable)
        try:
            await readable
        finally:
            loop.remove_reader(self._descriptor)

    def close(self) -> None:
        """Let go of the pipe; its writer meets a broken one."""
        os.close(self._descriptor)


def _settle(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)
