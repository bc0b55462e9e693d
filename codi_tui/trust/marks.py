"""High-water marks: which release of a library was accepted last (the trust profile, lines 29 to 31).

Only the comparison is here; `codi_tui.state` keeps the marks.
"""

from __future__ import annotations

from codi_tui.errors import TrustError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection


class Mark:
    """The release that was accepted last.

    Attributes:
        sequence: 0 for a manifest of the oldest form, which has none.
        digest: SHA-256 of the signed message.
        key_ids: the keys whose signatures counted.
        seen_at: Unix seconds.
    """

    __slots__ = ("digest", "key_ids", "seen_at", "sequence", "version")

    def __init__(self, sequence: int, version: str, digest: str, key_ids: Collection[str], seen_at: int) -> None:
        self.sequence = sequence
        self.version = version
        self.digest = digest
        self.key_ids = tuple(key_ids)
        self.seen_at = seen_at


class Record:
    """What is remembered of a library when it is verified.

    Attributes:
        mark: None when nothing was accepted yet, or when a digest was pinned: pinning is the choice of another release.
        digests: messages that were accepted before; a retired key verifies these and no others.
        checked_at: when its server was last asked, Unix seconds; 0 for never.
        told_at: when the user was last told that this was long ago.
    """

    __slots__ = ("checked_at", "digests", "mark", "told_at")

    def __init__(
        self, mark: Mark | None = None, digests: Collection[str] = (), checked_at: int = 0, told_at: int = 0
    ) -> None:
        self.mark = mark
        self.digests = frozenset(digests)
        self.checked_at = checked_at
        self.told_at = told_at


NO_RECORD = Record()


def check_mark(mark: Mark | None, *, sequence: int, version: str, digest: str) -> bool:
    """Compare a release with the one that was accepted last; True when it is a newer one.

    Raises:
        TrustError: `E_ROLLBACK`, it is older; `E_EQUIVOCATION`, it takes the other's place.
    """
    if mark is None:
        return True
    if digest == mark.digest:
        return False
    order = _order(mark, sequence, version)
    if order > 0:
        return True
    facts: dict[str, object] = {
        "digest": digest,
        "sequence": sequence,
        "mark_digest": mark.digest,
        "mark_sequence": mark.sequence,
    }
    if order < 0:
        raise TrustError(
            f"it is older than what was accepted before: {_place(sequence, version)} after "
            f"{_place(mark.sequence, mark.version)}",
            code="E_ROLLBACK",
            hint="its server offers an old release: ask its operator why",
            facts=facts,
        )
    raise TrustError(
        f"two different releases claim {_place(sequence, version)}: {mark.digest} was accepted before, this is {digest}",
        code="E_EQUIVOCATION",
        hint="show both digests to its publisher: a signing key may be in other hands",
        facts=facts,
    )


def _order(mark: Mark, sequence: int, version: str) -> int:
    if sequence or mark.sequence:
        return sequence - mark.sequence
    from semver import Version

    if not Version.is_valid(version):
        raise TrustError("its version is not of semver 2.0, so it has no place in any order", code="E_SEQUENCE")
    return Version.parse(version).compare(Version.parse(mark.version))


def _place(sequence: int, version: str) -> str:
    return f"sequence {sequence}" if sequence else f"version {version}"
