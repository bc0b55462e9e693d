"""`codi config`: for now, what was granted: `config grants list | add | revoke | approve`."""

from __future__ import annotations

from codi_tui.cli.exits import INTERRUPTED, OK
from codi_tui.cli.narration import STDOUT, notice, report, write_all
from codi_tui.errors import CodiError, UnavailableError, UsageError
from codi_tui.operations.core import assemble, drive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from codi_tui.library.client import Transport
    from codi_tui.network import Network
    from codi_tui.operations.core import Core

    Verb = Callable[[Core, list[str], dict[str, str]], Coroutine[Any, Any, str]]

USAGE = (
    "usage: codi config grants list [--json] | add LIBRARY PERMISSION… | revoke LIBRARY [PERMISSION…] | approve LIBRARY"
)
HELP = f"""What was granted to libraries: see it, add to it, take it back.

{USAGE}

  grants list [--json]              everything that is remembered
  grants add LIBRARY PERMISSION…    grant what the library declares, for all its commands
  grants revoke LIBRARY [PERM…]     take grants back; without one, all of the library's
  grants approve LIBRARY            approve the library as it is now, after it has changed
         [--digest DIGEST]          … but only if it is this one: a refused run says which

LIBRARY is a name, or ORIGIN/NAME where several servers have one of that name. A grant belongs to the server, the
library and the trust rule that covers it: a new key under the same rule does not ask again.

Examples:
  codi config grants list
  codi config grants add deploy net:api.example.com:443
  codi config grants revoke deploy
"""


def main(words: list[str]) -> int:
    """`codi config …`: returns the exit status."""
    if any(word in ("-h", "--help") for word in words):
        write_all(STDOUT, HELP.encode())
        return OK
    as_json = "--json" in words
    try:
        if words[:1] != ["grants"]:
            what = f"config {words[0][:40]}" if words else "config"
            raise UnavailableError(f"codi {what} is not in this version; codi config grants is", hint=USAGE)
        verb, rest, options = _parse(words[1:])
        write_all(STDOUT, drive(_run(verb, rest, options)).encode(errors="replace"))
    except CodiError as error:
        return report(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    return OK


def _parse(words: list[str]) -> tuple[Verb, list[str], dict[str, str]]:
    """The verb, its words and its options.

    Raises:
        UsageError: with every problem.
    """
    rest, problems = list(words[1:]), []
    options: dict[str, str] = {}
    verb, fewest, most, known = _VERBS.get(words[0] if words else "", (None, 0, 0, ()))
    for name in ("--json", "--digest"):
        if name in rest:
            at = rest.index(name)
            del rest[at]
            options[name] = rest.pop(at) if name == "--digest" and rest[at:] else ""
    problems += [f"{name} does not go with it" for name in options if name not in known]
    problems += [f"{word} is not one of its options" for word in rest if word.startswith("-")]
    if verb is None or problems or not fewest <= len(rest) <= most:
        raise UsageError(problems or ["what of the grants?"], usage=USAGE, hint="codi config --help")
    return verb, rest, options


async def _run(verb: Verb, rest: list[str], options: dict[str, str]) -> str:
    from codi_tui.cache.storage import BlockingStorage

    core = await assemble(connect=BlockingStorage.open, transport=_transport, notice=notice)
    return await verb(core, rest, options)


def _transport(network: Network) -> Transport:
    from codi_tui.library.http import BlockingTransport, HttpTransport

    return BlockingTransport(HttpTransport(network))


async def _list(core: Core, _: list[str], options: dict[str, str]) -> str:
    from codi_tui.model.permission import meaning
    from codi_tui.model.times import timestamp
    from codi_tui.text import sanitize_line

    grants = await core.grants.list()
    if "--json" in options:
        import json

        members = ("origin", "library", "rule", "permission")
        documents = [
            {**{name: getattr(grant, name) for name in members}, "granted_at": timestamp(grant.granted_at)}
            for grant in grants
        ]
        return f"{json.dumps(documents, indent=2)}\n"
    lines = []
    for grant in grants:
        head = f"{grant.library}  from {grant.origin}, rule {grant.rule}"
        if head not in lines:
            lines.append(head)
        lines.append(f"  {grant.permission}   {meaning(grant.permission)}")
    return "".join(f"{sanitize_line(line, _LINE_CHARACTERS)}\n" for line in lines) or "nothing is granted\n"


async def _add(core: Core, words: list[str], _: dict[str, str]) -> str:
    from codi_tui.operations.grant_commands import add_grants

    library = await add_grants(core, words[0], words[1:])
    return f"granted to {library.name} from {library.origin}, rule {library.rule}\n"


async def _revoke(core: Core, words: list[str], _: dict[str, str]) -> str:
    from codi_tui.operations.grant_commands import find_grants
    from codi_tui.text import sanitize_line

    grants = await find_grants(core, words[0], words[1:])
    await core.grants.revoke(grants)
    lines = [f"revoked: {grant.library} from {grant.origin}: {grant.permission}" for grant in grants]
    return "".join(f"{sanitize_line(line, _LINE_CHARACTERS)}\n" for line in lines)


async def _approve(core: Core, words: list[str], options: dict[str, str]) -> str:
    from codi_tui.operations.grant_commands import approve_library
    from codi_tui.text import sanitize_line

    library, lines = await approve_library(core, words[0], options.get("--digest"))
    shown = [*lines, f"approved: {library.name} {library.version} from {library.origin}"]
    return "".join(f"{sanitize_line(line, _LINE_CHARACTERS)}\n" for line in shown)


_ANY = 300
_LINE_CHARACTERS = 4000
_VERBS: dict[str, tuple[Verb | None, int, int, tuple[str, ...]]] = {
    "list": (_list, 0, 0, ("--json",)),
    "add": (_add, 2, _ANY, ()),
    "revoke": (_revoke, 1, _ANY, ()),
    "approve": (_approve, 1, 1, ("--digest",)),
}
"""Each verb with how many words it takes, and its options."""
