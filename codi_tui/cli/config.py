"""`codi config`: the settings, and all that belongs to them."""

from __future__ import annotations

from codi_tui.cli.config_grants import GRANT_VERBS
from codi_tui.cli.config_secrets import SECRET_VERBS
from codi_tui.cli.config_settings import SETTING_VERBS
from codi_tui.cli.dispatch import dispatch
from codi_tui.cli.exits import OK
from codi_tui.manual.config import CONFIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.manual.words import Words


def main(words: Sequence[str]) -> int:
    """`codi config …`: returns the exit status."""
    return dispatch(CONFIG, words, _VERBS)


def _path(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.page import show_json, show_lines
    from codi_tui.operations.paths import every_path

    paths = every_path()
    if parsed.as_json:
        show_json(paths)
    else:
        show_lines(f"{name:<10} {'none' if path is None else path}" for name, path in paths.items())
    return OK


def _edit(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.config_edit import edit

    return edit()


def _completion(parsed: Words) -> int:
    from codi_tui.cli.completion import show_script

    return show_script(parsed)


def _doctor(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.doctor import doctor

    return doctor(network="--network" in parsed.options, as_json=parsed.as_json)


_VERBS = {
    **SETTING_VERBS,
    **SECRET_VERBS,
    **GRANT_VERBS,
    "config path": _path,
    "config edit": _edit,
    "config completion": _completion,
    "config doctor": _doctor,
}
