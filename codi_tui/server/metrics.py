"""Figures of a running server in the Prometheus text format (0.0.4). No label holds anything that a caller chose."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)


class Metrics:
    """Requests by route, method and status; their seconds by route; publishes by outcome."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()
        self._publishes: Counter[str] = Counter()
        self.in_flight = 0

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests[route, method, status] += 1
        self._seconds.setdefault(route, [0] * (len(_BOUNDS) + 1))[bisect_left(_BOUNDS, seconds)] += 1
        self._sums[route] += int(seconds * 1e6)

    def publish(self, outcome: str) -> None:
        """Count a publish: `created`, `unchanged`, or the code of its refusal."""
        self._publishes[outcome] += 1

    def text(self) -> str:
        """Everything, as it is scraped."""
        lines = ["# TYPE codi_requests_total counter"]
        lines += [
            f'codi_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
            for (route, method, status), count in sorted(self._requests.items())
        ]
        lines.append("# TYPE codi_request_seconds histogram")
        for route, counts in sorted(self._seconds.items()):
            below = 0
            for bound, count in zip((*_BOUNDS, "+Inf"), counts, strict=True):
                below += count
                lines.append(f'codi_request_seconds_bucket{{route="{route}",le="{bound}"}} {below}')
            lines.append(f'codi_request_seconds_sum{{route="{route}"}} {self._sums[route] / 1e6:g}')
            lines.append(f'codi_request_seconds_count{{route="{route}"}} {below}')
        lines += ["# TYPE codi_requests_in_flight gauge", f"codi_requests_in_flight {self.in_flight}"]
        lines.append("# TYPE codi_publishes_total counter")
        lines += [
            f'codi_publishes_total{{outcome="{outcome}"}} {count}' for outcome, count in sorted(self._publishes.items())
        ]
        return "\n".join([*lines, ""])
