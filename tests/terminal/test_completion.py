"""The tab key in real shells, each on a terminal of its own, without bash-completion or any other set-up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codi_tui.runtime import COMPLETION
from conftest import CODI, IN_CI, data_folder
from support.terminal import Terminal, in_session, terminal

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "--interactive"),
}
SETUP = {
    "bash": "PS1='ready> '; eval \"$(codi config completion bash)\"",
    "zsh": "PROMPT='ready> '; ZSH_DISABLE_COMPFIX=true; eval \"$(codi config completion zsh)\"",
    "fish": "function fish_prompt; echo -n 'ready> '; end; codi config completion fish | source",
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that has read its completion."""
    name = str(request.param)
    if shutil.which(name) is None:
        if IN_CI:
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"no {name} here")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "notes-of-today.txt").write_text("x")
    data_folder(home).mkdir(parents=True)
    values = " ".join(value for value in HOSTILE if " " not in value)
    record = f"c\tevil.run\t$(touch pwned)`touch pwned`%F{{red}}\\\no\t--mode\t\ttext\t{values}\t'$(touch pwned)\n"
    (data_folder(home) / COMPLETION).write_text(f"{record}c\t$(touch${{IFS}}pwned).x\tx\n")
    path = f"{Path(CODI).parent}:{os.environ['PATH']}"
    words = in_session("/bin/sh", "-c", f'cd "{folder}" && exec "$@"', "sh", *SHELLS[name])
    with terminal(*words, size=(100, 40), PATH=path, SHELL=shutil.which(name) or "", HISTFILE="") as running:
        running.name = name  # type: ignore[attr-defined]
        running.press(SETUP[name], "enter")
        running.press("echo be''gun", "enter")
        running.until("begun")
        yield running


HOSTILE = ("$(touch pwned)", "`touch pwned`", "a;touch\\ pwned", "a|touch\\ pwned", "~", "*", "good")


def completed(shell: Terminal, typed: str, wanted: str) -> None:
    """Type a beginning and a tab; what the line then says."""
    shell.press("\x15", "clear", "enter")
    shell.press(typed, "tab")
    shell.until(wanted)


def test_every_shell_completes_commands_options_values_and_files(shell: Terminal) -> None:
    completed(shell, "codi text.cou", "codi text.count")
    completed(shell, "codi sess", "codi session")
    completed(shell, "codi text.wrap --wid", "--width")
    completed(shell, "codi text.case kebab no", "notes-of-today.txt")
    completed(shell, "codi run --output=jsonl text.dif", "text.diff")
    completed(shell, "codi run --output=ra", "--output=raw")
    completed(shell, "codi config set log.lev", "log.level")
    shell.press("wa", "tab")
    shell.until("log.level warning")


def test_every_shell_shows_what_there_is_and_two_say_what_it_means(shell: Terminal) -> None:
    completed(shell, "codi text.case s", "s")
    shell.press("tab", "tab")
    for value in ("sentence", "snake"):
        shell.until(value)
    if shell.name != "bash":  # type: ignore[attr-defined]
        completed(shell, "codi config ", "codi config ")
        shell.press("tab")
        shell.until("every file and folder that codi uses")


def test_no_shell_takes_a_hostile_library_s_text_for_code(shell: Terminal, tmp_path: Path) -> None:
    completed(shell, "codi evil.", "codi evil.run")
    completed(shell, "codi evil.run --mode ", "codi evil.run --mode good")
    completed(shell, "codi \\$", "codi ")
    shell.press("tab", "\x15", "echo do''ne", "enter")
    shell.until("done")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["notes-of-today.txt"]
