"""A terminal of 120x40 at the end of a link, with a program in it: counts what comes, and when, and may be slow."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

SIZE = (120, 40)
_TURN_SECONDS = 0.01
_PATIENCE_SECONDS = 40.0
_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")


class Link:
    """A program on a pty whose reader takes at most `rate` bytes a second; None takes everything at once."""

    def __init__(self, words: Sequence[object], home: Path, rate: int | None = None, **environment: str) -> None:
        self.rate = rate
        self.received = 0
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        base = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        base |= {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [str(word) for word in words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env=base | environment,
        )
        os.close(slave)
        self._allowed_at = self._waited = time.perf_counter()
        self._screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self._screen)
        self._unseen = bytearray()

    def read(self, seconds: float) -> bytes:
        """What comes within a time, no faster than the link is."""
        data, end = b"", time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            wait = self._allowed_at - now
            if wait > 0:
                time.sleep(min(wait, end - now))
                continue
            if not select.select([self._master], [], [], min(_TURN_SECONDS, end - now))[0]:
                continue
            part = self._take()
            data += part
            if not part:
                break
        return data

    def _take(self) -> bytes:
        try:
            part = os.read(self._master, 65536 if self.rate is None else int(self.rate * _TURN_SECONDS))
        except OSError:  # the program is gone
            return b""
        self.received += len(part)
        self._unseen += part
        if self.rate is not None:
            self._allowed_at = max(self._allowed_at, time.perf_counter() - _TURN_SECONDS) + len(part) / self.rate
        return part

    def quiet(self, seconds: float = 0.4) -> None:
        """Take everything until nothing comes for a time."""
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while self.read(seconds):
            if time.perf_counter() > deadline:
                raise SystemExit(f"it never rests:\n{self.text()}")

    def until(self, text: str) -> float:
        """Wait for a text to come in one piece from now on; the seconds since the program was started."""
        data = b""
        while text.encode() not in _SEQUENCE.sub(b"", data):
            data += self._more(text)
        return time.perf_counter() - self.started

    def until_shown(self, text: str) -> float:
        """Wait until the screen shows a text."""
        while text not in self.text():
            self._more(text)
        return time.perf_counter() - self.started

    def _more(self, text: str) -> bytes:
        if time.perf_counter() > self._waited + _PATIENCE_SECONDS or self.process.poll() is not None:
            raise SystemExit(f"{text!r} never came:\n{self.text()}")
        return self.read(0.002)

    def text(self) -> str:
        """What the screen shows."""
        self._stream.feed(bytes(self._unseen))
        self._unseen.clear()
        return "\n".join(self._screen.display)

    def press(self, keys: str) -> None:
        """Type, as the terminal sends it."""
        self._waited = time.perf_counter()
        os.write(self._master, keys.encode())

    def echo(self, keys: str, text: str) -> float:
        """Type, and wait for a text; the milliseconds between."""
        self.read(0.001)
        start = time.perf_counter()
        self.press(keys)
        self.until(text)
        return (time.perf_counter() - start) * 1000

    def cost(self, keys: str) -> int:
        """The bytes that a key brings."""
        self.quiet()
        before = self.received
        self.press(keys)
        self.quiet()
        return self.received - before

    def resident(self) -> float:
        """The program's memory by now, in megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1000

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@contextmanager
def link(words: Sequence[object], home: Path, rate: int | None = None, **environment: str) -> Iterator[Link]:
    """A program at the end of a link for the block."""
    running = Link(words, home, rate, **environment)
    try:
        yield running
    finally:
        running.close()
