"""The person at this process's terminal: asked on stderr, answering on the terminal itself, for stdin is the command's.

No other way gives an answer: not stdin, not the environment.
"""

from __future__ import annotations

import os

from codi_tui.cli.narration import STDERR, write_stderr
from codi_tui.errors import CodiError

_LINE_BYTES = 4096
"""A terminal gives no longer line at once."""


def confirm(question: str, *, otherwise: str) -> bool:
    """Ask for a yes; everything else is no.

    Args:
        otherwise: what a script has to write instead.

    Raises:
        CodiError: `E_TERMINAL`, there is nobody to ask, or `CI` is set.
    """
    if not somebody_is_there():
        raise CodiError("this has to be confirmed on a terminal, and this is none", code="E_TERMINAL", hint=otherwise)
    return answer_to(f"{question} [y]es, anything else is no: ") in ("y", "yes")


def somebody_is_there() -> bool:
    """Whether there is somebody to ask. With `CI` set there is nobody."""
    terminal = None if os.environ.get("CI") or not os.isatty(STDERR) else _open_terminal()
    if terminal is not None:
        os.close(terminal)
    return terminal is not None


def answer_to(prompt: str) -> str:
    """The line that is typed after a prompt, in lower case; nothing when the terminal is gone."""
    return (typed(prompt) or "").strip().lower()


def typed(prompt: str, *, echo: bool = True) -> str | None:
    """The line that is typed after a prompt, without its end; None when the terminal is gone, or at its end of input.

    Args:
        echo: whether it is seen; a secret is not.
    """
    terminal = _open_terminal()
    if terminal is None:
        return None
    try:
        return _typed(terminal, prompt, echo=echo)
    except OSError:
        return None
    finally:
        os.close(terminal)


def _typed(terminal: int, prompt: str, *, echo: bool) -> str | None:
    import termios

    before = termios.tcgetattr(terminal)
    hidden = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    # what was typed or pasted before the question was seen is no answer to it
    termios.tcflush(terminal, termios.TCIFLUSH)
    try:
        if not echo:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
        write_stderr(prompt.encode(errors="replace"))
        line = os.read(terminal, _LINE_BYTES)
    finally:
        if not echo:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
            write_stderr(b"\n")
    return line.decode(errors="replace").rstrip("\r\n") if line else None


def _open_terminal() -> int | None:
    """This process's terminal, if reading it would not stop the process as a job in the background; POSIX has one."""
    if os.name != "posix":
        return None
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.tcgetpgrp(terminal) == os.getpgrp():
            return terminal
    except OSError:
        pass
    os.close(terminal)
    return None
