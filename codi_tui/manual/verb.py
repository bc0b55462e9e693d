"""What a built-in, or a verb of one, takes and tells: data, and nothing that runs."""

from __future__ import annotations


class Word:
    """A word that a verb takes by its place.

    Attributes:
        name: `URL`, as help writes it.
        meaning: a phrase, or nothing where the name says it.
        optional: whether the verb does without it.
        many: whether more may follow; only of the last one.
    """

    __slots__ = ("many", "meaning", "name", "optional")

    def __init__(self, name: str, meaning: str = "", *, optional: bool = False, many: bool = False) -> None:
        self.name = name
        self.meaning = meaning
        self.optional = optional
        self.many = many

    @property
    def written(self) -> str:
        """How the usage line has it."""
        name = f"{self.name}…" if self.many else self.name
        return f"[{name}]" if self.optional else name


class Option:
    """An option of a verb.

    Attributes:
        name: `--since`.
        meaning: a phrase.
        value: what its value is called; nothing for a switch.
        choices: all that its value may be, or nothing.
        many: whether it may be given more than once.
    """

    __slots__ = ("choices", "many", "meaning", "name", "value")

    def __init__(
        self, name: str, meaning: str, *, value: str = "", choices: tuple[str, ...] = (), many: bool = False
    ) -> None:
        self.name = name
        self.meaning = meaning
        self.value = value or "|".join(choices)
        self.choices = choices
        self.many = many

    @property
    def written(self) -> str:
        """How help has it."""
        return f"{self.name} {self.value}" if self.value else self.name


class Verb:
    """A built-in, a group of verbs, or a verb.

    Attributes:
        path: what is written behind `codi`: `session list`.
        summary: a phrase, as the list of the group has it.
        words, options: what it takes.
        behind: what the words behind `--` are; nothing where they are its own.
        text: paragraphs, parted by empty lines; their own line breaks do not count.
        statuses: exit statuses that mean something of its own here.
        examples: command lines that work.
        verbs: of a group.
    """

    __slots__ = ("behind", "examples", "options", "path", "statuses", "summary", "text", "verbs", "words")

    def __init__(
        self,
        path: str,
        summary: str,
        *,
        words: tuple[Word, ...] = (),
        options: tuple[Option, ...] = (),
        behind: str = "",
        text: str = "",
        statuses: tuple[tuple[int, str], ...] = (),
        examples: tuple[str, ...] = (),
        verbs: tuple[Verb, ...] = (),
    ) -> None:
        self.path = path
        self.summary = summary
        self.words = words
        self.options = options
        self.behind = behind
        self.text = text
        self.statuses = statuses
        self.examples = examples
        self.verbs = verbs

    @property
    def name(self) -> str:
        """Its own word: the last of the path."""
        return self.path.rpartition(" ")[2]

    @property
    def is_group(self) -> bool:
        """Whether it does nothing without a verb."""
        return bool(self.verbs) and not self.words

    def find(self, name: str) -> Verb | None:
        """A verb of the group, or None."""
        return next((verb for verb in self.verbs if verb.name == name), None)

    def option(self, name: str) -> Option | None:
        """An option, or None."""
        return next((option for option in self.options if option.name == name), None)


JSON = Option("--json", "the same as JSON, with everything that is known")
YES = Option("--yes", "do not ask: for scripts")
HELP_WORDS = ("-h", "--help")
