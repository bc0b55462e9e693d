"""The words behind a verb of a built-in: its own words, its switches and its options, with every problem at once."""

from __future__ import annotations

from codi_tui.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Words:
    """What was written behind a verb.

    Attributes:
        rest: the words that are no options.
        options: the options that were given; of a switch the empty text.
        problems: what is wrong with them; a verb adds what it finds, then calls `check`.
    """

    __slots__ = ("_usage", "options", "problems", "rest")

    def __init__(self, usage: str) -> None:
        self._usage = usage
        self.problems: list[str] = []
        self.rest: list[str] = []
        self.options: dict[str, str] = {}

    @property
    def as_json(self) -> bool:
        """Whether a program reads what comes out."""
        return "--json" in self.options

    def check(self) -> None:
        """Go on only when nothing is wrong.

        Raises:
            UsageError: with every problem.
        """
        if self.problems:
            raise UsageError(self.problems, usage=self._usage)


def parse_words(
    words: Sequence[str],
    *,
    usage: str,
    names: Sequence[str] = (),
    optional: bool = False,
    switches: Collection[str] = (),
    values: Collection[str] = (),
) -> Words:
    """Sort the words behind a verb.

    Args:
        names: what the verb's own words are, in order.
        optional: whether the verb does without them.
        switches, values: its options without and with a value.

    Returns:
        What was written, with what is wrong about it.
    """
    parsed, left = Words(usage), list(words)
    problems = parsed.problems
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            parsed.rest += left
            break
        if not word.startswith("-") or word == "-":
            parsed.rest.append(word)
        elif name in switches and not equals:
            parsed.options[name] = ""
        elif name in switches:
            problems.append(f"{name} takes no value")
        elif name not in values:
            problems.append(f"{name[:80]} is not one of its options")
        elif name in parsed.options:
            problems.append(f"{name} is given twice")
        elif equals or left:
            parsed.options[name] = value if equals else left.pop(0)
        else:
            problems.append(f"{name} needs a value")
    problems += [f"{name} is missing" for name in names[len(parsed.rest) :] if not optional]
    problems += [f"{word[:80]!r} is one word too many" for word in parsed.rest[len(names) :]]
    return parsed
