"""Every built-in's definition, by name, each imported when it is wanted."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from codi_tui.manual.verb import Verb


def built_in(name: str) -> Verb:
    """The definition of a built-in that this version has."""
    from importlib import import_module

    verb: Verb = getattr(import_module(f"codi_tui.manual.{name}"), name.upper())
    return verb


def walk(verb: Verb) -> Iterator[Verb]:
    """A built-in and all its verbs, groups before theirs."""
    yield verb
    for one in verb.verbs:
        yield from walk(one)


def every_verb() -> Iterator[Verb]:
    """All that there is, in the order of help."""
    from codi_tui.manual import SUMMARIES

    for name in SUMMARIES:
        yield from walk(built_in(name))
