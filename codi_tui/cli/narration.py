"""What codi says on stderr: one plain line each, sanitised; errors with their code and the next step."""

from __future__ import annotations

import os

from codi_tui.cli.exits import BROKE_PROTOCOL, CRASHED, REFUSED, status_of
from codi_tui.errors import CodiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

STDOUT, STDERR = 1, 2


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, waiting where the descriptor does not block.

    Raises:
        BrokenPipeError: whoever reads has had enough.
        CodiError: `E_OUTPUT`, it cannot be written.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            import select

            select.select([], [descriptor], [])
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CodiError(f"cannot write the output: {error.strerror}", code="E_OUTPUT") from None


def write_stderr(data: bytes) -> None:
    """Write to stderr, if there is one that takes it."""
    try:
        write_all(STDERR, data)
    except (BrokenPipeError, CodiError):
        pass


def say(line: str) -> None:
    """A line on stderr; nothing when stderr is gone."""
    from codi_tui.text import sanitize_line

    write_stderr(f"{sanitize_line(line, 4000)}\n".encode(errors="replace"))


def notice(message: str) -> None:
    """Something that the user should know although the work goes on."""
    say(f"codi: note: {message}")


def report(error: CodiError, *, as_json: bool = False) -> int:
    """Say an error and return its exit status."""
    from codi_tui.errors import GrantError, UsageError
    from codi_tui.model.events import error_document

    lines = error.lines if isinstance(error, GrantError) else []
    if as_json:
        report_document({**error_document(error), **({"details": lines} if lines else {})})
    elif isinstance(error, UsageError):
        *problems, last = error.problems
        for problem in [*problems, f"{last} ({error.code})"]:
            say(f"codi: {problem}")
        for line in _usage_lines(error.usage or ""):
            say(line)
        if error.hint:
            say(f"codi: next: {error.hint}")
    else:
        for line in lines:
            say(f"  {line}")
        report_failure(error_document(error))
    return status_of(error.code)


def _usage_lines(usage: str) -> list[str]:
    """A usage line as it was written, or broken at the terminal's width."""
    try:
        columns = os.get_terminal_size(STDERR).columns
    except OSError:
        columns = 0
    if not usage or not columns:
        return usage.splitlines()
    from codi_tui.manual.pages import broken

    return [part for line in usage.splitlines() for part in broken(line, columns)]


def report_failure(document: dict[str, str | None]) -> None:
    """An error document as a person reads it."""
    library = f"{document['library']}: " if document.get("library") else ""
    say(f"codi: {library}{document['message']} ({document['code']})")
    if hint := document.get("hint") or _next_step(document):
        say(f"codi: next: {hint}")


def _next_step(document: Mapping[str, object]) -> str | None:
    """What to do about an error that brings no hint of its own."""
    status, library = status_of(str(document["code"])), document.get("library")
    if status == CRASHED:
        return "tell the library's publisher; codi session show last has what is known of the run"
    if status == BROKE_PROTOCOL:
        return "tell the server's operator; a proxy or a portal in between may answer for it, too"
    if status == REFUSED and library:
        return f"codi auth trust explain {library} tells what was checked; its publisher can mend it"
    return None


def report_document(document: Mapping[str, object]) -> None:
    """An error document as a program reads it."""
    import json

    document = {**document, "hint": document.get("hint") or _next_step(document)}
    write_stderr(f"{json.dumps({'error': document})}\n".encode())
