"""Looking the audit trail over: whether it is, line for line, what the chain and its head say."""

from __future__ import annotations

import json
import os
import stat

from codi_tui.cache.files import move_aside
from codi_tui.errors import StateError
from codi_tui.limits import AUDIT_FINDINGS_MAX, AUDIT_LINE_BYTES
from codi_tui.state.chain import GENESIS, HEAD, HEAD_FILE, line_hash, locked, older_file, reset, settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from codi_tui.state.chain import Head


class Verdict:
    """What was found.

    Attributes:
        lines: how many there are.
        first_seq, last_seq: the numbers that the chain has, by its head; older ones went with full files.
        head: the hash of the last.
        findings: in words, at most `AUDIT_FINDINGS_MAX`; none when the trail is whole.
    """

    def __init__(self, first_seq: int = 1, last_seq: int = 0, head: str = GENESIS) -> None:
        self.head = head
        self.lines = 0
        self.first_seq = first_seq
        self.last_seq = last_seq
        self.findings: list[str] = []

    @property
    def whole(self) -> bool:
        return not self.findings

    def find(self, finding: str) -> None:
        if len(self.findings) < AUDIT_FINDINGS_MAX:
            self.findings.append(finding)


def verify_trail(path: str) -> Verdict:
    """Compare every line with the chain; writers wait meanwhile.

    Raises:
        StateError: the head cannot be read, or a line that was promised cannot be written.
    """
    try:
        with locked(path) as (connection, head):
            settle(path, head)
            head.store(connection)
            return _Walk(head).walk(path)
    except OSError as error:
        raise StateError(f"the audit trail cannot be read: {error}", hint=f"look at {path}") from None


def has_trail(path: str) -> bool:
    """Whether anything was ever written, or promised."""
    head = os.path.join(os.path.dirname(path), HEAD_FILE)
    return any(os.path.lexists(file) for file in (path, older_file(path), head))


def renew_trail(path: str, stamp: str) -> list[str]:
    """Set the trail aside, whatever it holds, and begin a new chain; returns where its files are now.

    The first line of the new one is the caller's to write.

    Raises:
        StateError: it cannot be moved, or the head cannot be written.
    """
    moved = []
    try:
        move_aside(os.path.join(os.path.dirname(path), HEAD_FILE), HEAD)
        with locked(path) as (connection, _):
            for file in (older_file(path), path):
                if os.path.lexists(file):
                    stem, extension = os.path.splitext(file)
                    os.rename(file, f"{stem}.aside-{stamp}{extension}")
                    moved.append(f"{stem}.aside-{stamp}{extension}")
            reset(connection)
    except OSError as error:
        raise StateError(f"the audit trail cannot be set aside: {error}", hint=f"look at {path}") from None
    return moved


class _Walk:
    """One line after the other. `seq` and `digest` are those of the line before."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._seq = head.first_seq - 1
        self._digest = head.first_prev
        self.verdict = Verdict(head.first_seq, head.seq, head.digest)

    def walk(self, path: str) -> Verdict:
        for name, number, line in _lines(path):
            self.verdict.lines += 1
            self._take(f"{name}, line {number}", line)
        head = self._head
        if self._seq < head.seq:
            self._missing(self._seq + 1, head.seq, "at the end")
        elif self._seq == head.seq and self._digest != head.digest:
            self.verdict.find(f"entry {self._seq}, the last, is not what was written: it was changed")
        return self.verdict

    def _take(self, place: str, line: bytes) -> None:
        entry = _entry(line)
        digest = line_hash(line)
        if entry is None:
            self.verdict.find(f"{place}: not an entry that codi wrote")
            return
        if "unchained" in entry and "seq" not in entry:
            self.verdict.find(f"{place}: outside the chain, since its head could not be written then")
            return
        seq, prev = entry.get("seq"), entry.get("prev")
        if type(seq) is not int or not isinstance(prev, str):
            self.verdict.find(f"{place}: has no place in the chain; written before there was one, or by somebody else")
            return
        if seq > self._head.seq:
            self.verdict.find(f"{place}: entry {seq} was never written: the chain ends with {self._head.seq}")
            return
        if seq <= self._seq:
            self.verdict.find(f"{place}: entry {seq} stands behind entry {self._seq}: moved, or there twice")
            return
        if seq > self._seq + 1:
            self._missing(self._seq + 1, seq - 1, f"before {place}")
        elif prev != self._digest:
            self.verdict.find(f"{place}: entry {seq} does not follow from the one before: one of the two was changed")
        self._seq, self._digest = seq, digest

    def _missing(self, first: int, last: int, where: str) -> None:
        what = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        self.verdict.find(f"{what} missing {where}")


def _entry(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n") or len(line) > AUDIT_LINE_BYTES:
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _lines(path: str) -> Iterator[tuple[str, int, bytes]]:
    """Each line with its file's name and its number, the older file first; a line too long comes in parts."""
    for file_path in (older_file(path), path):
        if os.path.lexists(file_path):
            if not stat.S_ISREG(os.lstat(file_path).st_mode):
                raise StateError(f"{file_path} is not this user's file", code="E_STATE_PERMS", hint="move it away")
            with open(file_path, "rb") as file:
                lines = iter(lambda: file.readline(AUDIT_LINE_BYTES + 1), b"")
                for number, line in enumerate(lines, 1):
                    yield os.path.basename(file_path), number, line
