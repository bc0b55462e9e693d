"""`codi log follow`: each new line as it comes, also when the file is full and a new one is begun."""

from __future__ import annotations

import os
import select
import time
from collections import deque

from codi_tui.cli.log_lines import LINE_MAX_BYTES, Filter, last_lines, show_line
from codi_tui.cli.narration import STDOUT
from codi_tui.errors import CodiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TURN_SECONDS = 0.2
_READ_BYTES = 1 << 16


def follow(files: list[str], wanted: Filter, count: int, *, as_json: bool) -> None:
    """Show the last lines, then new ones, until whoever reads is gone.

    Args:
        files: the last is the one that is written.

    Raises:
        KeyboardInterrupt: ctrl-c.
        BrokenPipeError: whoever reads has had enough.
        CodiError: a file cannot be read.
    """
    tail = _Tail(files[-1])
    before = deque(last_lines(files[:-1], wanted, count), maxlen=count)
    before.extend(line for line in tail.lines() if wanted.wants(line))
    for line in before:
        show_line(line, as_json=as_json)
    while True:
        for line in tail.lines():
            if wanted.wants(line):
                show_line(line, as_json=as_json)
        _wait()


class _Tail:
    """The file of a path, and every later file of that path, from their beginning on."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = self._open()
        self._begun = b""

    def lines(self) -> Iterator[bytes]:
        """Whole lines that came since."""
        yield from self._rest()
        while self._replaced():
            yield from self._rest()  # what was written until it was moved
            if self._file is not None:
                os.close(self._file)
            self._file, self._begun = self._open(), b""
            yield from self._rest()

    def _rest(self) -> Iterator[bytes]:
        while self._file is not None and (data := os.read(self._file, _READ_BYTES)):
            *lines, self._begun = (self._begun + data).split(b"\n")
            self._begun = self._begun[:LINE_MAX_BYTES]
            yield from (line[:LINE_MAX_BYTES] for line in lines)

    def _open(self) -> int | None:
        try:
            return os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CodiError(f"cannot read {self._path}: {error.strerror}", code="E_STATE") from None

    def _replaced(self) -> bool:
        """Whether another file has the path now, or this one was cut."""
        try:
            there = os.stat(self._path)
        except OSError:
            return False
        if self._file is None:
            return True
        own = os.fstat(self._file)
        return (own.st_dev, own.st_ino) != (there.st_dev, there.st_ino) or own.st_size < os.lseek(
            self._file, 0, os.SEEK_CUR
        )


def _wait() -> None:
    """A moment; shorter when whoever reads goes away.

    Raises:
        BrokenPipeError: it did.
    """
    if not hasattr(select, "poll"):
        time.sleep(_TURN_SECONDS)
        return
    poll = select.poll()
    poll.register(STDOUT, 0)
    if any(what & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, what in poll.poll(1000 * _TURN_SECONDS)):
        raise BrokenPipeError
