"""`codi config edit`: an editor on a copy of the settings, which takes their place only when codi can read it."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile

from codi_tui.cli.exits import OK
from codi_tui.cli.narration import say
from codi_tui.cli.page import show_lines
from codi_tui.cli.question import answer_to, somebody_is_there
from codi_tui.errors import CodiError, ConfigError
from codi_tui.runtime import RuntimeMode
from codi_tui.settings.files import read_settings_text

_BEGINNING = """# The settings of codi: codi config list shows all there are, docs/settings.md explains them.
"""


def edit() -> int:
    """Returns the exit status.

    Raises:
        CodiError: `E_CONFIG`, what was written is wrong, and was not taken; `E_CREATE`, no copy can be made;
            `E_UNAVAILABLE`, there is no editor, or it failed.
    """
    path = RuntimeMode.detect().settings_path()
    before = read_settings_text(path)
    copy = _copy_of(before or _BEGINNING)
    while True:
        _run_editor(copy)
        after = _read(copy)
        if after in (before, _BEGINNING):
            os.unlink(copy)
            show_lines(["nothing was changed"])
            return OK
        try:
            _take(path, before, after)
        except CodiError as error:
            kept = ConfigError(error.message, hint=f"the settings are as they were; what you wrote is in {copy}")
            if not _wants_to_go_on(kept):
                raise kept from None
            continue
        os.unlink(copy)
        show_lines([f"written: {path}"])
        return OK


def _take(path: str, before: str, after: str) -> None:
    from codi_tui.operations.settings_file import replace_settings

    replace_settings(path, before, after)


def _wants_to_go_on(error: CodiError) -> bool:
    if not somebody_is_there():
        return False
    say(f"codi: {error.message}")
    return answer_to("[e]dit on, anything else leaves the settings as they were: ") in ("e", "edit")


def _copy_of(text: str) -> str:
    """A copy in the folder for temporary files: one beside the settings could be taken for them."""
    try:
        descriptor, copy = tempfile.mkstemp(prefix="codi-config-", suffix=".toml")
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CodiError(f"cannot make a copy to edit: {error.strerror}", code="E_CREATE") from None
    return copy


def _read(copy: str) -> str:
    try:
        with open(copy, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise CodiError(f"cannot read {copy}: {error.strerror}", code="E_CREATE") from None


def _run_editor(copy: str) -> None:
    written = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        status = subprocess.run([*shlex.split(written), copy], check=False).returncode
    except (OSError, ValueError) as error:
        os.unlink(copy)
        raise CodiError(
            f"the editor {written[:80]!r} cannot be started: {error}",
            code="E_UNAVAILABLE",
            hint="name another one in EDITOR",
        ) from None
    if status != 0:
        raise CodiError(
            f"the editor ended with status {status}; the settings are as they were",
            code="E_UNAVAILABLE",
            hint=f"what you wrote is in {copy}",
        )
