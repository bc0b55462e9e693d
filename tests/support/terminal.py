"""A real program on a real pseudo-terminal: what it writes, byte for byte, and what a terminal then shows."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyte

_TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "PAGER": "cat"}
_PATIENCE_SECONDS = 20.0


class Terminal:
    """A terminal with a program in it. `written` is everything that the program wrote."""

    def __init__(self, words: Sequence[str], size: tuple[int, int], environment: Mapping[str, str]) -> None:
        width, height = size
        self._master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.settings = termios.tcgetattr(self.slave)
        self.written = b""
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.process = subprocess.Popen(
            words,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            env={**os.environ, **_TERMINAL, **environment},
        )

    def read(self, seconds: float = 0.05) -> None:
        """Take in what was written meanwhile."""
        while select.select([self._master], [], [], seconds)[0]:
            data = os.read(self._master, 65536)
            self.written += data
            self._stream.feed(data)
            seconds = 0.0

    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(self.screen.display)

    def press(self, *keys: str) -> None:
        """Type; a key is what the terminal sends for it."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())
            if key == "escape":
                time.sleep(0.2)  # the program waits so long for the rest of a longer sequence
            self.read(0.1)

    def until(self, text: str, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until the screen shows a text."""
        deadline = time.monotonic() + patience_seconds
        while text not in self.text():
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.text()}"
            assert self.process.poll() is None, f"it ended:\n{self.text()}"
            self.read()

    def finish(self, look: Callable[[], None] = lambda: None) -> int:
        """Wait for the program's end, and look at something meanwhile; returns its status."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end:\n{self.text()}"
            self.read()
            look()
        self.read(0.1)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.vanish()

    def vanish(self) -> None:
        """Be gone, as a window that is closed."""
        for descriptor in (self._master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)
        self._master = self.slave = -1


KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "left": "\x1b[D",
    "right": "\x1b[C",
    "end": "\x1b[F",
    "f5": "\x1b[15~",
    "ctrl+p": "\x10",
    "ctrl+c": "\x03",
}


_TAKE_TERMINAL = """import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])"""


def in_session(*words: str) -> tuple[str, ...]:
    """A program whose terminal is its controlling one, as a shell's job has it: what `/dev/tty` opens."""
    return (sys.executable, "-c", _TAKE_TERMINAL, *words)


@contextmanager
def terminal(*words: str, size: tuple[int, int] = (80, 24), **environment: str) -> Iterator[Terminal]:
    """A program on a terminal for the block."""
    running = Terminal(words, size, environment)
    try:
        yield running
    finally:
        running.close()
