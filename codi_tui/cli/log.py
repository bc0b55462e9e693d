"""`codi log`: the log and the audit trail. Reading is in `log_lines`."""

from __future__ import annotations

from codi_tui.cli.dispatch import dispatch
from codi_tui.cli.exits import OK
from codi_tui.errors import TrustError
from codi_tui.manual.log import LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.cli.log_lines import Filter
    from codi_tui.manual.words import Words

_LINES_MAX = 100_000


def main(words: Sequence[str]) -> int:
    """`codi log …`: returns the exit status."""
    return dispatch(LOG, words, _VERBS)


def _show(parsed: Words) -> int:
    wanted, lines = _filter(parsed), _lines(parsed, 50)
    parsed.check()
    from codi_tui.cli.log_lines import last_lines, show_line

    for line in last_lines(_files(parsed), wanted, lines):
        show_line(line, as_json=parsed.as_json)
    return OK


def _follow(parsed: Words) -> int:
    wanted, lines = _filter(parsed), _lines(parsed, 10)
    parsed.check()
    from codi_tui.cli.log_follow import follow

    follow(_files(parsed), wanted, lines, as_json=parsed.as_json)
    return OK


def _verify(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.page import show_json, show_lines
    from codi_tui.operations.audit import renew, verify

    path = _audit_path()
    if "--renew" in parsed.options:
        moved = renew(path)
        if parsed.as_json:
            show_json({"kept": moved})
        else:
            show_lines([f"kept as {file}" for file in moved] + ["a new audit trail is begun"])
        return OK
    verdict = verify(path)
    if parsed.as_json:
        show_json(
            {
                "whole": verdict.whole,
                "entries": verdict.lines,
                "first": verdict.first_seq,
                "last": verdict.last_seq,
                "head": verdict.head,
                "findings": verdict.findings,
            }
        )
    elif verdict.whole:
        nothing = "whole: nothing was ever written to it"
        show_lines(
            [nothing]
            if not verdict.last_seq
            else [f"whole: {verdict.lines} entries, {verdict.first_seq} to {verdict.last_seq}; head {verdict.head}"]
        )
    else:
        show_lines(verdict.findings)
    if verdict.whole:
        return OK
    raise TrustError(
        "the audit trail is not what codi wrote",
        code="E_AUDIT",
        hint=f"look at {path} and at your backups; codi log verify --renew keeps it and begins a new one",
    )


def _path(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.page import show_json, show_lines

    paths = {"log": _log_path(), "audit": _audit_path()}
    if parsed.as_json:
        show_json(paths)
    else:
        show_lines(f"{name:<6} {path}" for name, path in paths.items())
    return OK


def _filter(parsed: Words) -> Filter:
    from codi_tui.cli.log_lines import Filter

    options = parsed.options
    level = options.get("--level")
    if level is not None and "--audit" in options:
        parsed.problems.append("--level does not go with --audit: the trail has no levels")
    since = None
    if "--since" in options:
        from codi_tui.operations.sessions import parse_age

        try:
            since = parse_age(options["--since"])
        except ValueError as error:
            parsed.problems.append(f"--since: {error}")
    return Filter(level, options.get("--event"), since)


def _lines(parsed: Words, default: int) -> int:
    text = parsed.options.get("--lines", str(default))
    if not (text.isascii() and text.isdigit() and int(text) <= _LINES_MAX):
        parsed.problems.append(f"--lines must be a whole number from 0 to {_LINES_MAX}")
        return 0
    return int(text)


def _files(parsed: Words) -> list[str]:
    """The files to read, the oldest first."""
    if "--audit" in parsed.options:
        from codi_tui.operations.audit import trail_files

        return trail_files(_audit_path())
    from codi_tui.runs.log import log_files

    return log_files(_log_path())


def _log_path() -> str:
    from codi_tui.runs.log import LOG_FILE

    return _in_data_folder(LOG_FILE)


def _audit_path() -> str:
    from codi_tui.state.audit import AUDIT_FILE

    return _in_data_folder(AUDIT_FILE)


def _in_data_folder(name: str) -> str:
    import os

    from codi_tui.runtime import RuntimeMode

    return os.path.join(RuntimeMode.detect().data_folder(), name)


_VERBS: dict[str, Callable[[Words], int]] = {
    "log show": _show,
    "log follow": _follow,
    "log verify": _verify,
    "log path": _path,
}
