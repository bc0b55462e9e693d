"""The log: what codi did, one JSON object a line, for whoever wants to know why something was slow or went wrong.

It is for looking, and never in the way: what cannot be written is not, and a full file makes room for a new one. What
must not be lost is in the audit trail instead.
"""

from __future__ import annotations

import json
import os
import stat

from codi_tui.limits import LOG_FILE_BYTES, LOG_FILES, LOG_LINE_BYTES, LOG_TEXT_CHARACTERS
from codi_tui.model.times import timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.runs.redact import Redactor

LOG_FILE = "codi.log"
LEVELS = ("debug", "info", "warning", "error", "off")
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Log:
    """Appends to the log, each line by one write, with any number of processes beside it."""

    def __init__(self, path: str, level: str, now: Callable[[], float], redactor: Redactor) -> None:
        """
        Args:
            level: one of `LEVELS`: lines below it are not written.
            now: the system's clock.
        """
        self.path = path
        self._least = LEVELS.index(level)
        self._now = now
        self._redactor = redactor

    def debug(self, event: str, **facts: object) -> None:
        self._write(0, event, facts)

    def info(self, event: str, **facts: object) -> None:
        self._write(1, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._write(2, event, facts)

    def error(self, event: str, **facts: object) -> None:
        self._write(3, event, facts)

    def _write(self, level: int, event: str, facts: dict[str, object]) -> None:
        """Add a line; a fact that is None is left out. Raises nothing."""
        if level < self._least:
            return
        now = self._now()
        entry = {"time": f"{timestamp(now)[:-1]}.{int(now * 1000) % 1000:03d}Z", "level": LEVELS[level], "event": event}
        known = {name: self._safe(name, value) for name, value in facts.items() if value is not None}
        line = json.dumps({**entry, "pid": os.getpid(), **known}, default=str)
        if len(line) >= LOG_LINE_BYTES:
            short = {name: value for name, value in known.items() if not isinstance(value, dict | list)}
            line = json.dumps({**entry, "pid": os.getpid(), **short, "shortened": True}, default=str)
        if len(line) < LOG_LINE_BYTES:
            self._append(f"{line}\n".encode())

    def _safe(self, name: str, value: object) -> object:
        safe = self._redactor.value(value, name)
        return safe[:LOG_TEXT_CHARACTERS] if isinstance(safe, str) else safe

    def _append(self, line: bytes) -> None:
        try:
            _make_folder(os.path.dirname(self.path))
            descriptor = os.open(self.path, _FLAGS, 0o600)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):
                    return
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
            if status.st_size >= LOG_FILE_BYTES:
                _rotate(self.path)
        except OSError:
            pass


def log_files(path: str) -> list[str]:
    """Where the log may be, the oldest first."""
    stem, extension = os.path.splitext(path)
    return [*(f"{stem}.{number}{extension}" for number in range(LOG_FILES - 1, 0, -1)), path]


def _make_folder(folder: str) -> None:
    if os.path.isdir(folder):
        return
    from codi_tui.cache.files import prepare_folder
    from codi_tui.errors import CacheError

    try:
        prepare_folder(folder)
    except CacheError as error:
        raise OSError(error.message) from None


def _rotate(path: str) -> None:
    """Move every file on by one, and drop the oldest. Of processes that want to at once, one does."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.lstat(path).st_size < LOG_FILE_BYTES:
            return
        import itertools

        files = log_files(path)
        for older, newer in itertools.pairwise(files):
            if os.path.lexists(newer):
                os.replace(newer, older)
    finally:
        os.close(lock)
