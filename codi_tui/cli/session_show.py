"""`codi session list` and `show`: a run as a line, and as a page."""

from __future__ import annotations

import json
import time

from codi_tui.operations.sessions import arguments_of, outcome_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codi_tui.runs.history import PastRun

_ARGUMENTS_CHARACTERS = 60


def list_lines(runs: Sequence[PastRun]) -> Iterator[str]:
    """A line for each run."""
    if not runs:
        yield "no such run"
        return
    number = max(len(str(run.number)) for run in runs)
    command = max(len(run.command[:40]) for run in runs)
    outcome = max(len(outcome_words(run)) for run in runs)
    for run in runs:
        recorded = "output" if run.output_bytes else ""
        yield (
            f"{run.number:>{number}}  {_local(run.started_ms)}  {took(run.duration_ms):>8}  "
            f"{outcome_words(run):<{outcome}}  {run.command[:40]:<{command}}  {recorded:<6}  {_short(run)}"
        ).rstrip()


def run_lines(run: PastRun) -> Iterator[str]:
    """A run's page."""
    rows = {
        "run": run.number,
        "command": run.command,
        "begun": _local(run.started_ms),
        "took": took(run.duration_ms),
        "outcome": outcome_words(run),
        "error": run.message,
        "library": None if run.version is None else f"{run.library} {run.version} from {run.origin}",
        "digest": run.digest,
        "signed by": run.signer,
        "through": {"ui": "the workspace", "mcp": "an agent"}.get(run.door, "the command line"),
        "arguments": json.dumps(arguments_of(run), ensure_ascii=False) if run.arguments != "{}" else None,
        "output": f"recorded: codi session export {run.number}" if run.output_bytes else "not recorded",
    }
    for name, value in rows.items():
        if value is not None:
            yield f"{name:<10} {value}"


def took(milliseconds: int) -> str:
    """A duration."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 120 else f"{int(seconds) // 60} min {int(seconds) % 60} s"


def _local(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def _short(run: PastRun) -> str:
    """The arguments, as far as there is room."""
    text = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments_of(run).items())
    return text if len(text) <= _ARGUMENTS_CHARACTERS else f"{text[: _ARGUMENTS_CHARACTERS - 1]}…"
