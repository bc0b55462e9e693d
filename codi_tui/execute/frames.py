"""Frames on the pipes between a worker and its parent: `{length, u32 little-endian}{kind, one byte}{payload}`."""

from __future__ import annotations

import os

from codi_tui.errors import ProtocolError
from codi_tui.limits import DOCUMENT_MAX_BYTES

REQUEST, MESSAGE, MODULE = b"r", b"m", b"w"
"""To the worker, in this order: what to run (JSON), the signed message, the module (empty when it is compiled)."""

EVENT, STDOUT, STDERR = b"j", b"o", b"e"
"""From the worker: an event (JSON), and output as it is."""

HEADER_BYTES = 5
_PAYLOAD_MAX_BYTES = DOCUMENT_MAX_BYTES


def encode(kind: bytes, payload: bytes) -> bytes:
    """A frame."""
    return len(payload).to_bytes(4, "little") + kind + payload


def write(descriptor: int, data: bytes) -> None:
    """Write frames whole. Raises OSError as the write does."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def decode_header(header: bytes) -> tuple[bytes, int]:
    """The kind and the payload's size.

    Raises:
        ProtocolError: the size is beyond what any frame has.
    """
    size = int.from_bytes(header[:4], "little")
    if size > _PAYLOAD_MAX_BYTES:
        raise ProtocolError("a frame between codi and its worker is too large")
    return header[4:5], size
