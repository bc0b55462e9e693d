"""`codi session`: the runs that were. The texts are in `session_help`, what is shown in `session_show`."""

from __future__ import annotations

import time

from codi_tui.cli import session_help
from codi_tui.cli.exits import INTERRUPTED, OK
from codi_tui.cli.flags import parse_words
from codi_tui.cli.narration import STDOUT, notice, report, write_all
from codi_tui.errors import CodiError, UsageError
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

    from codi_tui.cli.flags import Words
    from codi_tui.runs.history import HistoryStore

_HELP = ("-h", "--help")
_LIMIT_MAX = 10_000
_WORDS_MAX = 1_000


def main(words: Sequence[str]) -> int:
    """`codi session …`: returns the exit status."""
    as_json = "--json" in words
    try:
        return _session(list(words))
    except CodiError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever reads has had enough


def _session(words: list[str]) -> int:
    first = words[0] if words else ""
    if first in _HELP:
        return _help(session_help.SESSION)
    if first not in _VERBS:
        what = f"codi session has no verb {first[:80]!r}" if first else "codi session needs a verb"
        raise UsageError([what], usage=session_help.SESSION_USAGE, hint="codi session --help")
    text, verb = _VERBS[first]
    own = words[1 : words.index("--")] if "--" in words else words[1:]
    return _help(text) if any(word in _HELP for word in own) else verb(words[1:])


def _help(text: str) -> int:
    write_all(STDOUT, text.encode())
    return OK


def _list(words: list[str]) -> int:
    from codi_tui.cli.page import show_json, show_lines
    from codi_tui.cli.session_show import list_lines
    from codi_tui.runs.history import Wanted

    parsed = parse_words(
        words,
        usage=session_help.LIST_USAGE,
        names=["WORD"] * _WORDS_MAX,
        optional=True,
        switches=("--json", "--failed"),
        values=("--command", "--since", "--limit"),
    )
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


def _show(words: list[str]) -> int:
    from codi_tui.cli.page import show_json, show_lines
    from codi_tui.cli.session_show import run_lines

    parsed = parse_words(words, usage=session_help.SHOW_USAGE, names=("RUN",), switches=("--json",))
    parsed.check()
    run = drive(find_run(_history(), parse_number(parsed.rest[0])))
    if parsed.as_json:
        show_json(run_facts(run))
    else:
        show_lines(run_lines(run))
    return OK


def _resume(words: list[str]) -> int:
    own, flags = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    parsed = parse_words(own, usage=session_help.RESUME_USAGE, names=("RUN",))
    parsed.check()
    run = drive(find_run(_history(), parse_number(parsed.rest[0])))
    if run.library is None or run.digest is None:
        raise UsageError([f"run {run.number} was refused before anything ran: codi run {run.command}"])
    arguments, hidden = repeatable_arguments(run)
    if hidden:
        notice(f"not recorded, and to be given behind --: {', '.join(hidden)}")
    notice(f"runs {run.command} again, from its beginning (run {run.number} of {run_facts(run)['started']})")
    from codi_tui.cli.run import again

    return again(run, arguments, flags)


def _export(words: list[str]) -> int:
    from codi_tui.operations.session_export import FORMATS, export

    parsed = parse_words(words, usage=session_help.EXPORT_USAGE, names=("RUN",), values=("--format",))
    output_format = parsed.options.get("--format", "text")
    if output_format not in FORMATS:
        parsed.problems.append(f"--format must be one of {', '.join(FORMATS)}")
    parsed.check()
    history = _history()
    run = drive(find_run(history, parse_number(parsed.rest[0])))
    chunks = drive(recorded_output(history, run))
    write_all(STDOUT, export(run, chunks, output_format).encode(errors="replace"))
    return OK


def _rm(words: list[str]) -> int:
    from codi_tui.cli.page import show_lines

    parsed = parse_words(
        words,
        usage=session_help.RM_USAGE,
        names=["RUN"] * _WORDS_MAX,
        optional=True,
        switches=("--all", "--yes"),
        values=("--older",),
    )
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


_VERBS: dict[str, tuple[str, Callable[[list[str]], int]]] = {
    "list": (session_help.LIST, _list),
    "show": (session_help.SHOW, _show),
    "resume": (session_help.RESUME, _resume),
    "export": (session_help.EXPORT, _export),
    "rm": (session_help.RM, _rm),
}
