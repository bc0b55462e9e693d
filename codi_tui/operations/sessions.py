"""Sessions: the runs that were, for whoever lists, shows, exports, forgets or repeats them."""

from __future__ import annotations

import json

from codi_tui.errors import HistoryError, NotFoundError, TrustError, UsageError
from codi_tui.model.times import timestamp
from codi_tui.runs.redact import HIDDEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codi_tui.runs.history import HistoryStore, PastRun
    from codi_tui.runs.output import Chunk
    from codi_tui.trust import CommandLibrary

LATEST = "last"
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


def parse_number(word: str) -> int | None:
    """A run's number as it is written, or None for the latest.

    Raises:
        UsageError: it is neither.
    """
    if word == LATEST:
        return None
    if word.isascii() and word.isdigit() and 0 < int(word) < 2**53:
        return int(word)
    raise UsageError([f"{word[:80]!r} is no run's number; codi session list shows them"])


def parse_age(text: str) -> int:
    """An age such as `90m`, `12h`, `7d` or `2w`, in seconds.

    Raises:
        ValueError: it is none.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 6:
        raise ValueError(f"{text[:40]!r} is no age such as 90m, 12h, 7d or 2w")
    return int(number) * _UNITS[unit]


async def find_run(history: HistoryStore, number: int | None) -> PastRun:
    """A run by its number, or the latest.

    Raises:
        NotFoundError: it is not known, or no longer.
        HistoryError: the history cannot be read.
    """
    run = await history.get(number)
    if run is None:
        what = "no run is recorded yet" if number is None else f"run {number} is not known, or no longer"
        raise NotFoundError(what, hint="codi session list shows the runs that are")
    return run


async def recorded_output(history: HistoryStore, run: PastRun) -> list[Chunk]:
    """What was recorded of a run's output.

    Raises:
        NotFoundError: nothing was.
        HistoryError: it cannot be read.
    """
    from codi_tui.runs.output import unpack

    packed = await history.output(run.number)
    if packed is None:
        raise NotFoundError(
            f"the output of run {run.number} was not recorded, or is no longer kept",
            hint="codi run --record COMMAND records it",
        )
    return unpack(packed)


def arguments_of(run: PastRun) -> dict[str, Any]:
    """A run's arguments, secrets redacted.

    Raises:
        HistoryError: the record is damaged.
    """
    try:
        arguments = json.loads(run.arguments)
    except (ValueError, RecursionError, TypeError):
        arguments = None
    if not isinstance(arguments, dict):
        raise HistoryError(f"the record of run {run.number} is damaged", code="E_RUNS_DAMAGED")
    return arguments


def repeatable_arguments(run: PastRun) -> tuple[dict[str, Any], list[str]]:
    """The arguments that a repetition can use, and the names of those that were not kept.

    Raises:
        HistoryError: the record is damaged.
    """
    arguments = arguments_of(run)
    hidden = [name for name, value in arguments.items() if HIDDEN in json.dumps(value)]
    return {name: value for name, value in arguments.items() if name not in hidden}, hidden


def check_again(run: PastRun, library: CommandLibrary, notice: Callable[[str], None]) -> None:
    """Whether a command is still the one that ran: from the same server; a new release is said.

    Raises:
        TrustError: `E_CHANGED`, it comes from somewhere else now.
    """
    if library.origin != run.origin or library.name != run.library:
        raise TrustError(
            f"{run.command} came from {run.library} of {run.origin}, and comes from {library.name} of {library.origin} now",
            code="E_CHANGED",
            hint=f"if that is meant: codi run {library.name}:{run.command} …",
        )
    if library.digest != run.digest:
        notice(f"{library.name} was {run.version} then and is {library.version} now, another release")


def outcome_words(run: PastRun) -> str:
    """How a run ended: `exit 0`, or the error's code."""
    if run.outcome == "completed":
        return f"exit {run.exit_status}"
    return f"{run.outcome} {run.code}" if run.code else run.outcome


def run_facts(run: PastRun) -> dict[str, Any]:
    """A run for a program."""
    facts = {name: getattr(run, name) for name in _MEMBERS}
    return {
        "number": run.number,
        "started": timestamp(run.started_ms / 1000),
        "command": run.command,
        "arguments": arguments_of(run),
        **facts,
    }


_MEMBERS = (
    *("door", "library", "version", "origin", "digest", "signer", "started_ms", "duration_ms"),
    *("outcome", "exit_status", "code", "message", "output_bytes"),
)
