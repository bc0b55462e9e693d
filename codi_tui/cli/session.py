"""`codi session`: the runs that were. What is shown is in `session_show`."""

from __future__ import annotations

import time

from codi_tui.cli.dispatch import dispatch
from codi_tui.cli.exits import OK
from codi_tui.cli.narration import STDOUT, notice, write_all
from codi_tui.errors import CodiError, UsageError
from codi_tui.manual.session import SESSION
from codi_tui.operations.core import drive
from codi_tui.operations.sessions import (
    find_run,
    parse_age,
    parse_number,
    recorded_output,
    repeatable_arguments,
    run_facts,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.manual.words import Words
    from codi_tui.runs.history import HistoryStore

_LIMIT_MAX = 10_000


def main(words: Sequence[str]) -> int:
    """`codi session …`: returns the exit status."""
    return dispatch(SESSION, words, _VERBS)


def _list(parsed: Words) -> int:
    from codi_tui.cli.page import show_json, show_lines
    from codi_tui.cli.session_show import list_lines
    from codi_tui.runs.history import Wanted

    age, limit = _age(parsed, "--since"), parsed.options.get("--limit", "20")
    if not (limit.isascii() and limit.isdigit() and int(limit) <= _LIMIT_MAX):
        parsed.problems.append(f"--limit must be a whole number from 0 to {_LIMIT_MAX}")
    parsed.check()
    since_ms = None if age is None else int((time.time() - age) * 1000)
    wanted = Wanted(
        parsed.rest, parsed.options.get("--command"), "--failed" in parsed.options, since_ms, limit=int(limit)
    )
    runs = drive(_history().find(wanted))
    if parsed.as_json:
        show_json([run_facts(run) for run in runs])
    else:
        show_lines(list_lines(runs))
    return OK


def _show(parsed: Words) -> int:
    from codi_tui.cli.page import show_json, show_lines
    from codi_tui.cli.session_show import run_lines

    parsed.check()
    run = drive(find_run(_history(), parse_number(parsed.rest[0])))
    if parsed.as_json:
        show_json(run_facts(run))
    else:
        show_lines(run_lines(run))
    return OK


def _resume(parsed: Words) -> int:
    parsed.check()
    run = drive(find_run(_history(), parse_number(parsed.rest[0])))
    if run.library is None or run.digest is None:
        raise UsageError([f"run {run.number} was refused before anything ran: codi run {run.command}"])
    arguments, hidden = repeatable_arguments(run)
    if hidden:
        notice(f"not recorded, and to be given behind --: {', '.join(hidden)}")
    notice(f"runs {run.command} again, from its beginning (run {run.number} of {run_facts(run)['started']})")
    from codi_tui.cli.run import again

    return again(run, arguments, parsed.behind)


def _export(parsed: Words) -> int:
    from codi_tui.operations.session_export import export

    output_format = parsed.options.get("--format", "text")
    parsed.check()
    history = _history()
    run = drive(find_run(history, parse_number(parsed.rest[0])))
    chunks = drive(recorded_output(history, run))
    write_all(STDOUT, export(run, chunks, output_format).encode(errors="replace"))
    return OK


def _rm(parsed: Words) -> int:
    from codi_tui.cli.page import show_lines

    age, everything = _age(parsed, "--older"), "--all" in parsed.options
    if (bool(parsed.rest) + ("--older" in parsed.options) + everything) != 1:
        parsed.problems.append("say which runs: their numbers, or --older AGE, or --all")
    parsed.check()
    history = _history()
    if everything and "--yes" not in parsed.options:
        _ask()
    numbers = [drive(find_run(history, parse_number(word))).number for word in parsed.rest] if parsed.rest else None
    before_ms = None if age is None else int((time.time() - age) * 1000)
    removed = drive(history.remove(numbers, before_ms=before_ms))
    show_lines([f"forgotten: {removed} run{'' if removed == 1 else 's'}"])
    return OK


def _ask() -> None:
    """Go on only when a person at the terminal says yes.

    Raises:
        CodiError: `E_TERMINAL`, there is nobody; `E_DECLINED`, they did not.
    """
    from codi_tui.cli.question import confirm

    if not confirm("Forget all runs and their output?", otherwise="codi session rm --all --yes"):
        raise CodiError("nothing was forgotten", code="E_DECLINED")


def _age(parsed: Words, name: str) -> int | None:
    if name not in parsed.options:
        return None
    try:
        return parse_age(parsed.options[name])
    except ValueError as error:
        parsed.problems.append(f"{name}: {error}")
        return None


def _history() -> HistoryStore:
    """The history, without the rest of the core: it can be read when nothing else can."""
    import os

    from codi_tui.cache.storage import BlockingStorage
    from codi_tui.runs.history import HISTORY_FILE, HistoryStore
    from codi_tui.runtime import RuntimeMode

    return HistoryStore(os.path.join(RuntimeMode.detect().data_folder(), HISTORY_FILE), BlockingStorage.open)


_VERBS: dict[str, Callable[[Words], int]] = {
    "session list": _list,
    "session show": _show,
    "session resume": _resume,
    "session export": _export,
    "session rm": _rm,
}
