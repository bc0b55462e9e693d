"""What a verb of `codi-registry` tells: lines for a person, the same facts for a program, and an exit status."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from codi_tui.errors import (
    CacheError,
    CodiError,
    ConfigError,
    FetchError,
    GrantError,
    HandlerError,
    InputError,
    LimitError,
    NotFoundError,
    ProtocolError,
    StateError,
    UnavailableError,
    UsageError,
)
from codi_tui.model.events import error_document
from codi_tui.text import sanitize_line

_LINE_CHARACTERS = 4000
_STATUS: dict[type[CodiError], int] = {
    UsageError: 64,
    InputError: 65,
    NotFoundError: 66,
    UnavailableError: 69,
    FetchError: 69,
    HandlerError: 70,
    CacheError: 74,
    StateError: 74,
    LimitError: 75,
    ProtocolError: 76,
    ConfigError: 78,
}
_EXISTS, _REFUSED = 73, 77


class Outcome:
    """What a verb did.

    Attributes:
        facts: as `--json` gives it.
        lines: as a person reads it; not sanitised.
        status: the exit status; 1 is a verb's own "no", such as an example that fails.
    """

    __slots__ = ("facts", "lines", "status")

    def __init__(self, facts: dict[str, Any], lines: Iterable[str], status: int = 0) -> None:
        self.facts = facts
        self.lines = lines
        self.status = status


class BuildError(InputError):
    """The toolchain refused the author's source; `lines` is what it said."""

    default_code = "E_BUILD"

    def __init__(self, message: str, lines: list[str], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.lines = lines


def exists(message: str, hint: str | None = None) -> CodiError:
    """Something of that name is there already, and is not overwritten."""
    return CodiError(message, code="E_EXISTS", hint=hint)


def show(outcome: Outcome, *, as_json: bool) -> int:
    """Write an outcome to stdout; returns the exit status."""
    if as_json:
        print(json.dumps(outcome.facts, indent=2))
    else:
        for line in outcome.lines:
            print(_safe(line))
    sys.stdout.flush()
    return outcome.status


def report(error: CodiError, *, as_json: bool) -> int:
    """Say an error on stderr, with what to do next; returns the exit status."""
    lines = error.lines if isinstance(error, (BuildError, GrantError)) else []
    if as_json:
        document = {**error_document(error), **({"details": lines} if lines else {})}
        print(json.dumps({"error": document}), file=sys.stderr)
        return _status(error)
    for line in lines:
        print(_safe(line), file=sys.stderr)
    messages = error.problems if isinstance(error, UsageError) else [f"{error.message} ({error.code})"]
    for message in messages:
        print(_safe(f"codi-registry: {message}"), file=sys.stderr)
    if error.hint:
        print(_safe(f"codi-registry: next: {error.hint}"), file=sys.stderr)
    return _status(error)


def from_os(error: OSError) -> CodiError:
    """An error of the operating system, as one of codi's."""
    what = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    if isinstance(error, FileExistsError):
        return exists(f"{what}it exists already")
    return InputError(f"{what}{error.strerror or error}")


def _status(error: CodiError) -> int:
    if error.code == "E_EXISTS":
        return _EXISTS
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), _REFUSED)


def _safe(line: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    return sanitize_line(line, _LINE_CHARACTERS).encode(encoding, "replace").decode(encoding)
