"""`codi sync`: the local copy of libraries. The verbs are in `sync_pull`, `sync_show`, `sync_keep` and `sync_carry`."""

from __future__ import annotations

from codi_tui.cli.dispatch import dispatch
from codi_tui.manual.sync import SYNC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.manual.words import Words

_UNITS = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}


def main(words: Sequence[str]) -> int:
    """`codi sync …`: returns the exit status."""
    return dispatch(SYNC, words, _VERBS)


def _pull(parsed: Words) -> int:
    if {"--lock", "--frozen"} <= set(parsed.options):
        parsed.problems.append("--lock and --frozen do not go together: one writes codi.lock, the other holds to it")
    parsed.check()
    from codi_tui.cli.sync_pull import pull

    options = parsed.options
    return pull(
        parsed.rest,
        locks="--lock" in options,
        frozen="--frozen" in options,
        compiles="--no-compile" not in options,
        offline="--offline" in options,
        as_json=parsed.as_json,
    )


def _status(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_show import status

    return status(offline="--offline" in parsed.options, as_json=parsed.as_json)


def _verify(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_show import verify

    return verify(as_json=parsed.as_json)


def _pin(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_keep import pin

    options = parsed.options
    return pin(parsed.rest[0], locks="--lock" in options, asks="--yes" not in options, offline="--offline" in options)


def _unpin(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_keep import unpin

    return unpin(parsed.rest[0])


def _evict(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_keep import evict

    return evict(parsed.rest[0])


def _prune(parsed: Words) -> int:
    from codi_tui.operations.sessions import parse_age

    age = _value(parsed, "--older-than", parse_age)
    size = _value(parsed, "--larger-than", _parse_size)
    if not {"--older-than", "--larger-than"} & set(parsed.options):
        parsed.problems.append("--older-than or --larger-than is missing: codi sync clear drops everything")
    parsed.check()
    from codi_tui.cli.sync_keep import prune

    return prune(age, size, tries="--dry-run" in parsed.options, as_json=parsed.as_json)


def _clear(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_keep import clear

    return clear(asks="--yes" not in parsed.options)


def _export(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_carry import export_file

    return export_file(parsed.rest[0], parsed.rest[1:], offline="--offline" in parsed.options)


def _import(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.sync_carry import import_file

    return import_file(parsed.rest[0], compiles="--no-compile" not in parsed.options, as_json=parsed.as_json)


def _value(parsed: Words, name: str, parse: Callable[[str], int]) -> int | None:
    if name not in parsed.options:
        return None
    try:
        return parse(parsed.options[name])
    except ValueError as error:
        parsed.problems.append(f"{name}: {error}")
        return None


def _parse_size(text: str) -> int:
    """A size such as `500kB` or `10MB`, in bytes.

    Raises:
        ValueError: it is none.
    """
    number = text.rstrip("BkMG")
    unit = text[len(number) :] or "B"
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise ValueError(f"{text[:40]!r} is no size such as 500kB or 10MB")
    return int(number) * _UNITS[unit]


_VERBS: dict[str, Callable[[Words], int]] = {
    "sync pull": _pull,
    "sync status": _status,
    "sync verify": _verify,
    "sync pin": _pin,
    "sync unpin": _unpin,
    "sync evict": _evict,
    "sync prune": _prune,
    "sync clear": _clear,
    "sync export": _export,
    "sync import": _import,
}
