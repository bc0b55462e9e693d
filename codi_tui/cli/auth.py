"""`codi auth`: whom codi trusts. The verbs are in `auth_trust` and `auth_explain`."""

from __future__ import annotations

from codi_tui.cli.dispatch import dispatch
from codi_tui.manual.auth import AUTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codi_tui.manual.words import Words


def main(words: Sequence[str]) -> int:
    """`codi auth …`: returns the exit status."""
    return dispatch(AUTH, words, _VERBS)


def _list(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.auth_trust import show_list

    return show_list(as_json=parsed.as_json)


def _add(parsed: Words) -> int:
    origin, fingerprint = _origin(parsed), _fingerprint(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import add

    return add(origin, fingerprint, asks="--yes" not in parsed.options)


def _remove(parsed: Words) -> int:
    origin = _origin(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import remove

    return remove(origin, asks="--yes" not in parsed.options)


def _refresh(parsed: Words) -> int:
    origin = _origin(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import refresh

    return refresh(origin or None)


def _explain(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.auth_explain import show_explanation

    return show_explanation(parsed.rest[0], as_json=parsed.as_json)


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


_VERBS: dict[str, Callable[[Words], int]] = {
    "auth trust list": _list,
    "auth trust add": _add,
    "auth trust remove": _remove,
    "auth trust refresh": _refresh,
    "auth trust explain": _explain,
}
