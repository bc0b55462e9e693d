"""The limits that a handler may ask to have raised, and amounts of them as people write them: `512MiB`, `1h`.

A handler that asks, in its `limits`, for more than codi gives unasked is asking for a permission (`limit:memory:512MiB`);
to ask is to declare it.
"""

from __future__ import annotations

from codi_tui.limits import (
    ASKED_CPU_SECONDS_MAX,
    ASKED_MEMORY_BYTES_MAX,
    ASKED_OUTPUT_BYTES_MAX,
    ASKED_WALL_SECONDS_MAX,
    GIB,
    KIB,
    MIB,
    RUN_CPU_SECONDS,
    RUN_MEMORY_BYTES,
    RUN_OUTPUT_BYTES,
    RUN_WALL_SECONDS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SIZES = {"GiB": GIB, "MiB": MIB, "KiB": KIB, "B": 1}
_NAMES = {"h": "hours", "m": "minutes", "s": "seconds"}
_TIMES = {"h": 3600, "m": 60, "s": 1}


class Limit:
    """A limit that a handler may ask to have raised.

    Attributes:
        kind: its permission's, such as `limit:memory`.
        default: what every run has.
        ceiling: what cannot be asked for more than.
        units: what amounts of it are written in, largest first.
    """

    __slots__ = ("ceiling", "default", "kind", "units")

    def __init__(self, kind: str, default: int, ceiling: int, units: dict[str, int]) -> None:
        self.kind = kind
        self.default = default
        self.ceiling = ceiling
        self.units = units

    def words(self, amount: int) -> str:
        """An amount in its one normal spelling: in the largest unit of which it is a whole number."""
        count, unit = self._in_units(amount)
        return f"{count}{unit}"

    def plain(self, amount: int) -> str:
        """An amount as it is said: `10 minutes`, `512 MiB`."""
        count, unit = self._in_units(amount)
        name = _NAMES.get(unit, unit)
        return f"{count} {name.removesuffix('s') if count == 1 else name}"

    def _in_units(self, amount: int) -> tuple[int, str]:
        return next((amount // size, unit) for unit, size in self.units.items() if amount % size == 0)

    def amount(self, words: str) -> int:
        """The amount that is written, in any of the units.

        Raises:
            ValueError: it is none, or more than the ceiling.
        """
        digits = words.rstrip("BGKMihms")
        size = self.units.get(words[len(digits) :])
        if size is None or not (digits.isascii() and digits.isdecimal()) or digits[0] == "0" or len(digits) > 15:
            raise ValueError(f"not an amount: write a whole number of {', '.join(self.units)}")
        if int(digits) * size > self.ceiling:
            raise ValueError(f"more than {self.words(self.ceiling)} cannot be asked for")
        return int(digits) * size


LIMITS = {
    "wall_seconds": Limit("limit:wall", int(RUN_WALL_SECONDS), ASKED_WALL_SECONDS_MAX, _TIMES),
    "cpu_seconds": Limit("limit:cpu", int(RUN_CPU_SECONDS), ASKED_CPU_SECONDS_MAX, _TIMES),
    "memory_bytes": Limit("limit:memory", RUN_MEMORY_BYTES, ASKED_MEMORY_BYTES_MAX, _SIZES),
    "output_bytes": Limit("limit:output", RUN_OUTPUT_BYTES, ASKED_OUTPUT_BYTES_MAX, _SIZES),
}
"""By the name in a handler's `limits`."""
BY_KIND = {limit.kind: limit for limit in LIMITS.values()}


def limit_permissions(asked: Mapping[str, int | None]) -> Iterator[str]:
    """The permissions that a handler's `limits` need: one for each that is above what every run has."""
    for name, limit in LIMITS.items():
        amount = asked.get(name)
        if amount is not None and amount > limit.default:
            yield f"{limit.kind}:{limit.words(amount)}"
