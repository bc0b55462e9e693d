"""A command line and a form are two ways to write the same values: from values to the line, and from a line back."""

from __future__ import annotations

import json
import os
import shlex

from codi_tui.errors import DocumentError, UsageError
from codi_tui.model.arguments import command_schema
from codi_tui.operations.flags import RUN_OPTIONS_WITH_VALUE
from codi_tui.operations.shell_words import split
from codi_tui.trust.canonical import loads_strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from codi_tui.model.manifest import ArgumentDefinition, OptionDefinition, SubcommandDefinition
    from codi_tui.operations.shell_words import Token

_SECRET = "***"  # noqa: S105 - what is shown instead of one


class Line:
    """A command line that was read.

    Attributes:
        command: `text.count`.
        words: what stands behind it.
        stdin: what it reads, as a form's field has it: a text, `@FILE`, or None.
        given: the values of `--args`.
        ignored: codi's own options that a form does not have.
    """

    __slots__ = ("command", "given", "ignored", "stdin", "words")

    def __init__(
        self, command: str, words: list[str], stdin: str | None, given: dict[str, Any], ignored: list[str]
    ) -> None:
        self.command = command
        self.words = words
        self.stdin = stdin
        self.given = given
        self.ignored = ignored

    @property
    def bare(self) -> bool:
        """Whether it is a command's name and nothing else."""
        return not (self.words or self.stdin or self.given or self.ignored)


def write_line(definition: SubcommandDefinition, values: dict[str, Any], stdin: str = "") -> str:
    """The line that runs a command with these values in a POSIX shell.

    Args:
        definition: the command.
        values: as `check_values` takes them; those that equal their default are left out.
        stdin: what it reads: `@FILE`, a text (`@@…` for one that starts with @), or nothing. A secret is written `***`.
    """
    writer = _Writer(definition, values)
    line = " ".join(quote(word) for word in ["codi", "run", *writer.own_options(), definition.path, *writer.words()])
    if stdin.startswith("@") and not stdin.startswith("@@"):
        return f"{line} < {quote(os.path.expanduser(stdin[1:]))}"
    return f"printf %s {quote(stdin.removeprefix('@'))} | {line}" if stdin else line


class _Writer:
    def __init__(self, definition: SubcommandDefinition, values: dict[str, Any]) -> None:
        self._definition = definition
        self._properties = command_schema(definition)["properties"]
        self._values = {
            item.name: _SECRET if item.document.get("secret") else values[item.name]
            for item in definition.parameters
            if item.name in values and not self._is_default(item, values[item.name])
        }
        self._unplaced = self._behind_a_gap()

    def _is_default(self, parameter: ArgumentDefinition, value: Any) -> bool:
        schema = self._properties[parameter.name]
        if "default" in schema:  # true is not 1 here
            return json.dumps(value, sort_keys=True) == json.dumps(schema["default"], sort_keys=True)
        return parameter.type == "boolean" and value is False and not parameter.required

    def _behind_a_gap(self) -> list[str]:
        """The values that have no place on the line: an argument behind one that is left out, and empty lists."""
        unplaced, gap = [], False
        for argument in self._definition.arguments:
            given = argument.name in self._values
            if given and (gap or self._is_empty(argument)):
                unplaced.append(argument.name)
            gap = gap or not given or argument.name in unplaced
        options = [option.name for option in self._definition.options if self._is_empty(option)]
        return unplaced + options

    def _is_empty(self, parameter: ArgumentDefinition) -> bool:
        return parameter.multiple and self._values.get(parameter.name) == []

    def own_options(self) -> Iterable[str]:
        if not self._unplaced:
            return ()
        document = {name: self._values[name] for name in self._unplaced}
        return "--args", json.dumps(document, ensure_ascii=False)

    def words(self) -> list[str]:
        arguments = [
            text
            for argument in self._definition.arguments
            if argument.name in self._values and argument.name not in self._unplaced
            for text in self._texts(argument)
        ]
        options = [word for option in self._definition.options for word in self._option(option)]
        if any(word.startswith("-") and word != "-" for word in arguments):
            return [*options, "--", *arguments]
        return [*arguments, *options]

    def _option(self, option: OptionDefinition) -> list[str]:
        if option.name not in self._values or option.name in self._unplaced:
            return []
        value = self._values[option.name]
        if option.type == "boolean" and isinstance(value, bool):
            return [f"--{option.name}" if value else f"--no-{option.name}"]
        return [word for text in self._texts(option) for word in _named(option.name, text)]

    def _texts(self, parameter: ArgumentDefinition) -> list[str]:
        value = self._values[parameter.name]
        schema = self._properties[parameter.name]
        if schema.get("type") == "array" and isinstance(value, list):
            return [_as_text(schema["items"], item) for item in value]
        return [_as_text(schema, value)]


def _named(name: str, text: str) -> tuple[str, ...]:
    return (f"--{name}={text}",) if text.startswith("-") else (f"--{name}", text)


def _as_text(schema: dict[str, Any], value: Any) -> str:
    """A value as `parse_value` reads it."""
    kind = schema.get("type")
    if isinstance(value, str) and kind is not None:
        return value
    return json.dumps(value, ensure_ascii=False)


def quote(word: str) -> str:
    """A word as a shell reads it back; what a terminal could act on is written in bash's and zsh's `$'…'` form."""
    if word == "" or word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(_escaped(char) for char in word) + "'"


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode(errors="surrogateescape"))


def read_line(text: str) -> Line | None:
    """What a pasted line runs: `codi run … COMMAND …`, `codi COMMAND …`, or `COMMAND …`; None for an empty one.

    Of a pipeline it is the part that starts with `codi`; `printf %s TEXT |` before it is its stdin, as is `< FILE`.

    Raises:
        UsageError: it cannot be read as one line.
    """
    parts = _pipeline(split(text))
    place = next((number for number, part in enumerate(parts) if _words(part)[:1] == ["codi"]), 0)
    words, stdin = _without_redirections(parts[place])
    if place > 0 and stdin is None:
        stdin = _printed(_words(parts[place - 1]))
    own: dict[str, Any] = {}
    ignored: list[str] = []
    if words[:1] == ["codi"]:
        words = words[1:]
        if words[:1] == ["run"]:
            words, own, ignored = _own_options(words[1:])
    return Line(words[0], words[1:], stdin, own, ignored) if words else None


def _pipeline(tokens: list[Token]) -> list[list[Token]]:
    """The commands between pipes; what follows `;`, `&&` and the like is not read."""
    if tokens and not tokens[0].operator and tokens[0].text in ("$", "%"):
        tokens = tokens[1:]
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.operator and token.text == "\n":
            raise UsageError(["this is more than one line"])
        if token.operator and token.text == "|":
            parts.append([])
        elif token.operator and token.text in (";", "&", "&&", "||"):
            break
        else:
            parts[-1].append(token)
    return parts


def _words(part: list[Token]) -> list[str]:
    return [token.text for token in part if not token.operator]


def _without_redirections(part: list[Token]) -> tuple[list[str], str | None]:
    """The words of a command without its redirections, and its stdin as a form's field has it."""
    words: list[str] = []
    stdin = None
    rest = iter(part)
    for token in rest:
        if not token.operator:
            words.append(token.text)
        elif token.text != "2>&1":
            target = next(rest, None)
            if token.text == "<" and target is not None:
                stdin = f"@{target.text}"
    return words, stdin


def _printed(words: list[str]) -> str | None:
    """What `printf %s TEXT` writes, as a form's field has it."""
    if len(words) != 3 or words[:2] != ["printf", "%s"]:
        return None
    return f"@{words[2]}" if words[2].startswith("@") else words[2]


def _own_options(words: list[str]) -> tuple[list[str], dict[str, Any], list[str]]:
    """What follows codi's own options, the arguments among them, and those that a form does not have."""
    rest = list(words)
    given: dict[str, Any] = {}
    ignored = []
    while rest and rest[0].startswith("-"):
        name, equals, value = rest.pop(0).partition("=")
        if name == "--":
            break
        if name in RUN_OPTIONS_WITH_VALUE and not equals:
            value = rest.pop(0) if rest else ""
        if name == "--args" and not value.startswith("@"):
            given = _given(value)
        else:
            ignored.append(name)
    return rest, given, ignored


def _given(text: str) -> dict[str, Any]:
    try:
        given = loads_strict(text.encode(errors="surrogateescape"))
    except DocumentError as error:
        raise UsageError([f"--args: {error.message}"]) from None
    if not isinstance(given, dict):
        raise UsageError(["--args must be a JSON object"])
    return given
