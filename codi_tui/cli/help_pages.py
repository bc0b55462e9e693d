"""The pages of `codi help`: of a built-in or verb, of a command, of a group or library, and of a search."""

from __future__ import annotations

from codi_tui.cli.exits import OK
from codi_tui.cli.help import overview, show
from codi_tui.cli.narration import report
from codi_tui.cli.page import show_json
from codi_tui.errors import CodiError, NotFoundError, UsageError
from codi_tui.manual import SUMMARIES
from codi_tui.manual.words import find_verb, read_words, wants_help

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.catalog.commands import CatalogEntry
    from codi_tui.loader import ResolvedCommand
    from codi_tui.manual.verb import Verb
    from codi_tui.manual.words import Words
    from codi_tui.operations.core import Core


def help_for(words: list[str]) -> int:
    """`codi help` with words: returns the exit status."""
    as_json = "--json" in words
    try:
        from codi_tui.manual.help import HELP

        if wants_help(words):
            return _show_verb(HELP, as_json=as_json)
        parsed = read_words(HELP, words)
        parsed.check()
        return _help_for(parsed)
    except CodiError as error:
        return report(error, as_json=as_json)


def _help_for(parsed: Words) -> int:
    if "-k" in parsed.options:
        return _search(parsed.options["-k"], as_json=parsed.as_json)
    if not parsed.rest:
        return _show_all(as_json=parsed.as_json)
    first = parsed.rest[0]
    if first in SUMMARIES:
        return built_in_help(parsed.rest, as_json=parsed.as_json)
    if len(parsed.rest) > 1:
        raise UsageError([f"{word[:80]!r} is one word too many" for word in parsed.rest[1:]], hint="codi help --help")
    return command_help(first, fetch="--fetch" in parsed.options, as_json=parsed.as_json)


def help_of(words: list[str]) -> int:
    """`codi BUILT-IN … --help`: returns the exit status."""
    own = words[: words.index("--")] if "--" in words else words
    try:
        return built_in_help(own)
    except CodiError as error:
        return report(error)


def built_in_help(words: list[str], *, as_json: bool = False) -> int:
    """The help of a built-in, or of the verb of it that the words name; returns the exit status.

    Raises:
        UsageError: it has no such verb.
    """
    from codi_tui.manual.table import built_in

    verb, left = find_verb(built_in(words[0]), words[1:])
    named = next((word for word in left if not word.startswith("-")), None)
    if named is not None and verb.is_group:
        read_words(verb, [named])  # refuses it
    return _show_verb(verb, as_json=as_json)


def _show_verb(verb: Verb, *, as_json: bool) -> int:
    from codi_tui.cli.pager import width
    from codi_tui.manual.pages import document, page

    if as_json:
        show_json(document(verb))
    else:
        show(page(verb, width()).encode())
    return OK


def _show_all(*, as_json: bool) -> int:
    if as_json:
        built_ins = [{"name": name, "summary": text} for name, text in SUMMARIES.items()]
        show_json({"built_ins": built_ins, "commands": [_entry_facts(entry) for entry in _entries()]})
    else:
        show(overview())
    return OK


def _entries() -> list[CatalogEntry]:
    """All that can be run here, without asking anybody."""
    from codi_tui.catalog.commands import list_commands
    from codi_tui.cli.with_core import with_core

    return with_core(lambda core: list_commands(core.bundled, core.cache), offline=True)


def _entry_facts(entry: CatalogEntry) -> dict[str, str]:
    return {
        "command": entry.command,
        "description": entry.description,
        "library": entry.library,
        "origin": entry.origin,
    }


def _search(text: str, *, as_json: bool) -> int:
    from codi_tui.manual.table import every_verb

    wanted = text.casefold()
    verbs = [verb for verb in every_verb() if wanted in f"{verb.path} {verb.summary} {verb.text}".casefold()]
    entries = [
        entry for entry in _entries() if wanted in f"{entry.command} {entry.library} {entry.description}".casefold()
    ]
    if not verbs and not entries:
        raise NotFoundError(f"nothing has {text[:80]!r} in its name or description", hint="codi help lists everything")
    if as_json:
        built_ins = [{"name": verb.path, "summary": verb.summary} for verb in verbs]
        show_json({"built_ins": built_ins, "commands": [_entry_facts(entry) for entry in entries]})
    else:
        _show_lists(verbs, entries)
    return OK


def _show_lists(verbs: list[Verb], entries: list[CatalogEntry]) -> None:
    from codi_tui.catalog.commands import render
    from codi_tui.cli.pager import width
    from codi_tui.manual.pages import table

    lists = ["\n".join(["Built-ins:", *table([(verb.path, verb.summary) for verb in verbs], width())]) + "\n"]
    listed = [text for text in (lists[0] if verbs else "", render(entries)) if text]
    show("\n".join(listed).encode(errors="replace"))


def command_help(word: str, *, fetch: bool = False, as_json: bool = False) -> int:
    """The help of a command, or the commands of a group or library; returns the exit status.

    Args:
        fetch: ask servers for a library that is not here.

    Raises:
        CodiError: there is none, or its library is refused.
    """
    entries = [] if "." in word else [entry for entry in _entries() if _belongs(entry, word)]
    if entries:
        if as_json:
            show_json([_entry_facts(entry) for entry in entries])
        else:
            _show_lists([], entries)
        return OK
    from codi_tui.cli.with_core import with_core

    return show_command(with_core(lambda core: _resolve(core, word, fetch=fetch), offline=not fetch), as_json=as_json)


def show_command(resolved: ResolvedCommand, *, as_json: bool = False) -> int:
    """The help of a command that was found; returns the exit status."""
    from codi_tui.cli.command_page import command_document, command_page
    from codi_tui.cli.pager import width

    if as_json:
        show_json(command_document(resolved.library, resolved.definition))
    else:
        show(command_page(resolved.library, resolved.definition, width()).encode(errors="replace"))
    return OK


def _belongs(entry: CatalogEntry, word: str) -> bool:
    return entry.library == word or entry.command.rpartition(":")[2].startswith(f"{word}.")


async def _resolve(core: Core, word: str, *, fetch: bool) -> ResolvedCommand:
    from codi_tui.cli.suggestions import with_suggestions

    try:
        return await core.loader.load_command(word)
    except CodiError as error:
        if error.code == "E_OFFLINE" and not fetch:
            error = NotFoundError(
                f"{word[:80]} is not here", hint=f"codi help --fetch {word[:80]} asks the servers for it"
            )
        if error.code in ("E_NOT_FOUND", "E_OFFLINE", "E_NETWORK"):
            error = await with_suggestions(core, word, error)
        raise error from None
