"""`codi auth`: whom codi trusts, and who it is to servers. The verbs are in `auth_token`, `auth_trust`, `auth_explain`."""

from __future__ import annotations

from codi_tui.cli.auth_words import fingerprint_of, origin_of
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
    origin, fingerprint = origin_of(parsed), fingerprint_of(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import add

    return add(origin, fingerprint, asks="--yes" not in parsed.options, bundle=parsed.options.get("--bundle"))


def _remove(parsed: Words) -> int:
    origin = origin_of(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import remove

    return remove(origin, asks="--yes" not in parsed.options)


def _refresh(parsed: Words) -> int:
    origin = origin_of(parsed)
    parsed.check()
    from codi_tui.cli.auth_trust import refresh

    return refresh(origin or None)


def _explain(parsed: Words) -> int:
    parsed.check()
    from codi_tui.cli.auth_explain import show_explanation

    return show_explanation(parsed.rest[0], as_json=parsed.as_json)


def _login(parsed: Words) -> int:
    from codi_tui.cli.auth_token import login

    return login(parsed)


def _logout(parsed: Words) -> int:
    from codi_tui.cli.auth_token import logout

    return logout(parsed)


def _status(parsed: Words) -> int:
    from codi_tui.cli.auth_token import status

    return status(parsed)


_VERBS: dict[str, Callable[[Words], int]] = {
    "auth login": _login,
    "auth logout": _logout,
    "auth status": _status,
    "auth trust list": _list,
    "auth trust add": _add,
    "auth trust remove": _remove,
    "auth trust refresh": _refresh,
    "auth trust explain": _explain,
}
