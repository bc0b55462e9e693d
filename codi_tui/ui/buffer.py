"""OutputBuffer: what a run wrote, by line: the last of it in memory, all of it in a spool.

Bytes are taken in by the chunk, with no work for each line: a chunk is cut at its last newline and joins a block. Lines
are found, decoded and made safe when they are read, so the cost follows what is looked at, not what comes in. Every
text that leaves here for a screen has passed `codi_tui.text`.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from codi_tui.errors import CodiError
from codi_tui.limits import OUTPUT_BLOCK_BYTES, OUTPUT_LINE_CHARACTERS, OUTPUT_RING_BYTES, OUTPUT_RING_LINES
from codi_tui.model.events import whole_characters
from codi_tui.operations.spool import Spool
from codi_tui.text import sanitize_line

STREAMS = ("stdout", "stderr", "log", "notice")
"""A run's two streams, its log messages, and what codi itself says about it."""

_SPLITS_MAX = 8
_TAB_CELLS = 8


class OutputLine(NamedTuple):
    """A line as it may be shown: safe text of at most `OUTPUT_LINE_CHARACTERS`, and one of `STREAMS`."""

    text: str
    stream: str


class _Block:
    """A run of whole lines of one stream, in memory; `data` ends with a newline."""

    __slots__ = ("count", "data", "first", "stream")

    def __init__(self, first: int, stream: int) -> None:
        self.first = first
        self.stream = stream
        self.data = bytearray()
        self.count = 0


class _Tail:
    """The line of a stream that has not ended yet: its start (or what follows its last carriage return)."""

    __slots__ = ("_returned", "data", "hidden", "offset", "size")

    def __init__(self, offset: int) -> None:
        self.data = b""
        self.size = 0
        """All bytes of the line, also those that `data` leaves out."""
        self.offset = offset
        """Where the line begins in its stream's file."""
        self.hidden = False
        self._returned = False

    def append(self, data: bytes) -> None:
        self.size += len(data)
        if len(self.data) + len(data) > OUTPUT_BLOCK_BYTES:
            whole = (b"\r" if self._returned else b"") + data
            rewound = whole.rfind(b"\r", 0, -1)
            if rewound >= 0:  # a progress line that is written over and over
                self.data, data = b"", whole[rewound + 1 :]
        self._returned = data.endswith(b"\r")
        self.data = (self.data + data)[:OUTPUT_BLOCK_BYTES]


class OutputBuffer:
    """The output of one run. Lines are numbered from 0, and keep their numbers.

    Every line can be read, except `lost`: those that neither the ring nor the spool has, because the spool had to stop
    (`stopped` says why) or there is none. Lines from `lines_whole` on have not ended, and still change.
    """

    def __init__(
        self, spool: Spool | None, ring_lines: int = OUTPUT_RING_LINES, ring_bytes: int = OUTPUT_RING_BYTES
    ) -> None:
        """
        Args:
            spool: where everything is kept; the buffer closes it. None keeps the ring only.
            ring_lines, ring_bytes: what is held in memory, to within a block.
        """
        self.bytes_total = 0
        self.lines_whole = 0
        self.seconds: float | None = None
        """How long the run took; None while it goes on."""
        self.outcome = ""
        """How the run ended, such as `exit 0`."""
        self.progress = ""
        """What the run last said of its progress, as it came."""
        self.started = time.monotonic()
        self._spool = spool
        self._ring_lines = ring_lines
        self._ring_max_bytes = ring_bytes
        self._ring: deque[_Block] = deque()
        self._ring_bytes = 0
        self._tails: dict[int, _Tail] = {}
        self._splits: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    @property
    def lines_total(self) -> int:
        """Lines so far, those included that have not ended."""
        return self.lines_whole + len(self._tails)

    @property
    def first_in_ring(self) -> int:
        """The number of the first line in memory."""
        return self._ring[0].first if self._ring else self.lines_whole

    @property
    def lost(self) -> range:
        """The lines that cannot be read any more."""
        spooled = self._spool.lines if self._spool is not None else 0
        return range(spooled, max(spooled, self.first_in_ring))

    @property
    def stopped(self) -> str | None:
        """Why the spool keeps nothing more; None while it does."""
        return self._spool.stopped if self._spool is not None else "not on disk"

    def feed(self, data: bytes, stream: str = "stdout", *, hidden: bool = False) -> None:
        """Take in what a stream wrote: any bytes, cut anywhere. A disk error only stops the spool.

        Args:
            hidden: it is no text: a line that says how much there is stands for all of it, for as long as it is kept.
        """
        number = STREAMS.index(stream)
        self.bytes_total += len(data)
        for start in range(0, len(data), OUTPUT_BLOCK_BYTES):
            self._feed(number, data[start : start + OUTPUT_BLOCK_BYTES], hidden)

    def end(self, outcome: str) -> None:
        """The run is over: a line that lacks its newline is whole. Later calls change nothing."""
        if self.seconds is None:
            self.seconds = time.monotonic() - self.started
            self.outcome = outcome
            for stream, tail in sorted(self._tails.items()):
                self._add(stream, tail.offset, tail.size, self._seen(tail) + b"\n", 1)
            self._tails.clear()

    def close(self) -> None:
        """Let go of everything, on disk too."""
        if self._spool is not None:
            self._spool.close()
        self._ring.clear()
        self._splits.clear()

    def line(self, number: int) -> OutputLine:
        """A line, safe to show.

        Raises:
            IndexError: there is no such line, or it is `lost`.
        """
        if not 0 <= number < self.lines_total or number in self.lost:
            raise IndexError(number)
        first, stream, data = self._block(number)
        lines = self._split(first, data)
        raw = lines[number - first] if number - first < len(lines) else b""  # the spool cannot be read
        return OutputLine(_shown(raw), STREAMS[stream])

    def find(self, text: str, start: int, *, backwards: bool = False) -> Iterator[int | None]:
        """The lines that hold a text, in whatever case, from a line on.

        Yields their numbers, and None after each block, so that a caller can stop when its time is over. Of a line that
        is longer than a block, only the start is searched.
        """
        matches = _matcher(text)
        at = start
        while 0 <= at < self.lines_total:
            if at in self.lost:
                at = self.lost.start - 1 if backwards else self.lost.stop
                continue
            first, _, data = self._block(at)
            lines = self._split(first, data)
            last = first + len(lines) - 1
            if matches(data):
                for number in range(at, first - 1, -1) if backwards else range(at, last + 1):
                    if matches(_overwritten(lines[number - first])):
                        yield number
            yield None
            at = first - 1 if backwards else max(at, last) + 1  # a block that cannot be read has no last line

    def save(self, path: str, *, stream: str | None = None, overwrite: bool = False) -> int:
        """Write what is kept to a file: the bytes that came, line after line; returns how many lines are missing.

        Args:
            stream: only this one; None for all, in the order of their lines.
            overwrite: replace a file that is there.

        Raises:
            CodiError: `E_OUTPUT`, it cannot be written, or is there already.
        """
        streams = frozenset(range(len(STREAMS)) if stream is None else [STREAMS.index(stream)])
        try:
            with open(path, "wb" if overwrite else "xb") as file:
                file.writelines(self._kept(streams))
        except OSError as error:
            raise CodiError(f"cannot save to {path}: {error.strerror}", code="E_OUTPUT") from None
        return len(self.lost)

    def _seen(self, tail: _Tail) -> bytes:
        """What is shown of a line that has not ended."""
        if tail.hidden and self.stopped is None:
            return f"({tail.size:,} bytes that are not text: save them to a file)".encode()
        return tail.data

    def _feed(self, stream: int, data: bytes, hidden: bool) -> None:
        spool = self._spool
        tail = self._tails.pop(stream, None) or _Tail(spool.written(stream) if spool is not None else 0)
        if spool is not None:
            spool.write(stream, data)
        tail.hidden = hidden
        end = 0 if hidden else data.rfind(b"\n") + 1
        if end:
            self._add_lines(stream, tail, data[:end])
            tail = _Tail(tail.offset + tail.size + end)
        if end < len(data):
            tail.append(data[end:])
            self._tails[stream] = tail

    def _add_lines(self, stream: int, tail: _Tail, data: bytes) -> None:
        """Add whole lines, of which the first may have begun earlier."""
        offset, size = tail.offset, tail.size + len(data)
        if tail.size > len(tail.data):  # too long for memory: a block of its own, so that the rest can be found
            cut = data.find(b"\n") + 1
            long_size = tail.size + cut
            tail.append(data[:cut])
            self._add(stream, offset, long_size, tail.data.rstrip(b"\n") + b"\n", 1)
            offset, size, data = offset + long_size, size - long_size, data[cut:]
            tail = _Tail(offset)
        if data:
            self._add(stream, offset, size, tail.data + data, data.count(b"\n"))

    def _add(self, stream: int, offset: int, size: int, data: bytes, count: int) -> None:
        """Add whole lines to the spool's index and to the ring."""
        if self._spool is not None and self._spool.stopped is None:
            self._spool.add(stream, offset, size, count)
        block = self._ring[-1] if self._ring else None
        if block is None or block.stream != stream or len(block.data) + len(data) > OUTPUT_BLOCK_BYTES:
            block = _Block(self.lines_whole, stream)
            self._ring.append(block)
        block.data += data
        block.count += count
        self.lines_whole += count
        self._ring_bytes += len(data)
        while len(self._ring) > 1 and self._is_over():
            self._ring_bytes -= len(self._ring.popleft().data)

    def _is_over(self) -> bool:
        """Whether the ring is full without its first block."""
        return self._ring_bytes > self._ring_max_bytes or self.lines_whole - self._ring[1].first >= self._ring_lines

    def _block(self, number: int) -> tuple[int, int, bytes | bytearray]:
        """The first line, the stream and the bytes of the block that holds a line."""
        if number >= self.lines_whole:
            stream, tail = sorted(self._tails.items())[number - self.lines_whole]
            seen = self._seen(tail)
            return number, stream, seen[: whole_characters(seen)]
        if number >= self.first_in_ring:
            block = self._ring[bisect_right(self._ring, number, key=lambda block: block.first) - 1]
            return block.first, block.stream, block.data
        assert self._spool is not None
        spooled = self._spool.block_at(number)
        return spooled.first, spooled.stream, self._spool.read(spooled)

    def _split(self, first: int, data: bytes | bytearray) -> list[bytes]:
        if first >= self.lines_whole:
            return [bytes(data)]
        key = (first, len(data))
        lines = self._splits.pop(key, None)
        if lines is None:
            lines = bytes(data).removesuffix(b"\n").split(b"\n")
        self._splits[key] = lines
        if len(self._splits) > _SPLITS_MAX:
            self._splits.popitem(last=False)
        return lines

    def _kept(self, streams: frozenset[int]) -> Iterator[bytes]:
        """What can be saved: spooled lines, lines that only the ring has, lines that have not ended."""
        if self._spool is not None:
            yield from self._spool.copy(streams)
        at = self.lost.stop
        for block in list(self._ring):
            if block.stream in streams and block.first + block.count > at:
                yield from (line + b"\n" for line in self._split(block.first, block.data)[max(0, at - block.first) :])
        for stream, tail in sorted(self._tails.items()):
            if stream in streams and self._spool is not None and self._spool.stopped is None:
                yield from self._spool.copy_range(stream, tail.offset, tail.size)
            elif stream in streams:
                yield tail.data


def _overwritten(raw: bytes) -> bytes:
    """A line as a terminal would leave it: what follows its last carriage return; one at the end is part of the end."""
    if b"\r" not in raw:
        return raw
    raw = raw.rstrip(b"\r")
    return raw[raw.rfind(b"\r") + 1 :]


def _shown(raw: bytes) -> str:
    raw = _overwritten(raw)
    start = raw[: 4 * (OUTPUT_LINE_CHARACTERS + 1)]  # a character has at most four bytes
    if len(start) < len(raw):
        start = start[: whole_characters(start)]
    return sanitize_line(start.decode(errors="replace").expandtabs(_TAB_CELLS), OUTPUT_LINE_CHARACTERS)


def _matcher(text: str) -> Callable[[bytes | bytearray], bool]:
    """Whether bytes hold a text: ASCII letters in either case, others by Unicode's case folding."""
    if text.isascii():
        pattern = text.lower().encode()
        return lambda data: pattern in data.lower()
    folded = text.casefold()
    return lambda data: folded in data.decode(errors="replace").casefold()
