"""`codi config secret`: a value is asked without echo, or read from standard input; it is never shown."""

from __future__ import annotations

import os

from codi_tui.cli.exits import OK
from codi_tui.cli.page import show_json, show_lines
from codi_tui.errors import CodiError
from codi_tui.limits import SECRET_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codi_tui.manual.words import Words


def _list(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.secrets import list_secrets, secrets_folder

    secrets = list_secrets()
    if parsed.as_json:
        show_json([{"name": name, "usable": usable} for name, usable in secrets])
        return OK
    folder = secrets_folder()
    said = {True: "", False: f"   not yours alone, so not used: chmod 600 {folder}/"}
    show_lines([f"{name}{said[usable]}{'' if usable else name}" for name, usable in secrets] or ["no secret is stored"])
    return OK


def _set(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.secrets import check_name, store_secret

    name = parsed.rest[0]
    check_name(name)
    store_secret(name, _value(name))
    show_lines([f"stored: {name}"])
    return OK


def _value(name: str) -> bytes:
    if os.isatty(0):
        from codi_tui.cli.question import typed

        value = typed(f"The value of {name} (it is not shown): ", echo=False)
        if value is None:
            raise CodiError(
                "there is nobody at a terminal to ask", code="E_TERMINAL", hint="write it to standard input"
            )
        return value.encode()
    try:
        with open(0, "rb", closefd=False) as file:
            return file.read(SECRET_MAX_BYTES + 3)
    except OSError as error:
        raise CodiError(f"cannot read standard input: {error.strerror}", code="E_INPUT") from None


def _remove(parsed: Words) -> int:
    parsed.check()
    from codi_tui.operations.secrets import remove_secret

    remove_secret(parsed.rest[0])
    show_lines([f"deleted: {parsed.rest[0]}"])
    return OK


SECRET_VERBS: dict[str, Callable[[Words], int]] = {
    "config secret list": _list,
    "config secret set": _set,
    "config secret remove": _remove,
}
