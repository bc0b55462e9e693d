"""`codi run --ask`: what is missing is asked for on the terminal."""

from __future__ import annotations

import os

from codi_tui.cli.command_page import explained
from codi_tui.cli.narration import say
from codi_tui.cli.question import somebody_is_there, typed
from codi_tui.errors import UsageError
from codi_tui.model.arguments import check_values, command_schema, parse_value
from codi_tui.operations.flags import read_flags, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.model.manifest import ArgumentDefinition, SubcommandDefinition

_STDIN = 0
_TRIES = 3
_YES_OR_NO = {"y": "true", "yes": "true", "n": "false", "no": "false"}


def ask_for_missing(definition: SubcommandDefinition, words: list[str], given: dict[str, Any]) -> dict[str, Any]:
    """The values of `--args` with those that are required and were given nowhere, asked for one after the other.

    Raises:
        HelpWanted: help is wanted instead.
        UsageError: something else is wrong with the command line, nobody is there to ask, or no answer will do.
    """
    values, problems = read_flags(definition, words, given)
    missing = [item for item in definition.parameters if item.required and values.get(item.name) in (None, [])]
    absent = {f"{item.name} is missing" for item in missing}
    if not missing:
        return given
    if any(problem not in absent for problem in problems):
        refuse(definition, problems)
    if not (os.isatty(_STDIN) and somebody_is_there()):
        refuse(definition, problems, hint="--ask asks on a terminal, and this is none")
    return {**given, **{item.name: _ask(definition, item) for item in missing}}


def _ask(definition: SubcommandDefinition, parameter: ArgumentDefinition) -> Any:
    say(f"{parameter.name}: {explained(parameter)}")
    if not parameter.multiple:
        return _value(definition, parameter, f"{parameter.name}> ")
    say("  one on each line; an empty line ends it")
    values: list[Any] = []
    while (
        value := _value(definition, parameter, f"{parameter.name} {len(values) + 1}> ", ends=bool(values))
    ) is not None:
        values += value
    return values


def _value(definition: SubcommandDefinition, parameter: ArgumentDefinition, prompt: str, *, ends: bool = False) -> Any:
    """A value that fits, of one that may be repeated in a list; None at an empty line that `ends` it.

    Raises:
        UsageError: it was not to be had.
    """
    schema = command_schema(definition)
    for _ in range(_TRIES):
        line = typed(prompt, echo=not parameter.document.get("secret"))
        if line is None:
            break
        if line == "":
            if ends:
                return None
            say(f"codi: {parameter.name} is needed; ctrl-c gives up")
            continue
        try:
            value = _read(parameter, schema["properties"][parameter.name], line)
            _check(schema, parameter.name, value)
        except ValueError as error:
            say(f"codi: {parameter.name} {error}")
        else:
            return value
    raise UsageError([f"{parameter.name} is missing"], hint=f"codi help {definition.path}")


def _read(parameter: ArgumentDefinition, schema: dict[str, Any], line: str) -> Any:
    text = _YES_OR_NO.get(line.lower(), line) if parameter.type == "boolean" else line
    value = parse_value(schema, text)
    return [value] if parameter.multiple else value


def _check(schema: dict[str, Any], name: str, value: Any) -> None:
    for problem in check_values(schema, {name: value}):
        if problem.startswith(f"{name} "):
            raise ValueError(problem.removeprefix(f"{name} "))
