"""zstd, in and out, through one bounded function (trust facts F2: the library's own bounds do not hold)."""

from __future__ import annotations

import zstandard

from codi_tui.errors import CacheError
from codi_tui.limits import ARTEFACT_MAX_BYTES

LEVEL = 3
_MAGIC = b"\x28\xb5\x2f\xfd"
"""RFC 8878, 3.1.1: a frame, and not a skippable one."""
_STEP_BYTES = 256
"""Input fed at a time. Four bytes can claim a whole block of 128 KiB, so one step can overshoot by at most 8 MiB."""
_WINDOW_MAX_BYTES = 8 * 1024 * 1024


def compress(data: bytes) -> bytes:
    """One frame that states its content's size."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def decompress(data: bytes, limit: int) -> bytes:
    """Decompress exactly one whole frame that states its size, to at most `limit` bytes and never beyond 512 MiB.

    Raises:
        CacheError: `E_ZSTD`, anything else: no bytes, no frame, no stated size, too large, truncated, more than one,
            trailing bytes, a limit that is no whole number. No other exception.
    """
    if type(limit) is not int:
        raise CacheError("a limit is a whole number of bytes", code="E_ZSTD")
    if not isinstance(data, bytes) or data[:4] != _MAGIC:  # a database keeps any type in any column
        raise CacheError("a compressed record is damaged", code="E_ZSTD")
    try:
        return _decompress(data, min(limit, ARTEFACT_MAX_BYTES))
    except zstandard.ZstdError:
        raise CacheError("a compressed record is damaged", code="E_ZSTD") from None


def _decompress(data: bytes, limit: int) -> bytes:
    frame = zstandard.get_frame_parameters(data)
    size = frame.content_size
    if size > limit or frame.window_size > max(_WINDOW_MAX_BYTES, limit):
        raise CacheError(f"a compressed record is larger than {limit} bytes, or does not say", code="E_ZSTD")
    decompressor = zstandard.ZstdDecompressor().decompressobj(read_across_frames=False)
    parts, total = [], 0
    for at in range(0, len(data), _STEP_BYTES):
        part = decompressor.decompress(data[at : at + _STEP_BYTES])
        parts.append(part)
        total += len(part)
        if total > size:
            break
    if not decompressor.eof or decompressor.unused_data or total != size:
        raise CacheError("a compressed record is damaged", code="E_ZSTD")
    return b"".join(parts)
