"""A word that is no command and no built-in: an alias of the settings, perhaps."""

from __future__ import annotations

from codi_tui.cli.narration import report
from codi_tui.config import load_settings
from codi_tui.errors import CodiError
from codi_tui.runtime import RuntimeMode
from codi_tui.settings.alias import expand


def expanded(words: list[str]) -> list[str] | int:
    """The words with their alias expanded, or the exit status of what is wrong with the aliases."""
    try:
        return expand(words, load_settings(RuntimeMode.detect().settings_path()).aliases)
    except CodiError as error:
        return report(error)
