"""A built-in's command line, read by its definition: the verb, its words and its options, every problem at once."""

from __future__ import annotations

from codi_tui.errors import UsageError
from codi_tui.manual.verb import HELP_WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codi_tui.manual.verb import Option, Verb


class Words:
    """What was written behind a verb.

    Attributes:
        verb: whose words they are.
        rest: the words that are no options.
        lists: every value of each option.
        behind: what stands behind `--`, of a verb that passes it on.
        problems: what is wrong with them; a verb adds what it finds, then calls `check`.
    """

    __slots__ = ("behind", "lists", "problems", "rest", "verb")

    def __init__(self, verb: Verb) -> None:
        self.verb = verb
        self.problems: list[str] = []
        self.rest: list[str] = []
        self.behind: list[str] = []
        self.lists: dict[str, list[str]] = {}

    @property
    def options(self) -> dict[str, str]:
        """The options that were given, with their last value; a switch has the empty text."""
        return {name: values[-1] for name, values in self.lists.items()}

    @property
    def as_json(self) -> bool:
        """Whether a program reads what comes out."""
        return "--json" in self.lists

    def check(self) -> None:
        """Go on only when nothing is wrong.

        Raises:
            UsageError: with every problem.
        """
        if self.problems:
            from codi_tui.manual.pages import usage

            raise UsageError(self.problems, usage=usage(self.verb), hint=f"codi {self.verb.path} --help")


def find_verb(built_in: Verb, words: Sequence[str]) -> tuple[Verb, list[str]]:
    """The verb that the first words name, as deep as they go, and the words behind it."""
    verb, left = built_in, list(words)
    while left and (found := verb.find(left[0])) is not None:
        verb = found
        left.pop(0)
    return verb, left


def wants_help(words: Sequence[str]) -> bool:
    """Whether help is asked for before a `--`."""
    own = words[: list(words).index("--")] if "--" in words else words
    return any(word in HELP_WORDS for word in own)


def read_words(built_in: Verb, words: Sequence[str]) -> Words:
    """Read a built-in's command line.

    Returns:
        What was written, with what is wrong about it.

    Raises:
        UsageError: the group has no such verb, or none is named.
    """
    verb, left = find_verb(built_in, words)
    if verb.is_group:
        _no_such_verb(verb, left)
    return _Reader(verb).read(left)


def _no_such_verb(group: Verb, left: list[str]) -> None:
    from codi_tui.manual.pages import usage

    hint = f"codi {group.path} --help"
    if not left:
        raise UsageError([f"codi {group.path} needs a verb"], usage=usage(group), hint=hint)
    near = did_you_mean(left[0], [verb.name for verb in group.verbs])
    raise UsageError([f"codi {group.path} has no verb {left[0][:80]!r}{near}"], usage=usage(group), hint=hint)


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """What to say behind a mistyped word, or nothing."""
    from codi_tui.catalog.commands import nearest

    near = nearest(word, list(names), 1)
    return f"; did you mean {near[0]}?" if near else ""


class _Reader:
    def __init__(self, verb: Verb) -> None:
        self._verb = verb
        self._parsed = Words(verb)

    def read(self, words: list[str]) -> Words:
        parsed, verb = self._parsed, self._verb
        while words:
            word = words.pop(0)
            if word == "--":
                (parsed.behind if verb.behind else parsed.rest).extend(words)
                break
            if word.startswith("-") and word != "-":
                self._option(word, words)
            else:
                parsed.rest.append(word)
        needed = [word for word in verb.words if not word.optional]
        parsed.problems += [f"{word.name} is missing" for word in needed[len(parsed.rest) :]]
        if not (verb.words and verb.words[-1].many):
            parsed.problems += [f"{word[:80]!r} is one word too many" for word in parsed.rest[len(verb.words) :]]
        return parsed

    def _option(self, word: str, words: list[str]) -> None:
        problems = self._parsed.problems
        name, equals, value = word.partition("=")
        option = self._verb.option(name)
        if option is None:
            near = did_you_mean(name, [known.name for known in self._verb.options])
            problems.append(f"{name[:80]} is not one of its options{near}")
        elif not option.value:
            if equals:
                problems.append(f"{name} takes no value")
            self._put(option, "")
        elif not equals and words and self._verb.option(words[0].partition("=")[0]):
            problems.append(f"{name} needs a value, and {words[0][:80]} is an option; {name}={words[0][:80]} gives it")
        elif equals or words:
            self._put(option, value if equals else words.pop(0))
        else:
            problems.append(f"{name} needs a value")

    def _put(self, option: Option, value: str) -> None:
        parsed = self._parsed
        if option.name in parsed.lists and not option.many:
            parsed.problems.append(f"{option.name} is given twice")
        elif option.choices and value not in option.choices:
            parsed.problems.append(f"{option.name} must be one of {', '.join(option.choices)}")
        else:
            parsed.lists.setdefault(option.name, []).append(value)
