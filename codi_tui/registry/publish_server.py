"""`codi-registry publish --server`: a release to a library server, after the checks that the server makes too."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from codi_tui.config import FOLDER_SCHEME, load_settings, parse_origin
from codi_tui.errors import CodiError, DocumentError, FetchError, GrantError, InputError, TrustError, UsageError
from codi_tui.library.client import LibraryClient, refusal
from codi_tui.library.http import HttpResponse, HttpTransport
from codi_tui.limits import DOCUMENT_MAX_BYTES, PUBLISH_SECONDS
from codi_tui.network import Network
from codi_tui.operations.tokens import Tokens
from codi_tui.registry.new import NOT_NAMES
from codi_tui.registry.outcome import Outcome, exists
from codi_tui.registry.project import open_project, read_bounded
from codi_tui.registry.verify import Trusted, admit
from codi_tui.runs.redact import Redactor
from codi_tui.runtime import RuntimeMode
from codi_tui.trust import CommandLibrary
from codi_tui.trust.canonical import loads_strict
from codi_tui.trust.document import pin, root_fingerprint

_HINTS = {
    "insufficient_permissions": "its operator can give you a token with publish:{name}",
    "E_ROLLBACK": "sign it with a --sequence above the one that is published",
    "E_EQUIVOCATION": "sign it with a --sequence above the one that is published",
    "E_EXISTS": 'raise "version" in codi.json, then build, test and sign again',
    "E_KEY_SCOPE": "its trust document has no rule that lets your key sign {name}: ask its operator",
}
_CONFLICT, _TOO_LARGE, _FORBIDDEN = 409, 413, 403


def publish_to_server(what: Path, server: str) -> Outcome:
    """Send a release, or that of a library's folder, to a server, if a user of that server would accept it.

    Raises:
        InputError: there is no release; or the address is none.
        RefusedError: a user would not accept it, or the server refuses it or its sender.
        CodiError: `E_EXISTS`, other bytes are published under its version.
        FetchError: the server cannot be reached, or not now.
        ConfigError: `E_CONFIG`, `E_SECRET`: the settings, or the stored token.
    """
    path = open_project(what).signed_path if what.is_dir() else what
    if what.is_dir() and not path.exists():
        raise InputError(f"there is no release at {path}", hint=f"codi-registry sign {what}")
    document = read_bounded(path, DOCUMENT_MAX_BYTES)
    try:
        origin = parse_origin(server, insecure_loopback=True)
    except ValueError as error:
        raise UsageError([str(error)]) from None
    if origin.startswith(FOLDER_SCHEME):
        raise UsageError(["--server takes a server's address; a folder is published to by --to DIR"])
    network = _network()
    transport = HttpTransport(network, deadline_seconds=PUBLISH_SECONDS)
    library = admit(document, path.stem, Trusted([], _trust_of(origin, transport)), origin=origin)
    if library.name in NOT_NAMES:
        raise TrustError(f"no library can be called {library.name}", code="E_NAME_RESERVED")
    url = f"{origin}/api/v1/libraries/{library.name}/{library.version}"
    response = asyncio.run(transport.put(url, document))
    if response.status not in (200, 201):
        raise refused(response, origin, library, has_token=bool(network.headers(url)))
    return _outcome(origin, library, created=response.status == 201)


def _network() -> Network:
    settings_path = RuntimeMode.detect().settings_path()
    network = load_settings(settings_path).network
    tokens = Tokens(str(Path(settings_path).parent), Redactor())
    return Network(network.proxy, network.ca_file, tokens.of)


def _trust_of(origin: str, transport: HttpTransport) -> Any:
    """The server's own trust document: it says what its users accept, and the server holds the release to it as well."""
    data = asyncio.run(LibraryClient(origin, transport).fetch_trust())
    return pin(data, origin=origin, fingerprint=root_fingerprint(data))


def refused(response: HttpResponse, origin: str, library: CommandLibrary, *, has_token: bool) -> CodiError:
    """Why a server did not take a release, in its own words and with what to do next."""
    said = _said(response)
    code, name = said.get("error", ""), library.name
    message = f"{origin} refuses {name} {library.version}: {said.get('message') or code or response.status}"
    hint = _HINTS[code].format(name=name) if code in _HINTS else said.get("hint")
    if response.status == _CONFLICT:
        return exists(message, hint or "") if code == "E_EXISTS" else TrustError(message, code=code or None, hint=hint)
    if response.status == _TOO_LARGE:
        return DocumentError(message, code="E_TOO_LARGE", hint=f"a release has at most {DOCUMENT_MAX_BYTES} bytes")
    if response.status == _FORBIDDEN:
        if code.startswith("E_"):
            return TrustError(message, code=code, hint=hint, library=name)
        if not has_token:
            hint = f"log in with a token that has publish:{name}: codi connect {origin}, then codi auth login {origin}"
        return GrantError(f"{origin} does not let you publish {name} (403)", hint=hint)
    if response.status in (400, 408, 415):
        return FetchError(message, code="E_HTTP", hint=hint)
    return refusal(response, origin, "publishing")


def _said(response: HttpResponse) -> dict[str, str]:
    """The members of a refusal that are text; nothing of an answer that is none."""
    try:
        document = loads_strict(response.body)
    except DocumentError:
        return {}
    members = document.items() if isinstance(document, dict) else ()
    return {name: value[:500] for name, value in members if isinstance(value, str)}


def _outcome(origin: str, library: CommandLibrary, *, created: bool) -> Outcome:
    commands = [command.path for command in library.manifest.walk()]
    done = "is published at" if created else "was published before at"
    lines = [
        f"{library.name} {library.version}, sequence {library.sequence}, {done} {origin}",
        f"next: codi run {commands[0]}",
    ]
    named = {"library": library.name, "version": library.version, "sequence": library.sequence}
    return Outcome(
        {**named, "sha256": library.digest, "origin": origin, "created": created, "commands": commands}, lines
    )
