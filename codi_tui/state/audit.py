"""The audit trail: one JSON line for each refusal, change of trust and change of a mark. Only the writer is here."""

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


class AuditLog:
    """Appends to the trail. A line is written with one call, so that processes do not write into each other's."""

    def __init__(self, path: str, now: Callable[[], float]) -> None:
        """
        Args:
            now: the system's clock: the trail says when codi thought that something happened.
        """
        self.path = path
        self._now = now

    def append(self, event: str, **facts: object) -> None:
        """Add a line; a fact that is None is left out.

        Raises:
            StateError: `E_STATE`, it cannot be written; `E_STATE_PERMS`, it is not safely this user's.
        """
        import json

        known = {name: value for name, value in facts.items() if value is not None}
        line = json.dumps({"time": timestamp(self._now()), "event": event, **known})
        if len(line) >= AUDIT_LINE_BYTES:
            short = {name: value[:200] if isinstance(value, str) else None for name, value in known.items()}
            line = json.dumps({"time": timestamp(self._now()), "event": event, **short, "shortened": True})
        try:
            descriptor = self._open()
            try:
                os.write(descriptor, f"{line[: AUDIT_LINE_BYTES - 1]}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StateError(f"the audit trail cannot be written: {error}", hint=f"look at {self.path}") from None

    def refused(self, error: CodiError, *, origin: str, library: str, digest: str | None = None) -> None:
        """Add the line of a refusal.

        Raises:
            StateError: as for `append`.
        """
        facts = {"digest": digest, **getattr(error, "facts", {})}
        self.append("refused", code=error.code, origin=origin, library=library, message=error.message, **facts)

    def _open(self) -> int:
        from codi_tui.cache.files import prepare_folder

        try:
            prepare_folder(os.path.dirname(self.path))
        except CodiError as error:
            raise StateError(error.message, code="E_STATE_PERMS", hint=error.hint) from None
        never_wait = getattr(os, "O_NONBLOCK", 0)  # for a pipe that nobody reads
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | never_wait | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self.path, flags, 0o600)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):
            os.close(descriptor)
            raise StateError(f"{self.path} is not this user's file", code="E_STATE_PERMS", hint="move it away")
        if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
        return descriptor
