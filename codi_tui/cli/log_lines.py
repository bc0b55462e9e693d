"""Lines of the log or of the audit trail: which are wanted, the last of them, and how a person reads one."""

from __future__ import annotations

import json
import os
import time
from collections import deque

from codi_tui.cli.narration import STDOUT, write_all
from codi_tui.cli.page import show_lines
from codi_tui.errors import CodiError
from codi_tui.limits import AUDIT_LINE_BYTES, LOG_LINE_BYTES
from codi_tui.model.times import timestamp
from codi_tui.runs.log import LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

LINE_MAX_BYTES = max(AUDIT_LINE_BYTES, LOG_LINE_BYTES)
_QUIET = ("time", "level", "event", "pid", "seq", "prev")


class Filter:
    """Which lines are wanted."""

    def __init__(self, level: str | None = None, event: str | None = None, since_seconds: int | None = None) -> None:
        """
        Args:
            level: this and worse.
            event: this one, or the group that begins with it and a dot.
            since_seconds: no older.
        """
        self._levels = None if level is None else LEVELS[LEVELS.index(level) :]
        self._event = event
        self._earliest = None if since_seconds is None else timestamp(time.time() - since_seconds)

    def wants(self, line: bytes) -> bool:
        """Whether a line meets every condition; one that is no entry is shown when there is none."""
        if self._levels is None and self._event is None and self._earliest is None:
            return True
        entry = parse(line)
        event = str(entry.get("event"))
        return (
            (self._levels is None or entry.get("level") in self._levels)
            and (self._event is None or event == self._event or event.startswith(f"{self._event}."))
            and (self._earliest is None or str(entry.get("time")) >= self._earliest)
        )


def last_lines(files: Iterable[str], wanted: Filter, count: int) -> Iterable[bytes]:
    """The last wanted lines of files.

    Raises:
        CodiError: `E_STATE`, one of them cannot be read.
    """
    kept: deque[bytes] = deque(maxlen=count)
    for path in files:
        kept.extend(line for line in _read(path) if wanted.wants(line))
    return kept


def _read(path: str) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            yield from iter(lambda: file.readline(LINE_MAX_BYTES), b"")
    except FileNotFoundError:
        return
    except OSError as error:
        raise CodiError(f"cannot read {path}: {error.strerror}", code="E_STATE") from None


def parse(line: bytes) -> dict[str, Any]:
    """An entry; of a line that is none, nothing."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}


def show_line(line: bytes, *, as_json: bool) -> None:
    """Write a line to stdout: as it is, or for a person.

    Raises:
        BrokenPipeError: whoever reads has had enough.
        CodiError: `E_OUTPUT`.
    """
    entry = parse(line)
    if as_json:
        if entry:  # ASCII again, whatever somebody wrote into the file
            write_all(STDOUT, f"{json.dumps(entry)}\n".encode())
        return
    show_lines([_for_people(entry) if entry else line.decode(errors="replace").rstrip("\n")])


def _for_people(entry: dict[str, Any]) -> str:
    level = f"{entry['level']:<7} " if "level" in entry else ""
    facts = "  ".join(f"{name}={_fact(value)}" for name, value in entry.items() if name not in _QUIET)
    return f"{entry.get('time')}  {level}{entry.get('event')}  {facts}"


def _fact(value: object) -> str:
    plain = isinstance(value, str) and value and " " not in value
    return str(value) if plain else json.dumps(value, ensure_ascii=False)
