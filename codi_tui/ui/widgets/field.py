"""Field: one parameter of a command as a row of a form: its name, its control, and a hint or what is wrong."""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from codi_tui.catalog.commands import summary
from codi_tui.limits import FIELD_CHARACTERS, JSON_MAX_INTEGER
from codi_tui.model.arguments import parse_value
from codi_tui.model.manifest import ArgumentDefinition, OptionDefinition
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.safe import line
from codi_tui.ui.widgets.controls import Choice, TextControl, Toggle

NOT_GIVEN = object()
"""The value of a field that the user left alone."""


class Field(Horizontal):
    """A row of the form."""

    def __init__(self, parameter: ArgumentDefinition, schema: dict[str, Any], given: Any, glyphs: Glyphs) -> None:
        """
        Args:
            parameter: its definition.
            schema: its own JSON Schema.
            given: the value to begin with, or `NOT_GIVEN`.
        """
        super().__init__(classes="field")
        self.parameter = parameter
        self._schema = schema
        self._initial = schema.get("default", NOT_GIVEN) if given is NOT_GIVEN else given
        self._glyphs = glyphs
        self._choices = _choices(parameter, schema)
        self.control = self._control()
        self.hint = Static(line(hint_of(parameter), 200), classes="hint")
        self.set_class(isinstance(self.control, Toggle), "-toggle")

    def compose(self) -> ComposeResult:
        option = "--" if isinstance(self.parameter, OptionDefinition) else ""
        star = " *" if self.parameter.required else ""
        yield Static(line(f"{option}{self.parameter.name}{star}", 60), classes="label")
        yield self.control
        yield self.hint

    def _control(self) -> Widget:
        if self.parameter.type == "boolean" and not self.parameter.multiple:
            return Toggle(self._initial is True, summary(self.parameter.description))
        wanted = str(self._initial) if self._initial is not NOT_GIVEN else None
        if self._choices and (wanted is None or wanted in self._choices):
            index = 0 if wanted is None else self._choices.index(wanted)
            return Choice([item or "not given" for item in self._choices], index, self._glyphs)
        text, placeholder = self._as_text(), str(self.parameter.document.get("placeholder") or "")
        if "default" in self._schema:
            placeholder = f"default {_written(self._schema['default'])}"
        if len(text) > FIELD_CHARACTERS and self._initial is self._schema.get("default"):
            text, placeholder = "", f"the default, {len(text)} characters"
        return TextControl(
            text,
            placeholder,
            password=bool(self.parameter.document.get("secret")),
            path=self.parameter.type == "path",
        )

    def _as_text(self) -> str:
        if self._initial is NOT_GIVEN:
            return ""
        if self.parameter.multiple and isinstance(self._initial, list):
            return " ".join(shlex.quote(_written(item)) for item in self._initial)
        return json.dumps(self._initial) if self.parameter.type == "json" else _written(self._initial)

    def value(self) -> Any:
        """The value, or `NOT_GIVEN`.

        Raises:
            ValueError: what was written cannot be read as the type; the message is one phrase.
        """
        if isinstance(self.control, Toggle):
            told = self.control.value or self._schema.get("default") is True or self.parameter.required
            return self.control.value if told else NOT_GIVEN
        if isinstance(self.control, Choice):
            chosen = self._choices[self.control.index]
            return NOT_GIVEN if chosen is None else parse_value(self._schema, chosen)
        assert isinstance(self.control, TextControl)
        return self._read(self.control.value)

    def _read(self, text: str) -> Any:
        if text == "":
            emptied = self.parameter.type == "string" and not self.parameter.multiple and self._initial is not NOT_GIVEN
            return "" if emptied else NOT_GIVEN
        if not self.parameter.multiple:
            return parse_value(self._schema, self._expanded(text))
        try:
            words = shlex.split(text)
        except ValueError:
            raise ValueError("has a quotation that is not closed") from None
        return [parse_value(self._schema, self._expanded(word)) for word in words] or NOT_GIVEN

    def _expanded(self, text: str) -> str:
        return os.path.expanduser(text) if self.parameter.type == "path" else text

    def show_problem(self, problem: str | None) -> None:
        """Say what is wrong in place of the hint, or the hint again."""
        self.set_class(problem is not None, "-broken")
        self.hint.update(line(f"! {problem}" if problem else hint_of(self.parameter), 200))


def _choices(parameter: ArgumentDefinition, schema: dict[str, Any]) -> list[str | None]:
    """What can be chosen, as text; None for no choice. Empty for a field that is written."""
    if parameter.multiple or "enum" not in schema:
        return []
    choices: list[str | None] = [str(item) for item in schema["enum"]]
    return choices if parameter.required or "default" in schema else [None, *choices]


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def hint_of(parameter: ArgumentDefinition) -> str:
    """A phrase about what may be written."""
    document = parameter.document
    low, high = document.get("minimum"), document.get("maximum")
    high = None if high == JSON_MAX_INTEGER else high
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None or high is not None:
        return f"from {low}" if high is None else f"up to {high}"
    if parameter.multiple:
        return "several, spaces between"
    return {"integer": "a whole number", "number": "a number", "json": "JSON", "path": "a file"}.get(parameter.type, "")
