"""The tab key: how a line can go on, from the manual and from text that was rendered before. No socket, no database.

What is offered goes into a shell's line as it is, so only words that no shell reads as anything else are offered.
"""

from __future__ import annotations

import os

from codi_tui.manual import SUMMARIES
from codi_tui.runtime import COMPLETION, RuntimeMode, bundled_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codi_tui.manual.verb import Option, Verb

    Offers = Iterable[tuple[str, str]]

FILES = (("", "files"),)
"""Instead of offers: the shell is to complete a file's path."""

_SAFE = frozenset("._/@+-:,%=")
_FIRST_SAFE = frozenset("._/@+-")


def answer(shell: str, words: list[str]) -> int:
    """Print how the last word can go on; returns the exit status. Nothing is ever said on stderr: it is in a prompt.

    Args:
        shell: of bash the one word is its line up to the cursor; zsh and fish give the words.
    """
    from codi_tui.cli.complete_line import words_of_line

    words = words_of_line(words[0] if words else "") if shell == "bash" else words
    current = words[-1] if words else ""
    try:
        offers = tuple(offers_for(words or [""]))
    except Exception:  # noqa: BLE001 - a shell's prompt is no place for a fault: it offers nothing
        offers = ()
    if offers == FILES:
        text = "files\n"
    else:
        fit = sorted(
            {value: meaning for value, meaning in offers if value.startswith(current) and is_safe(value)}.items()
        )
        text = f"words\n{current if is_safe(current) else ''}\n"
        text += "".join(f"{value}\t{_line(meaning)}\n" for value, meaning in fit)
    data = text.encode(errors="replace")
    while data:
        data = data[os.write(1, data) :]
    return 0


def is_safe(value: str) -> bool:
    """Whether a word means to every shell what it says, quoted by none."""
    return (
        bool(value)
        and (value[0].isalnum() or value[0] in _FIRST_SAFE)
        and all(char.isalnum() or char in _SAFE for char in value)
    )


def _line(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    from codi_tui.text import sanitize_line

    return sanitize_line(text, 200)


def offers_for(words: list[str], *, aliases: bool = True) -> Offers:
    """What the last of the words can become."""
    first = words[0]
    if len(words) == 1:
        return _first_words(aliases=aliases)
    if first == "run":
        return _of_run(words[1:])
    if first in SUMMARIES:
        from codi_tui.manual.table import built_in

        return _of_help() if first == "help" and len(words) == 2 else _of_verb(built_in(first), words[1:])
    if "." in first:
        return _of_command(first, words[1:])
    return _of_alias(words) if aliases else ()


def _first_words(*, aliases: bool) -> Iterator[tuple[str, str]]:
    yield from _built_ins()
    yield from _commands()
    yield from (("--version", "the version"), ("--help", "what can be run here"))
    if aliases:
        from codi_tui.cli.complete_settings import aliases as known

        yield from known()


def _built_ins() -> Offers:
    return [(name, meaning) for name, meaning in SUMMARIES.items()]


def _of_help() -> Offers:
    return [*_built_ins(), *_commands(), *_option_names(_verb("help"))]


def _verb(name: str) -> Verb:
    from codi_tui.manual.table import built_in

    return built_in(name)


def _of_alias(words: list[str]) -> Offers:
    from codi_tui.cli.complete_settings import expanded

    meant = expanded(words)
    return () if meant is None else offers_for(meant, aliases=False)


def _of_run(words: list[str]) -> Offers:
    """`codi run`: its own options, then a command, then the command's."""
    verb = _verb("run")
    place = 0
    while place < len(words) - 1 and words[place].startswith("-"):
        option = verb.option(words[place])
        place += 2 if option is not None and option.value else 1
    if place > len(words) - 1:
        return _values(verb.option(words[place - 2]))
    if place == len(words) - 1:
        return _of_option(verb, words[place]) if words[place].startswith("-") else _commands()
    return _of_command(words[place], words[place + 1 :])


def _of_verb(verb: Verb, words: list[str]) -> Offers:
    """A built-in's verbs, options and words."""
    current, before = words[-1], words[:-1]
    while before and (found := verb.find(before[0])) is not None:
        verb = found
        before = before[1:]
    if verb.behind and "--" in before:
        return ()
    given = 0
    rest = iter(before)
    for word in rest:
        option = verb.option(word)
        if option is not None and option.value and next(rest, None) is None:
            return _values(option)
        given += not word.startswith("-")
    if current.startswith("-"):
        return _of_option(verb, current)
    if verb.verbs and not before:
        return [(one.name, one.summary) for one in verb.verbs]
    if verb.words and (given < len(verb.words) or verb.words[-1].many):
        from codi_tui.cli.complete_settings import values_of_word

        name = verb.words[min(given, len(verb.words) - 1)].name
        return _commands() if name == "COMMAND" else values_of_word(verb.path, name, before)
    return ()


def _of_option(verb: Verb, current: str) -> Offers:
    name, equals, _ = current.partition("=")
    option = verb.option(name)
    if equals and option is not None:
        return [(f"{name}={choice}", "") for choice in option.choices]
    return _option_names(verb)


def _option_names(verb: Verb) -> Offers:
    return [*((option.name, option.meaning) for option in verb.options), ("--help", "this command's help")]


def _values(option: Option | None) -> Offers:
    if option is not None and option.choices:
        return [(choice, "") for choice in option.choices]
    return FILES if option is not None and option.value in ("FILE", "PATH", "FOLDER") else ()


def _of_command(command: str, words: list[str]) -> Offers:
    """A library command's options and arguments."""
    options, arguments = _parameters(command)
    current, before = words[-1], words[:-1]
    given, only_arguments = 0, False
    rest = iter(before)
    for word in rest:
        if only_arguments or not word.startswith("-") or word == "-":
            given += 1
        elif word == "--":
            only_arguments = True
        else:
            record = _named(options, word)
            if record is not None and not record[3].startswith("switch") and next(rest, None) is None:
                return _choices(record[3], record[4])
    if current.startswith("-") and not only_arguments:
        return _flags(options, current)
    if not arguments or (given >= len(arguments) and not arguments[-1][1].endswith("*")):
        return ()
    record = arguments[min(given, len(arguments) - 1)]
    return _choices(record[1], record[2])


def _flags(options: list[list[str]], current: str) -> Iterator[tuple[str, str]]:
    name, equals, _ = current.partition("=")
    if equals:
        record = _named(options, name)
        yield from ((f"{name}={value}", "") for value in (record[4].split(" ") if record else ()))
        return
    for record in options:
        yield record[1], record[5]
        if record[3] == "switch" and current.startswith("--no"):
            yield f"--no-{record[1][2:]}", record[5]
    yield "--help", "this command's help"


def _named(options: list[list[str]], word: str) -> list[str] | None:
    return next((record for record in options if word in (record[1], record[2])), None)


def _choices(kind: str, values: str) -> Offers:
    if values:
        return [(value, "") for value in values.split(" ")]
    return FILES if kind.startswith("path") else ()


def _commands() -> Iterator[tuple[str, str]]:
    for text in _rendered():
        for line in text.split("\n"):
            if line.startswith("c\t"):
                _, name, meaning = (*line.split("\t"), "", "")[:3]
                yield name, meaning


def _parameters(command: str) -> tuple[list[list[str]], list[list[str]]]:
    """The records of a command's options and arguments; none of one that is not here."""
    begin = f"c\t{command.rpartition(':')[2]}\t"
    for text in _rendered():
        at = 0 if text.startswith(begin) else text.find(f"\n{begin}") + 1
        if at or text.startswith(begin):
            end = text.find("\nc\t", at)
            records = [line.split("\t") for line in text[at : end if end > 0 else None].split("\n")[1:]]
            options = [record for record in records if record[0] == "o" and len(record) == 6]
            return options, [record for record in records if record[0] == "a" and len(record) == 4]
    return [], []


def _rendered() -> Iterator[str]:
    for folder in (bundled_folder(), RuntimeMode.detect().data_folder()):
        try:
            descriptor = os.open(os.path.join(folder, COMPLETION), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            continue
        try:
            with open(descriptor, "rb") as file:
                yield file.read(_RENDERED_MAX_BYTES).decode(errors="replace")
        except OSError:
            continue


_RENDERED_MAX_BYTES = 2 << 20
