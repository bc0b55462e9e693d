"""What a document whose signature holds says about itself: its place in time and order, its names, its module."""

from __future__ import annotations

from codi_tui.errors import TrustError
from codi_tui.limits import CLOCK_SKEW_SECONDS, MODULE_MAX_BYTES
from codi_tui.model.times import is_time, timestamp
from codi_tui.trust.marks import check_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from codi_tui.trust.marks import Mark


def check_release(claims: dict[str, Any], digest: str, mark: Mark | None, floor: int, *, is_v1: bool) -> int:
    """The release against the publisher's floor and what was accepted before; returns its sequence, 0 in a v0 document.

    Raises:
        TrustError: `E_SEQUENCE`; `E_ROLLBACK`, also below the floor; `E_EQUIVOCATION`.
    """
    sequence = claims.get("sequence") if is_v1 else 0
    if is_v1 and not _is_whole_number(sequence):
        raise TrustError("its sequence is not a whole number from 1", code="E_SEQUENCE")
    place = int(str(sequence))
    if place < floor:
        raise TrustError(
            f"sequence {place} was withdrawn by its publisher, who stands by {floor} and later",
            code="E_ROLLBACK",
            hint="ask its publisher for a newer release",
            facts={"sequence": place, "min_sequence": floor, "digest": digest},
        )
    check_mark(mark, sequence=place, version=str(claims.get("version")), digest=digest)
    return place


def check_times(claims: dict[str, Any], now: float, *, required: bool, allow_expired: bool = False) -> None:
    """The times of issue and end, as of now (line 28).

    Raises:
        TrustError: `E_CLOCK`, `E_EXPIRED`.
    """
    issued_at, expires_at = claims.get("issued_at"), claims.get("expires_at")
    if required or issued_at is not None:
        if not is_time(issued_at):
            raise TrustError("issued_at is not a UTC time such as 2026-11-22T00:00:00Z", code="E_CLOCK")
        if str(issued_at) > timestamp(now + CLOCK_SKEW_SECONDS):
            raise TrustError("it was issued in the future: check this machine's clock", code="E_CLOCK")
    if expires_at is not None and not (is_time(expires_at) and str(expires_at) > str(issued_at or "")):
        raise TrustError("expires_at is not a UTC time after issued_at", code="E_EXPIRED")
    if expires_at is not None and str(expires_at) <= timestamp(now) and not allow_expired:
        raise TrustError(
            f"it expired at {str(expires_at)[:40]}", code="E_EXPIRED", hint="ask its publisher for an update"
        )


def check_reserved(document: dict[str, Any], reserved: Collection[str]) -> None:
    """Names that the origin's trust document keeps free.

    Raises:
        TrustError: `E_NAME_RESERVED`.
    """
    commands = document.get("commands")
    names = {document["library"]["name"], *(commands if isinstance(commands, dict) else ())}
    if taken := names.intersection(reserved):
        raise TrustError(
            f"it takes the name {min(taken)!r}, which its server's operator keeps free", code="E_NAME_RESERVED"
        )


def promised_module(digest: object, size: object) -> tuple[str, int]:
    """A signed digest and size that can name a module: the digest goes into paths, the size bounds a download.

    Raises:
        TrustError: `E_WASM_HASH`.
    """
    sound = isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    if not sound or not _is_whole_number(size) or int(str(size)) > MODULE_MAX_BYTES:
        raise TrustError("wasm_sha256 or wasm_size cannot be those of a module", code="E_WASM_HASH")
    return str(digest), int(str(size))


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
