"""`codi sync`: the local copy of libraries. The texts are in `sync_help`, the verbs in `sync_pull` and `sync_keep`."""

from __future__ import annotations

from codi_tui.cli import sync_help
from codi_tui.cli.exits import INTERRUPTED, OK
from codi_tui.cli.flags import parse_words
from codi_tui.cli.narration import STDOUT, report, write_all
from codi_tui.errors import CodiError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.cli.flags import Words

_HELP = ("-h", "--help")
_NAMES_MAX = 1_000
_UNITS = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}


def main(words: Sequence[str]) -> int:
    """`codi sync …`: returns the exit status."""
    as_json = "--json" in words
    try:
        return _sync(list(words))
    except CodiError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever reads has had enough


def _sync(words: list[str]) -> int:
    first = words[0] if words else ""
    if first in _HELP:
        return _help(sync_help.SYNC)
    if first not in _VERBS:
        what = f"codi sync has no verb {first[:80]!r}" if first else "codi sync needs a verb"
        raise UsageError([what], usage=sync_help.SYNC_USAGE, hint="codi sync --help")
    text, verb = _VERBS[first]
    return _help(text) if any(word in _HELP for word in words[1:]) else verb(words[1:])


def _help(text: str) -> int:
    write_all(STDOUT, text.encode())
    return OK


def _pull(words: list[str]) -> int:
    parsed = _libraries(words, sync_help.PULL_USAGE, ("--lock", "--frozen", "--no-compile", "--offline", "--json"))
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


def _status(words: list[str]) -> int:
    parsed = parse_words(words, usage=sync_help.STATUS_USAGE, switches=("--offline", "--json"))
    parsed.check()
    from codi_tui.cli.sync_show import status

    return status(offline="--offline" in parsed.options, as_json=parsed.as_json)


def _verify(words: list[str]) -> int:
    parsed = parse_words(words, usage=sync_help.VERIFY_USAGE, switches=("--json",))
    parsed.check()
    from codi_tui.cli.sync_show import verify

    return verify(as_json=parsed.as_json)


def _pin(words: list[str]) -> int:
    switches = ("--lock", "--yes", "--offline")
    parsed = parse_words(words, usage=sync_help.PIN_USAGE, names=("LIBRARY",), switches=switches)
    parsed.check()
    from codi_tui.cli.sync_keep import pin

    options = parsed.options
    return pin(parsed.rest[0], locks="--lock" in options, asks="--yes" not in options, offline="--offline" in options)


def _unpin(words: list[str]) -> int:
    parsed = parse_words(words, usage=sync_help.UNPIN_USAGE, names=("LIBRARY",))
    parsed.check()
    from codi_tui.cli.sync_keep import unpin

    return unpin(parsed.rest[0])


def _evict(words: list[str]) -> int:
    parsed = parse_words(words, usage=sync_help.EVICT_USAGE, names=("LIBRARY",))
    parsed.check()
    from codi_tui.cli.sync_keep import evict

    return evict(parsed.rest[0])


def _prune(words: list[str]) -> int:
    parsed = parse_words(
        words,
        usage=sync_help.PRUNE_USAGE,
        switches=("--dry-run", "--json"),
        values=("--older-than", "--larger-than"),
    )
    from codi_tui.operations.sessions import parse_age

    age = _value(parsed, "--older-than", parse_age)
    size = _value(parsed, "--larger-than", _parse_size)
    if not {"--older-than", "--larger-than"} & set(parsed.options):
        parsed.problems.append("--older-than or --larger-than is missing: codi sync clear drops everything")
    parsed.check()
    from codi_tui.cli.sync_keep import prune

    return prune(age, size, tries="--dry-run" in parsed.options, as_json=parsed.as_json)


def _clear(words: list[str]) -> int:
    parsed = parse_words(words, usage=sync_help.CLEAR_USAGE, switches=("--yes",))
    parsed.check()
    from codi_tui.cli.sync_keep import clear

    return clear(asks="--yes" not in parsed.options)


def _export(words: list[str]) -> int:
    parsed = _libraries(words, sync_help.EXPORT_USAGE, ("--offline",))
    if not parsed.rest:
        parsed.problems.append("FILE is missing")
    parsed.check()
    from codi_tui.cli.sync_carry import export_file

    return export_file(parsed.rest[0], parsed.rest[1:], offline="--offline" in parsed.options)


def _import(words: list[str]) -> int:
    switches = ("--no-compile", "--json")
    parsed = parse_words(words, usage=sync_help.IMPORT_USAGE, names=("FILE",), switches=switches)
    parsed.check()
    from codi_tui.cli.sync_carry import import_file

    return import_file(parsed.rest[0], compiles="--no-compile" not in parsed.options, as_json=parsed.as_json)


def _libraries(words: list[str], usage: str, switches: Sequence[str]) -> Words:
    """The words of a verb that takes any number of libraries."""
    return parse_words(words, usage=usage, names=("LIBRARY",) * _NAMES_MAX, optional=True, switches=switches)


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


_VERBS: dict[str, tuple[str, Callable[[list[str]], int]]] = {
    "pull": (sync_help.PULL, _pull),
    "status": (sync_help.STATUS, _status),
    "verify": (sync_help.VERIFY, _verify),
    "pin": (sync_help.PIN, _pin),
    "unpin": (sync_help.UNPIN, _unpin),
    "evict": (sync_help.EVICT, _evict),
    "prune": (sync_help.PRUNE, _prune),
    "clear": (sync_help.CLEAR, _clear),
    "export": (sync_help.EXPORT, _export),
    "import": (sync_help.IMPORT, _import),
}
