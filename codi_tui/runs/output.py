"""RecordedOutput: what a run wrote and when, bounded: the first half of the bound and the last, packed with zstd."""

from __future__ import annotations

from codi_tui.cache.zstd import compress, decompress
from codi_tui.errors import CacheError, HistoryError
from codi_tui.limits import RECORDED_OUTPUT_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

STREAMS = ("stdout", "stderr", "log", "gap")
"""`log` is what the command or codi said about the run; the bytes of a `gap` are how many are missing there."""
_MAGIC = b"codi-output-1\n"
_HEADER_BYTES = 9


class Chunk:
    """What a stream wrote at once.

    Attributes:
        at_ms: since the run began.
        stream: one of `STREAMS`.
    """

    __slots__ = ("at_ms", "data", "stream")

    def __init__(self, at_ms: int, stream: str, data: bytes) -> None:
        self.at_ms = at_ms
        self.stream = stream
        self.data = data


class RecordedOutput:
    """Takes in what a run writes, at a cost that does not grow with it."""

    def __init__(self, limit_bytes: int = RECORDED_OUTPUT_BYTES) -> None:
        """
        Args:
            limit_bytes: what is kept, `_HEADER_BYTES` for each chunk included.
        """
        from collections import deque

        self._half = limit_bytes // 2
        self._first: list[Chunk] = []
        self._first_bytes = 0
        self._last: deque[Chunk] = deque()
        self._last_bytes = 0
        self._lost_bytes = 0

    def add(self, at_ms: int, stream: str, data: bytes) -> None:
        """Keep a chunk, and let go of one in the middle when there are too many."""
        size = len(data) + _HEADER_BYTES
        if not data:
            return
        if not self._last and self._first_bytes + size <= self._half:
            self._first.append(Chunk(at_ms, stream, data))
            self._first_bytes += size
            return
        self._last.append(Chunk(at_ms, stream, data))
        self._last_bytes += size
        while self._last_bytes > self._half:
            gone = self._last.popleft()
            self._last_bytes -= len(gone.data) + _HEADER_BYTES
            self._lost_bytes += len(gone.data)

    def pack(self, secrets: Iterable[str] = ()) -> bytes:
        """What was kept, as `unpack` reads it, with stars over every secret; nothing when nothing was written."""
        gap = [Chunk(self._last[0].at_ms if self._last else 0, "gap", str(self._lost_bytes).encode())]
        chunks = [*self._first, *(gap if self._lost_bytes else ()), *self._last]
        _blot_out(chunks, [secret.encode(errors="surrogateescape") for secret in secrets])
        frames = [
            min(chunk.at_ms, 2**32 - 1).to_bytes(4, "big")
            + bytes([STREAMS.index(chunk.stream)])
            + len(chunk.data).to_bytes(4, "big")
            + chunk.data
            for chunk in chunks
        ]
        return compress(_MAGIC + b"".join(frames)) if frames else b""


def unpack(packed: bytes) -> list[Chunk]:
    """What was recorded.

    Raises:
        HistoryError: `E_RUNS_DAMAGED`, it is not what was packed.
    """
    damaged = HistoryError("the recorded output is damaged", code="E_RUNS_DAMAGED", hint="codi session rm forgets it")
    try:
        data = decompress(packed, RECORDED_OUTPUT_BYTES + 1024)
    except CacheError:
        raise damaged from None
    if not data.startswith(_MAGIC):
        raise damaged
    at, chunks = len(_MAGIC), []
    while at < len(data):
        stream, size = data[at + 4 : at + 5], int.from_bytes(data[at + 5 : at + _HEADER_BYTES], "big")
        end = at + _HEADER_BYTES + size
        if end > len(data) or not stream or stream[0] >= len(STREAMS):
            raise damaged
        at_ms = int.from_bytes(data[at : at + 4], "big")
        chunks.append(Chunk(at_ms, STREAMS[stream[0]], data[at + _HEADER_BYTES : end]))
        at = end
    return chunks


def _blot_out(chunks: list[Chunk], secrets: list[bytes]) -> None:
    """Write stars over each secret, also where it lies across the chunks of a stream."""
    for stream in STREAMS[:3]:
        own = [chunk for chunk in chunks if chunk.stream == stream]
        data = whole = b"".join(chunk.data for chunk in own)
        for secret in secrets:
            data = data.replace(secret, b"*" * len(secret))
        if data == whole:
            continue
        at = 0
        for chunk in own:
            chunk.data, at = data[at : at + len(chunk.data)], at + len(chunk.data)
