"""What kind of terminal this is, decided once and before textual is imported, which reads its settings at import."""

from __future__ import annotations

import os
import sys

from codi_tui.errors import CodiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping


class Terminal:
    """How the workspace draws on this terminal.

    Attributes:
        remote: reached over SSH: fewer frames, no animation.
        plain: ASCII only, in the terminal's own colours.
        ansi: the terminal's 16 colours instead of a theme of our own.
        frames: at most so many a second.
        mouse: whether the mouse is listened to.
    """

    def __init__(self, environment: Mapping[str, str], *, plain: bool = False, mouse: bool = True) -> None:
        self.remote = bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))
        self.plain = plain or not _writes_unicode(environment)
        self.no_color = bool(environment.get("NO_COLOR"))
        self.ansi = self.plain or self.no_color or not _many_colours(environment)
        self.frames = 40 if self.remote else 60
        self.mouse = mouse

    @property
    def flush_seconds(self) -> float:
        """How often output that came is drawn."""
        return 0.1 if self.remote else 0.05

    def describe(self) -> str:
        """What the header says of it: nothing for a terminal that can do everything."""
        said = (("ssh", self.remote), ("16 colours", self.ansi and not self.no_color), ("no colour", self.no_color))
        return ", ".join(word for word, true in said if true)

    def prepare(self, environment: MutableMapping[str, str]) -> None:
        """Set what textual reads at import. Only names of its own are set, and a user's own choice stays."""
        environment.setdefault("TEXTUAL_FPS", str(self.frames))
        if self.ansi:
            environment["TEXTUAL_THEME"] = "ansi-dark"
        if self.remote or self.plain:
            environment.setdefault("TEXTUAL_ANIMATIONS", "none")
            environment.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")


def require_terminal(environment: Mapping[str, str]) -> None:
    """Refuse to draw a screen where there is none.

    Raises:
        CodiError: `E_TERMINAL`.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CodiError(
            "codi ui draws on a terminal, and this is none",
            code="E_TERMINAL",
            hint="codi run COMMAND does the same work in pipes and scripts",
        )
    if environment.get("TERM", "") in ("", "dumb", "unknown"):
        raise CodiError(
            f"this terminal cannot draw a screen (TERM={environment.get('TERM', '')!r})",
            code="E_TERMINAL",
            hint="set TERM to what it is, or use codi run COMMAND",
        )


def _writes_unicode(environment: Mapping[str, str]) -> bool:
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or ""
    return os.name == "nt" or "utf-8" in locale.lower() or "utf8" in locale.lower() or not locale


def _many_colours(environment: Mapping[str, str]) -> bool:
    term = environment.get("TERM", "")
    return bool(environment.get("COLORTERM")) or "256" in term or term.endswith(("-direct", "kitty", "alacritty"))
