"""A command's own flags, from its schema: parsing, and the usage line."""

from __future__ import annotations

from codi_tui.errors import UsageError
from codi_tui.model.arguments import check_values, command_schema, complete, parse_value, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from codi_tui.model.manifest import ArgumentDefinition, OptionDefinition, SubcommandDefinition


RUN_OPTIONS_WITH_VALUE = ("--output", "--args", "--allow", "--timeout")
"""codi's own options, before the command, that take a value."""

RUN_SWITCHES = ("--json", "--ask", "--offline", "--dry-run", "--record", "--allow-expired")
"""Those that take none."""


class HelpWanted(Exception):  # noqa: N818 - it is an answer, and no error
    """`-h` or `--help` stands where an option may."""


def parse_flags(definition: SubcommandDefinition, words: list[str], given: dict[str, Any]) -> dict[str, Any]:
    """The command's values, checked and with defaults.

    Args:
        words: what stands behind the command.
        given: values from `--args`; a flag wins over them.

    Raises:
        HelpWanted: help is wanted instead.
        UsageError: with every problem at once and the usage line.
    """
    values, problems = read_flags(definition, words, given)
    if problems:
        refuse(definition, problems)
    return complete(command_schema(definition), values)


def refuse(definition: SubcommandDefinition, problems: list[str], *, hint: str | None = None) -> NoReturn:
    """Refuse a command line, with an option called as it is written there.

    Raises:
        UsageError: always.
    """
    options = {option.name for option in definition.options}
    said = [f"--{problem}" if problem.split(" ", 1)[0] in options else problem for problem in problems]
    raise UsageError(said, usage=usage_line(definition), hint=hint or f"codi help {definition.path}")


def read_flags(
    definition: SubcommandDefinition, words: list[str], given: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The values without defaults, each that cannot be read as it was written, and every problem.

    Raises:
        HelpWanted: help is wanted instead.
    """
    schema = command_schema(definition)
    parser = _Parser(definition, schema["properties"])
    parser.parse(words)
    values = {**given, **parser.values}
    broken = {problem.split(" ", 1)[0] for problem in parser.problems}
    checked = check_values(schema, complete(schema, values))
    return values, parser.problems + [item for item in checked if item.split(" ", 1)[0] not in broken]


class _Parser:
    """Reads words one after the other into `values`, noting every problem instead of stopping at the first."""

    def __init__(self, definition: SubcommandDefinition, properties: dict[str, Any]) -> None:
        self._properties = properties
        self._options = {option.name: option for option in definition.options}
        self._shorts = {option.short: option for option in definition.options if option.short}
        self._arguments = definition.arguments
        self._position = 0
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []

    def parse(self, words: list[str]) -> None:
        rest = iter(words)
        for word in rest:
            if word == "--":
                for later in rest:
                    self._positional(later)
            elif word.startswith("--"):
                self._long(word[2:], rest)
            elif word.startswith("-") and len(word) > 1 and not self._is_number(word):
                self._short(word[1:], rest)
            else:
                self._positional(word)

    def _is_number(self, word: str) -> bool:
        """A negative number for an argument that takes one is not a cluster of short options."""
        if self._position >= len(self._arguments) or word[1] in self._shorts:
            return False
        return self._arguments[self._position].type in ("integer", "number") and word[1:].lstrip(".")[:1].isdigit()

    def _long(self, word: str, rest: Iterator[str]) -> None:
        name, equals, text = word.partition("=")
        option = self._options.get(name)
        if option is None and name.startswith("no-") and not equals:
            negated = self._options.get(name[3:])
            if negated is not None and negated.type == "boolean":
                self._put(negated, False)
                return
        if word == "help":
            raise HelpWanted
        if option is None:
            meant = self._unknown(f"--{name}")
            if meant is not None and meant.type != "boolean" and not equals:
                next(rest, None)  # its value, and no mistake of its own
        elif equals:
            self._read(option, text)
        elif option.type == "boolean":
            self._put(option, True)
        else:
            self._take(option, f"--{name}", rest)

    def _short(self, letters: str, rest: Iterator[str]) -> None:
        while letters:
            option = self._shorts.get(letters[0])
            if letters[0] == "h":
                raise HelpWanted
            if option is None:
                self._unknown(f"-{letters[0]}")
                return
            if option.type == "boolean":
                self._put(option, True)
                letters = letters[1:]
            elif len(letters) > 1:
                self._read(option, letters[1:].removeprefix("="))
                return
            else:
                self._take(option, f"-{letters[0]}", rest)
                return

    def _take(self, option: OptionDefinition, written: str, rest: Iterator[str]) -> None:
        text = next(rest, None)
        if text is None:
            self.problems.append(f"{option.name} needs a value after {written}")
        elif text.startswith("--") and text[2:].partition("=")[0] in self._options:
            self.problems.append(
                f"{option.name} needs a value, and {shown(text)} is an option; {written}={text} gives it"
            )
            self._long(text[2:], rest)
        else:
            self._read(option, text)

    def _positional(self, word: str) -> None:
        if self._position >= len(self._arguments):
            self.problems.append(f"{shown(word)} is one argument too many: it takes {self._takes()}")
            return
        argument = self._arguments[self._position]
        if not argument.multiple:
            self._position += 1
        self._read(argument, word)

    def _takes(self) -> str:
        return " ".join(placeholder(item) for item in self._arguments) or "none"

    def _read(self, parameter: ArgumentDefinition, text: str) -> None:
        try:
            self._put(parameter, parse_value(self._properties[parameter.name], text))
        except ValueError as error:
            self.problems.append(f"{parameter.name} {error}")
            self._put(parameter, text)  # as it was written, for whoever lets the user mend it

    def _put(self, parameter: ArgumentDefinition, value: Any) -> None:
        if parameter.multiple:
            self.values.setdefault(parameter.name, []).append(value)
        elif parameter.name in self.values:
            self.problems.append(f"{parameter.name} is given twice")
        else:
            self.values[parameter.name] = value

    def _unknown(self, written: str) -> OptionDefinition | None:
        """Note that there is no such option; returns the one that may have been meant."""
        from codi_tui.catalog.commands import nearest

        names = [f"--{name}" for name in self._options]
        names += [f"--no-{option.name}" for option in self._options.values() if option.type == "boolean"]
        near = nearest(written, names, 1)
        self.problems.append(
            f"{shown(written)} is not one of its options" + (f"; did you mean {near[0]}?" if near else "")
        )
        return self._options.get(near[0].removeprefix("--")) if near else None


def usage_line(definition: SubcommandDefinition) -> str:
    """How the command is written, on one line."""
    return " ".join([f"usage: codi {definition.path}", *usage_parts(definition)])


def usage_parts(definition: SubcommandDefinition) -> list[str]:
    """What stands behind the command: each option and argument, between which a line may be broken."""
    parts = []
    for option in definition.options:
        dashes = f"--{option.name}" if option.short is None else f"-{option.short}|--{option.name}"
        value = "" if option.type == "boolean" else f" {placeholder(option)}"
        part = f"{dashes}{value}"
        parts.append((part if option.required else f"[{part}]") + ("…" if option.multiple else ""))
    for argument in definition.arguments:
        name = placeholder(argument) + ("…" if argument.multiple else "")
        parts.append(name if argument.required else f"[{name}]")
    return [" ".join(part.split()) for part in parts]


def placeholder(parameter: ArgumentDefinition) -> str:
    """What stands for a value in help."""
    given = parameter.document.get("placeholder")
    if given:
        return str(given)
    return (
        parameter.name.upper()
        if not isinstance(parameter.document.get("enum"), list)
        else "|".join(str(item) for item in parameter.document["enum"])
    )
