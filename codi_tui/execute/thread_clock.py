"""The processor time of one thread, looked at from another."""

from __future__ import annotations

import _thread
import time


class ThreadClock:
    """Runs between `start` and `stop`, which the thread itself calls, and only while that thread does.

    Where the system has no clock for a thread (macOS), it is the process's, which counts codi's own work as well.
    """

    def __init__(self) -> None:
        self._clock: int | None = None
        self._begun = self._used = 0.0

    def start(self) -> None:
        if hasattr(time, "pthread_getcpuclockid"):
            self._clock = time.pthread_getcpuclockid(_thread.get_ident())
        else:
            self._clock = getattr(time, "CLOCK_PROCESS_CPUTIME_ID", None)
        self._begun = self._now()

    def stop(self) -> None:
        self._used = self.seconds()
        self._clock = None

    def seconds(self) -> float:
        """Processor time used until now."""
        clock = self._clock
        return self._used if clock is None else max(0.0, self._now(clock) - self._begun)

    def _now(self, clock: int | None = None) -> float:
        clock = self._clock if clock is None else clock
        if clock is None:
            return 0.0
        try:
            return time.clock_gettime(clock)
        except OSError:  # the thread has just ended
            return self._begun
