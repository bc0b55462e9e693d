"""`codi auth`: whom codi trusts. The texts are in `auth_help`, the verbs in `auth_trust` and `auth_explain`."""

from __future__ import annotations

from codi_tui.cli import auth_help
from codi_tui.cli.exits import INTERRUPTED, OK
from codi_tui.cli.flags import parse_words
from codi_tui.cli.narration import STDOUT, report, write_all
from codi_tui.errors import CodiError, UnavailableError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.cli.flags import Words

_HELP = ("-h", "--help")
_ABSENT = ("login", "logout", "status")


def main(words: Sequence[str]) -> int:
    """`codi auth …`: returns the exit status."""
    as_json = "--json" in words
    try:
        return _auth(list(words))
    except CodiError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return OK  # whoever reads has had enough


def _auth(words: list[str]) -> int:
    first = words[0] if words else ""
    if first in _HELP:
        return _help(auth_help.AUTH)
    if first == "trust":
        return _trust(words[1:])
    if first in _ABSENT:
        raise UnavailableError(f"codi auth {first} is not in this version", hint="codi auth --help")
    raise UsageError([_unknown("auth", first)], usage=auth_help.AUTH_USAGE, hint="codi auth --help")


def _trust(words: list[str]) -> int:
    first = words[0] if words else ""
    if first in _HELP:
        return _help(auth_help.TRUST)
    verb = _VERBS.get(first)
    if verb is None:
        raise UsageError([_unknown("auth trust", first)], usage=auth_help.TRUST_USAGE, hint="codi auth trust --help")
    return verb(words[1:])


def _unknown(what: str, word: str) -> str:
    return f"codi {what} has no verb {word[:80]!r}" if word else f"codi {what} needs a verb"


def _help(text: str) -> int:
    write_all(STDOUT, text.encode())
    return OK


def _list(words: list[str]) -> int:
    if _wants_help(words):
        return _help(auth_help.LIST)
    parsed = parse_words(words, usage=auth_help.LIST_USAGE, switches=("--json",))
    parsed.check()
    from codi_tui.cli.auth_trust import show_list

    return show_list(as_json=parsed.as_json)


def _add(words: list[str]) -> int:
    if _wants_help(words):
        return _help(auth_help.ADD)
    parsed = parse_words(
        words, usage=auth_help.ADD_USAGE, names=("URL",), switches=("--yes",), values=("--fingerprint", "--bundle")
    )
    origin, fingerprint = _origin(parsed), _fingerprint(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import add

    return add(origin, fingerprint, asks="--yes" not in parsed.options, bundle=parsed.options.get("--bundle"))


def _remove(words: list[str]) -> int:
    if _wants_help(words):
        return _help(auth_help.REMOVE)
    parsed = parse_words(words, usage=auth_help.REMOVE_USAGE, names=("URL",), switches=("--yes",))
    origin = _origin(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import remove

    return remove(origin, asks="--yes" not in parsed.options)


def _refresh(words: list[str]) -> int:
    if _wants_help(words):
        return _help(auth_help.REFRESH)
    parsed = parse_words(words, usage=auth_help.REFRESH_USAGE, names=("URL",), optional=True)
    origin = _origin(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import refresh

    return refresh(origin or None)


def _explain(words: list[str]) -> int:
    if _wants_help(words):
        return _help(auth_help.EXPLAIN)
    parsed = parse_words(words, usage=auth_help.EXPLAIN_USAGE, names=("LIBRARY",), switches=("--json",))
    parsed.check()
    from codi_tui.cli.auth_explain import show_explanation

    return show_explanation(parsed.rest[0], as_json=parsed.as_json)


def _wants_help(words: list[str]) -> bool:
    return any(word in _HELP for word in words)


def _origin(parsed: Words) -> str:
    """The server that was named, as its origin; the empty text when none was, or it is no server's address."""
    from codi_tui.config import parse_origin

    if not parsed.rest:
        return ""
    try:
        return parse_origin(parsed.rest[0], insecure_loopback=True)
    except ValueError as error:
        parsed.problems.append(str(error))
        return ""


def _fingerprint(parsed: Words) -> str | None:
    """The fingerprint that was named; a script has to name the one that it accepts."""
    from codi_tui.operations.trust_words import read_fingerprint

    text = parsed.options.get("--fingerprint")
    if text is None:
        if "--yes" in parsed.options:
            parsed.problems.append("--yes needs --fingerprint: a script names what it accepts")
        return None
    fingerprint = read_fingerprint(text)
    if fingerprint is None:
        parsed.problems.append("--fingerprint must be 64 hex digits")
    return fingerprint


_VERBS: dict[str, Callable[[list[str]], int]] = {
    "list": _list,
    "add": _add,
    "remove": _remove,
    "refresh": _refresh,
    "explain": _explain,
}
