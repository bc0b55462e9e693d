"""The executable's first steps: decide which front door is wanted, and import only that."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """`codi`. Ends the process at once: a stopped guest may still be on its thread, and there is nothing to tear down."""
    _open_standard_descriptors()
    try:
        status = _front_door(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        status = 0
    except OSError as error:
        status = _system_error(error)
    except Exception as error:  # noqa: BLE001 - the process's edge: no traceback reaches a user
        status = _internal_error(error)
    os._exit(status)


def _open_standard_descriptors() -> None:
    """Fill a closed stdin, stdout or stderr, so that no file of ours gets its number and the output with it.

    All are opened for reading: what reads finds the end, what writes fails and says so.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)


def _front_door(words: list[str], *, aliases: bool = True) -> int:
    first = words[0] if words else "help"
    if first in ("help", "-h", "--help"):
        from codi_tui.cli.help import main as show_help

        return show_help(words[1:] if first == "help" else [])
    if first == "--version":
        from codi_tui import __version__

        os.write(1, f"codi {__version__}\n".encode())
        return 0
    if first == "run":
        from codi_tui.cli.run import main as run

        return run(words[1:])
    if first.startswith("-"):
        return _not_an_option(first)
    from codi_tui.model.names import BUILT_INS

    if first in BUILT_INS:
        return _built_in(first, words)
    if aliases and "." not in first:  # a command has a dot, and an alias has none
        from codi_tui.cli.alias import expanded

        meant = expanded(words)
        return meant if isinstance(meant, int) else _front_door(meant, aliases=False)
    from codi_tui.cli.run import bare

    return bare(words)


def _built_in(first: str, words: list[str]) -> int:
    from codi_tui.manual.words import wants_help

    if words[:2] == ["config", "completion"] and words[3:4] == ["--"]:
        from codi_tui.cli.complete import answer

        return answer(words[2], words[4:])
    if wants_help(words):
        from codi_tui.cli.help_pages import help_of

        return help_of(words)
    if first == "ui":
        return _workspace(words[1:])
    if first == "config":
        from codi_tui.cli.config import main as config

        return config(words[1:])
    if first == "auth":
        from codi_tui.cli.auth import main as auth

        return auth(words[1:])
    if first == "connect":
        from codi_tui.cli.connect import main as connect

        return connect(words[1:])
    if first == "log":
        from codi_tui.cli.log import main as log

        return log(words[1:])
    if first == "sync":
        from codi_tui.cli.sync import main as sync

        return sync(words[1:])
    if first == "session":
        from codi_tui.cli.session import main as session

        return session(words[1:])
    if first == "mcp":
        return _agents(words[1:])
    raise AssertionError(first)


def _workspace(words: list[str]) -> int:
    from codi_tui.errors import CodiError
    from codi_tui.ui.launch import main as workspace

    try:
        return workspace(words)
    except CodiError as error:
        from codi_tui.cli.narration import report

        return report(error)


def _agents(words: list[str]) -> int:
    """What people ask of `codi mcp` is the command line's; serving an agent is a door of its own."""
    if words[:1] != ["serve"]:
        from codi_tui.cli.mcp import main as people

        return people(words)
    from codi_tui.errors import CodiError
    from codi_tui.mcp.serve import main as serve

    try:
        return serve(words)
    except CodiError as error:
        from codi_tui.cli.narration import report

        return report(error)


def _not_an_option(word: str) -> int:
    from codi_tui.cli.narration import report
    from codi_tui.errors import UsageError
    from codi_tui.manual.words import did_you_mean

    problem = f"{word[:80]} is not one of codi's options{did_you_mean(word, ('--help', '--version'))}"
    return report(
        UsageError([problem], usage="usage: codi [--help | --version | COMMAND | BUILT-IN] …", hint="codi help")
    )


def _system_error(error: OSError) -> int:
    from codi_tui.cli.narration import report
    from codi_tui.errors import CodiError

    where = f": {error.filename}" if error.filename else ""
    return report(CodiError(f"the system refused: {error.strerror or error}{where}", code="E_OUTPUT"))


def _internal_error(error: Exception) -> int:
    from codi_tui.cli.narration import report
    from codi_tui.errors import CodiError

    if "CODI_TRACEBACK" in os.environ:
        import traceback

        from codi_tui.cli.narration import write_stderr
        from codi_tui.text import sanitize

        write_stderr(sanitize("".join(traceback.format_exception(error))).encode())
    said = CodiError(
        f"this is a fault in codi: {type(error).__name__}: {str(error)[:300]}",
        code="E_INTERNAL",
        hint="run it again with CODI_TRACEBACK=1 and report what it prints",
    )
    return report(said)
