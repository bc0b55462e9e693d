"""The audit trail: one JSON line for each refusal, change of trust, of a grant, or of a mark. No level silences it.

Each line carries a number and the hash of the line before; a database holds the last hash (`chain`). When that cannot be
used the line is written all the same, outside the chain, and says why.
"""

from __future__ import annotations

import os
import stat

from codi_tui.errors import CodiError, StateError
from codi_tui.limits import AUDIT_LINE_BYTES
from codi_tui.model.times import timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

AUDIT_FILE = "audit.log"
_FACT_CHARACTERS = 200


class AuditLog:
    """Appends to the trail, with any number of processes beside it."""

    def __init__(self, path: str, now: Callable[[], float], redact: Callable[[str], str] = lambda text: text) -> None:
        """
        Args:
            now: the system's clock: the trail says when codi thought that something happened.
            redact: takes secrets out of a fact that is text.
        """
        self.path = path
        self._now = now
        self._redact = redact

    def append(self, event: str, **facts: object) -> None:
        """Add a line; a fact that is None is left out.

        Raises:
            StateError: `E_STATE`, it cannot be written; `E_STATE_PERMS`, it is not safely this user's.
        """
        from codi_tui.state.chain import extend

        known = {
            name: self._redact(value) if isinstance(value, str) else value
            for name, value in facts.items()
            if value is not None
        }
        entry = {"time": timestamp(self._now()), "event": event, **known}
        try:
            close_trail(open_trail(self.path))  # whose file it is, before anything is promised to it
            try:
                extend(self.path, lambda place: audit_line({**place, **entry}))
            except StateError as error:
                append_line(self.path, audit_line({**entry, "unchained": error.code}))
        except OSError as error:
            raise StateError(f"the audit trail cannot be written: {error}", hint=f"look at {self.path}") from None

    def refused(self, error: CodiError, *, origin: str, library: str, digest: str | None = None) -> None:
        """Add the line of a refusal.

        Raises:
            StateError: as for `append`.
        """
        facts = {"digest": digest, **getattr(error, "facts", {})}
        self.append("refused", code=error.code, origin=origin, library=library, message=error.message, **facts)


def audit_line(entry: dict[str, object]) -> bytes:
    """An entry as a line of at most `AUDIT_LINE_BYTES`; long facts are shortened, then left out."""
    import json

    line = json.dumps(entry)
    if len(line) >= AUDIT_LINE_BYTES:
        kept = ("seq", "prev", "time", "event", "unchained")
        texts = {name: value[:_FACT_CHARACTERS] for name, value in entry.items() if isinstance(value, str)}
        short = {**texts, **{name: entry[name] for name in kept if name in entry}}
        line = json.dumps({**short, "shortened": True})
        if len(line) >= AUDIT_LINE_BYTES:
            line = json.dumps({**{name: entry[name] for name in kept if name in entry}, "shortened": True})
    return f"{line}\n".encode()


def append_line(path: str, line: bytes) -> None:
    """Add a whole line to the trail's file and see it on disk; what cannot be written whole is taken back.

    Raises:
        OSError: it cannot be written.
        StateError: as for `open_trail`.
    """
    descriptor = open_trail(path)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # somebody cut the line before
            line = b"\n" + line
        written = os.write(descriptor, line)
        if written < len(line):
            os.ftruncate(descriptor, size)
            raise OSError(28, "the disk is full")
        os.fsync(descriptor)
    finally:
        close_trail(descriptor)


def open_trail(path: str) -> int:
    """Open the trail's file (0600) for reading and appending, made when it is missing.

    Raises:
        OSError: it cannot be opened.
        StateError: `E_STATE_PERMS`, the file or its folder is not safely this user's.
    """
    from codi_tui.cache.files import prepare_folder

    try:
        prepare_folder(os.path.dirname(path))
    except CodiError as error:
        raise StateError(error.message, code="E_STATE_PERMS", hint=error.hint) from None
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, 0o600)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):
        os.close(descriptor)
        raise StateError(f"{path} is not this user's file", code="E_STATE_PERMS", hint="move it away")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        os.fchmod(descriptor, 0o600)
    return descriptor


close_trail = os.close
