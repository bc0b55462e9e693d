"""What codi says on stderr: one plain line each, sanitised; errors with their code and the next step."""

from __future__ import annotations

import os

from codi_tui.cli.exits import status_of
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
        for line in (error.usage or "").splitlines():
            say(line)
        if error.hint:
            say(f"codi: next: {error.hint}")
    else:
        for line in lines:
            say(f"  {line}")
        report_failure(error_document(error))
    return status_of(error.code)


def report_failure(document: dict[str, str | None]) -> None:
    """An error document as a person reads it."""
    library = f"{document['library']}: " if document.get("library") else ""
    say(f"codi: {library}{document['message']} ({document['code']})")
    if document.get("hint"):
        say(f"codi: next: {document['hint']}")


def report_document(document: Mapping[str, object]) -> None:
    """An error document as a program reads it."""
    import json

    write_stderr(f"{json.dumps({'error': document})}\n".encode())
