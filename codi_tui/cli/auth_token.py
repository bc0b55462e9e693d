"""`codi auth login`, `logout` and `status`: a token is asked without echo or read from standard input, never shown."""

from __future__ import annotations

import os

from codi_tui.cli.exits import OK
from codi_tui.cli.page import show_json, show_lines
from codi_tui.cli.with_core import with_core
from codi_tui.errors import CodiError, FetchError, NotFoundError, UsageError
from codi_tui.limits import TOKEN_MAX_CHARACTERS
from codi_tui.operations import servers
from codi_tui.operations.tokens import ENVIRONMENT, FILE, KEYRING, environment_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.library.client import TokenFacts
    from codi_tui.manual.words import Words
    from codi_tui.operations.core import Core

_STDIN = 0


def login(parsed: Words) -> int:
    """Show a token to its server and keep it; returns the exit status.

    Raises:
        CodiError: as for `try_token` and `Tokens.store`; `E_TERMINAL`, there is nobody to ask.
    """
    parsed.check()
    reads = "--token-stdin" in parsed.options

    async def work(core: Core) -> int:
        origin = _chosen(core, parsed)
        servers.client_of(core, origin)
        token = read_token() if reads else ask_token(origin)
        facts = await servers.try_token(core, origin, token)
        show_lines([keep_token(core, origin, token), *_said(facts)])
        return OK

    return with_core(work)


def logout(parsed: Words) -> int:
    """Forget a server's token; returns the exit status.

    Raises:
        CodiError: there is none (`E_NOT_FOUND`), or it cannot be taken away (`E_SECRET`).
    """
    parsed.check()

    async def work(core: Core) -> int:
        name = parsed.rest[0] if parsed.rest else None
        stored = core.tokens.origins()
        origin = name if name in stored else _chosen(core, parsed)
        if not core.tokens.forget(origin):
            in_environment = core.tokens.place(origin) == ENVIRONMENT
            hint = f"it is in {environment_name(origin)}: unset that" if in_environment else "codi auth status"
            raise NotFoundError(f"no token is stored for {origin}", hint=hint)
        show_lines([f"the token of {origin} was forgotten here; its operator can revoke it"])
        return OK

    return with_core(work, offline=True)


def status(parsed: Words) -> int:
    """Say where the servers' tokens are, and what the servers say of them; returns the exit status: of the first failure.

    Raises:
        CodiError: settings or tokens cannot be read.
    """
    parsed.check()

    async def work(core: Core) -> tuple[list[dict[str, object]], CodiError | None]:
        chosen = (
            [_chosen(core, parsed)] if parsed.rest else [*dict.fromkeys([*core.server_origins, *core.tokens.origins()])]
        )
        facts, first = [], None
        for origin in chosen:
            fact, error = await _status(core, origin)
            facts.append(fact)
            first = first or error
        return facts, first

    facts, error = with_core(work, offline="--offline" in parsed.options)
    if parsed.as_json:
        show_json(facts)
    else:
        show_lines([line for fact in facts for line in _lines(fact)] or ["no server is connected: codi connect URL"])
    if error is None:
        return OK
    from codi_tui.cli.exits import status_of

    return status_of(error.code)


async def _status(core: Core, origin: str) -> tuple[dict[str, object], CodiError | None]:
    place = core.tokens.place(origin)
    fact: dict[str, object] = {"origin": origin, "token": place}
    if place == ENVIRONMENT:
        fact["variable"] = environment_name(origin)
    if place is None or origin not in core.server_origins:
        return fact, None
    try:
        said = await servers.describe_token(core, origin)
    except FetchError as error:
        if error.code == "E_OFFLINE":
            return fact, None
        return {**fact, "error": {"code": error.code, "message": error.message}}, error
    except CodiError as error:
        return {**fact, "error": {"code": error.code, "message": error.message}}, error
    if said is not None:
        fact |= {"permissions": said.permissions, "expires_at": said.expires_at}
    return fact, None


def _lines(fact: dict[str, object]) -> list[str]:
    where = {ENVIRONMENT: f"in {fact.get('variable')}", KEYRING: "in the keyring", FILE: "in a file", None: "no token"}
    lines = [f"{fact['origin']}  {where[fact['token']]}"]  # type: ignore[index]
    if "permissions" in fact:
        permissions = fact["permissions"]
        assert isinstance(permissions, list)
        lines.append(f"  permits {', '.join(permissions) or 'nothing'}; until {fact['expires_at']}")
    error = fact.get("error")
    if isinstance(error, dict):
        lines.append(f"  {error['message']} ({error['code']})")
    return lines


def _chosen(core: Core, parsed: Words) -> str:
    """The server that was named, or the current one.

    Raises:
        NotFoundError, UsageError: there is none, or several.
    """
    if parsed.rest:
        return servers.find_server(core.server_origins, parsed.rest[0])
    if not core.server_origins:
        raise NotFoundError("no server is connected", hint="codi connect URL")
    return core.server_origins[0]


def read_token() -> str:
    """The token on standard input; a line end behind it is not part of it.

    Raises:
        UsageError: there is none.
    """
    data = b""
    while len(data) <= TOKEN_MAX_CHARACTERS + 2 and (part := os.read(_STDIN, TOKEN_MAX_CHARACTERS + 3)):
        data += part
    token = data.decode("ascii", "replace").strip("\r\n")
    if not token:
        raise UsageError(["there is no token on standard input"], hint="codi auth login --token-stdin < FILE")
    return token


def ask_token(origin: str) -> str:
    """The token that is typed at the terminal, unseen.

    Raises:
        CodiError: `E_TERMINAL`, there is nobody to ask.
    """
    from codi_tui.cli.question import somebody_is_there, typed

    token = typed(f"The token for {origin} (it is not shown): ", echo=False) if somebody_is_there() else None
    if not token:
        raise CodiError(
            "a token is asked for on a terminal, and none was typed",
            code="E_TERMINAL",
            hint="in a script: --token-stdin",
        )
    return token.strip()


def keep_token(core: Core, origin: str, token: str) -> str:
    """Keep a token; returns where, in words.

    Raises:
        CodiError: as for `Tokens.store`.
    """
    if core.tokens.store(origin, token) == KEYRING:
        return f"the token of {origin} is in the system's keyring"
    return f"the token of {origin} is in {core.tokens.path}, which only you can read, but in the clear: there is no keyring here"


def _said(facts: TokenFacts | None) -> list[str]:
    if facts is None:
        return ["the server does not say what it permits"]
    return [f"it permits {', '.join(facts.permissions) or 'nothing'}; until {facts.expires_at}"]
