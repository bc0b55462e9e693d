"""Spool: everything that a run wrote, on disk, with an index by line. Private, bounded, gone when it is closed.

Each stream has an unnamed file of its own, so that its bytes stay together whatever the other streams do meanwhile, and
what is saved is what came. A *block* is a run of whole lines of one stream.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right

from codi_tui.limits import OUTPUT_BLOCK_BYTES, OUTPUT_SPOOL_BLOCKS, OUTPUT_SPOOL_BYTES
from codi_tui.operations import measures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_COPY_BYTES = 1 << 20


class Block:
    """Where a run of whole lines is.

    Attributes:
        first: the number of its first line, from 0.
        offset, size: its bytes in its stream's file.
    """

    __slots__ = ("first", "offset", "size", "stream")

    def __init__(self, first: int, stream: int, offset: int, size: int) -> None:
        self.first = first
        self.stream = stream
        self.offset = offset
        self.size = size


class Spool:
    """Append-only. After a disk error, or at its bound, it keeps what it has and takes no more: `stopped` says why."""

    def __init__(self, folder: str, max_bytes: int = OUTPUT_SPOOL_BYTES, max_blocks: int = OUTPUT_SPOOL_BLOCKS) -> None:
        """
        Args:
            folder: where the files are; made, private to the user, when it is missing.
        """
        self.stopped: str | None = None
        """Why nothing more is kept, for people; None while all is."""
        self.size = 0
        """Bytes kept of all streams."""
        self.lines = 0
        """Whole lines that the index covers: 0 to this."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_blocks = max_blocks
        self._files: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._firsts, self._offsets, self._lengths = array("Q"), array("Q"), array("Q")
        self._streams = array("B")

    def write(self, stream: int, data: bytes | memoryview) -> bool:
        """Append to a stream. False, and nothing more is kept from then on, when that is not possible."""
        if self.stopped is None:
            try:
                self._write(stream, data)
            except OSError as error:
                self.stopped = error.strerror or "disk error"
        return self.stopped is None

    def add(self, stream: int, offset: int, size: int, lines: int) -> None:
        """Index whole lines that were written; they follow the last ones, and join their block while it is small."""
        at = len(self._firsts) - 1
        joins = at >= 0 and self._streams[at] == stream and self._lengths[at] + size <= OUTPUT_BLOCK_BYTES
        if joins and self._offsets[at] + self._lengths[at] == offset:
            self._lengths[at] += size
        elif at + 1 == self._max_blocks:
            self.stopped = "the streams take turns too often"
            return
        else:
            self._firsts.append(self.lines)
            self._offsets.append(offset)
            self._lengths.append(size)
            self._streams.append(stream)
        self.lines += lines

    def written(self, stream: int) -> int:
        """Bytes kept of a stream."""
        return self._sizes.get(stream, 0)

    def block_at(self, line: int) -> Block:
        """The block that holds a line which the index covers."""
        return self._block(bisect_right(self._firsts, line) - 1)

    def read(self, block: Block) -> bytes:
        """A block's bytes; of a line much longer than a block, its start, or what follows a carriage return near its end.

        Empty after a disk error.
        """
        try:
            file, size = self._files[block.stream], 2 * OUTPUT_BLOCK_BYTES
            if block.size > size:
                end = os.pread(file, size, block.offset + block.size - size).rstrip(b"\r\n")
                if b"\r" in end:
                    return end
            return os.pread(file, min(block.size, size), block.offset)
        except (OSError, KeyError):
            return b""

    def copy(self, streams: frozenset[int]) -> Iterator[bytes]:
        """Every indexed line of some streams, in order, as the bytes that came.

        Raises:
            OSError: it cannot be read.
        """
        for number in range(len(self._firsts)):
            block = self._block(number)
            if block.stream in streams:
                yield from self.copy_range(block.stream, block.offset, block.size)

    def copy_range(self, stream: int, offset: int, size: int) -> Iterator[bytes]:
        """A range of a stream's bytes, in pieces. Raises OSError as the read does."""
        while size > 0 and (data := os.pread(self._files[stream], min(size, _COPY_BYTES), offset)):
            yield data
            offset += len(data)
            size -= len(data)

    def close(self) -> None:
        """Let go of the files, and with them of what they hold."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()
        self.stopped = self.stopped or "closed"

    def _block(self, number: int) -> Block:
        return Block(self._firsts[number], self._streams[number], self._offsets[number], self._lengths[number])

    def _write(self, stream: int, data: bytes | memoryview) -> None:
        if self.size + len(data) > self._max_bytes:
            self.stopped = f"the limit of {measures.size(self._max_bytes)}"
            return
        if stream not in self._files:
            self._files[stream] = _unnamed_file(self._folder)
        view = memoryview(data)
        while view:
            written = os.write(self._files[stream], view)
            self.size += written
            self._sizes[stream] = self.written(stream) + written
            view = view[written:]


def _unnamed_file(folder: str) -> int:
    """A file of mode 0600 that has no name, so that nothing is left of it whatever happens to this process."""
    import tempfile

    os.makedirs(folder, mode=0o700, exist_ok=True)
    descriptor, path = tempfile.mkstemp(prefix="output-", dir=folder)
    os.unlink(path)
    return descriptor
