"""The time by which documents are judged (the trust profile, line 36).

A clock that was set back would bring expired documents to life; so the latest time that was ever verified counts too.
"""

from __future__ import annotations

from codi_tui.limits import CLOCK_BACK_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class TrustedClock:
    """T = the later of the system clock and (the latest time ever verified - 24 h)."""

    def __init__(self, system: Callable[[], float], latest: float = 0) -> None:
        self.system = system
        self._latest = latest

    def __call__(self) -> float:
        """T now, in Unix seconds."""
        return max(self.system(), self._latest - CLOCK_BACK_SECONDS)

    @property
    def is_behind(self) -> bool:
        """Whether the system clock is more than 24 h behind what was verified."""
        return self.system() < self._latest - CLOCK_BACK_SECONDS

    def observe(self, latest: float) -> None:
        """Take note of a time that was verified."""
        self._latest = max(self._latest, latest)
