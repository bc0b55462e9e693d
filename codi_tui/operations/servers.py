"""The library servers of the settings: adding one, making one the current, giving one up; and this user's tokens there."""

from __future__ import annotations

from codi_tui.errors import CodiError, GrantError, NotFoundError, UsageError
from codi_tui.operations.tokens import check_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from codi_tui.library.client import LibraryClient, TokenFacts
    from codi_tui.operations.core import Core


def name_of(origin: str) -> str:
    """What a server is called: its host and port, or its folder."""
    return origin.partition("://")[2]


def find_server(origins: Sequence[str], name: str) -> str:
    """The server of the settings that a name or an address means.

    Raises:
        NotFoundError: there is none.
        UsageError: there are several.
    """
    wanted = name.removesuffix("/")
    found = [origin for origin in origins if wanted in (origin, name_of(origin))]
    found = found or [origin for origin in origins if wanted == _host_of(origin)]
    if not found:
        hint = f"codi connect {name[:200]}" if "://" in name else "codi connect list"
        raise NotFoundError(f"{name[:200]} is not a server of the settings", hint=hint)
    if len(found) > 1:
        raise UsageError([f"{name[:200]} is more than one server: {', '.join(found)}"])
    return found[0]


def _host_of(origin: str) -> str:
    host, _, port = name_of(origin).rpartition(":")
    return host if port.isdigit() else name_of(origin)


def add_server(path: str, origin: str) -> None:
    """Write a server behind those that the settings file names.

    Raises:
        ConfigError: the file is wrong.
        CodiError: `E_CREATE`, it cannot be written.
    """
    from codi_tui.operations.settings_file import change_settings

    def change(document: Any) -> None:
        import tomlkit

        server = tomlkit.table()
        server["url"] = origin
        if origin.startswith("http:"):
            server["insecure_loopback"] = True
        if "servers" not in document:
            document.append("servers", tomlkit.aot())
        elif list(document)[-1] != "servers":
            server.add(tomlkit.nl())  # what follows is another table
        document["servers"].append(server)

    change_settings(path, change)


def use_server(path: str, origin: str) -> None:
    """Make a server of the settings the first, which is the current one. Raises as `add_server` does."""
    from codi_tui.operations.settings_file import change_settings

    def change(document: Any) -> None:
        servers = document["servers"]
        servers.insert(0, servers.pop(_place(servers, origin)))

    change_settings(path, change)


def remove_server(path: str, origin: str) -> None:
    """Take a server, and its keys, out of the settings file. Raises as `add_server` does."""
    from codi_tui.operations.settings_file import change_settings

    def change(document: Any) -> None:
        del document["servers"][_place(document["servers"], origin)]
        if not document["servers"]:
            del document["servers"]

    change_settings(path, change)


def _place(servers: Any, origin: str) -> int:
    from codi_tui.config import parse_origin

    return next(at for at, item in enumerate(servers) if parse_origin(item["url"], insecure_loopback=True) == origin)


def client_of(core: Core, origin: str) -> LibraryClient:
    """The client of a server that is asked over a network.

    Raises:
        NotFoundError: there is no such server, or it is a folder.
    """
    from codi_tui.library.client import LibraryClient

    for server in core.servers:
        if server.origin == origin and isinstance(server, LibraryClient):
            return server
    raise NotFoundError(f"{origin[:200]} takes no token: it is not a server of the settings, or a folder")


async def try_token(core: Core, origin: str, token: str) -> TokenFacts | None:
    """Show a token to its server, and go on with it when that takes it; nothing is kept of it.

    Returns:
        What the server says of it; None where it cannot say.

    Raises:
        InputError: it is no token.
        GrantError: `E_LOGIN`, the server does not take it.
        CodiError: the server cannot be asked.
    """
    core.tokens.try_out(origin, check_token(token))
    try:
        return await describe_token(core, origin)
    except CodiError as error:
        core.tokens.try_out(origin, None)
        if error.code != "E_LOGIN":
            raise
        raise GrantError(
            f"{origin} does not take this token (401)",
            code="E_LOGIN",
            hint="see that all of it was given; it may have expired: its operator can make another",
        ) from None


async def describe_token(core: Core, origin: str) -> TokenFacts | None:
    """What a server says of this user's token; None where it cannot say, as a host of files. Raises as `try_token`."""
    client = client_of(core, origin)
    try:
        return await client.describe_token()
    except NotFoundError:
        await client.fetch_trust()
        return None
