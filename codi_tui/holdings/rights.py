"""What a token permits: `library:NAME` (read), `publish:NAME`, `run:NAME` and `metrics`.

A NAME is scoped as the trust profile has it (line 47): a name, `prefix-*` for every name that starts `prefix-`, or `*`.
"""

from __future__ import annotations

from codi_tui.errors import InputError, TrustError
from codi_tui.limits import TOKEN_PERMISSIONS_MAX
from codi_tui.trust.keyring import check_pattern, closest_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

READ, PUBLISH, RUN, METRICS = "library", "publish", "run", "metrics"
_NAMED = frozenset({READ, PUBLISH, RUN})


class Rights:
    """What one caller may do."""

    __slots__ = ("_patterns",)

    def __init__(self, permissions: Iterable[str] = ()) -> None:
        """Takes permissions that `check_permissions` accepts."""
        self._patterns: dict[str, list[str]] = {}
        for permission in permissions:
            kind, _, pattern = permission.partition(":")
            self._patterns.setdefault(kind, []).append(pattern)

    def allow(self, kind: str, name: str = "") -> bool:
        """Whether something may be done with a library, by its name, whether or not there is such a library."""
        patterns = self._patterns.get(kind, ())
        return bool(patterns) if kind == METRICS else closest_pattern(patterns, name) is not None

    def patterns(self, kind: str) -> Sequence[str]:
        """The names for which something may be done."""
        return tuple(self._patterns.get(kind, ()))


def check_permissions(permissions: Sequence[str]) -> list[str]:
    """Permissions as an operator wrote them, each once, sorted.

    Raises:
        InputError: one is malformed, or there are none or too many.
    """
    if not 0 < len(permissions) <= TOKEN_PERMISSIONS_MAX:
        raise InputError(f"a token has 1 to {TOKEN_PERMISSIONS_MAX} permissions")
    for permission in permissions:
        kind, colon, pattern = permission.partition(":")
        try:
            if permission != METRICS and not (colon and kind in _NAMED):
                raise TrustError("neither")
            if permission != METRICS:
                check_pattern(pattern)
        except TrustError:
            raise InputError(
                f"not a permission: {permission[:100]!r}",
                hint="library:NAME, publish:NAME or run:NAME (NAME may be prefix-* or *), or metrics",
            ) from None
    return sorted(set(permissions))
