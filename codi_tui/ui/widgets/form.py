"""CommandForm: a command's fields, generated from its schema, and the exact line that runs it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from codi_tui.errors import CodiError, UsageError
from codi_tui.loader import ResolvedCommand
from codi_tui.model.arguments import check_values, command_schema, complete
from codi_tui.model.manifest import ArgumentDefinition
from codi_tui.operations.command_line import write_line
from codi_tui.ui.glyphs import Glyphs
from codi_tui.ui.safe import line, paragraph, styled
from codi_tui.ui.widgets.controls import Changed
from codi_tui.ui.widgets.field import NOT_GIVEN, Field

_STDIN = ArgumentDefinition(
    {
        "name": "stdin",
        "type": "string",
        "description": "What the command reads: a text, or @FILE (@@… for a text that starts with @)",
        "placeholder": "nothing",
    }
)
_LOADING_SECONDS = 0.2
_LOW_ROWS = 30
_LINE_ROWS = 3
_FORM_SHARE = 0.6
"""Of the height, at most, where form and output are one above the other."""


class Order(Message):
    """The form is to be run."""

    def __init__(self, resolved: ResolvedCommand, values: dict[str, Any], stdin: str, written: str) -> None:
        """
        Args:
            values: checked, with defaults.
            stdin: as the field has it: "" for none, text, or `@FILE`.
            written: the line that does the same.
        """
        super().__init__()
        self.resolved = resolved
        self.values = values
        self.stdin = stdin
        self.written = written


class CommandForm(Vertical):
    """The form of one command; empty until a command was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "run", "Run", show=False),
    ]

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._glyphs = glyphs
        self._resolved: ResolvedCommand | None = None
        self._schema: dict[str, Any] = {}
        self._loading: str | None = None
        self._asked = False
        self._stdin: Field | None = None
        self._about = Static(classes="about")
        self._fields = VerticalScroll(classes="fields", can_focus=False)
        self._explained = Static(classes="explained")
        self._line = Static(classes="line")

    def compose(self) -> ComposeResult:
        yield self._about
        yield self._fields
        yield self._explained
        yield self._line

    def on_mount(self) -> None:
        self.border_title = line("2 Command")
        self._about.update(paragraph(_WELCOME))

    @property
    def resolved(self) -> ResolvedCommand | None:
        return self._resolved

    @property
    def fields(self) -> list[Field]:
        return list(self._fields.query(Field))

    def begin(self, command: str) -> None:
        """Hold nothing that could be run until the next command is here; say so when that takes its time."""
        self._resolved = None
        self._loading = command
        self.set_timer(_LOADING_SECONDS, lambda: self._say_loading(command))

    def _say_loading(self, command: str) -> None:
        if self._loading == command:
            self.border_title = line(f"2 {command} {self._glyphs['dot']} loading")
            self._about.update(line(f"loading {command}: its library is fetched and verified   Esc stops"))

    async def show(
        self, resolved: ResolvedCommand, values: dict[str, Any], stdin: str = "", *, asked: bool = False
    ) -> None:
        """Show a command with values to begin with.

        Args:
            asked: say at once what is missing.
        """
        self._loading = None
        library, definition = resolved.library, resolved.definition
        self._resolved = resolved
        self._schema = command_schema(definition)
        self._asked = asked
        self._about.can_focus = False
        self.border_title = styled(
            f"2 {definition.path} {self._glyphs['dot']} {library.name} {library.version} {self._glyphs['dot']} ",
            (f"{self._glyphs['verified']} signed by {signer_of(library.origin, library.key_id)}", "$success"),
        )
        self._about.update(line(definition.description, 300))
        properties = self._schema["properties"]
        self._stdin = Field(_STDIN, {"type": "string"}, stdin or NOT_GIVEN, self._glyphs)
        fields = [
            Field(item, properties[item.name], values.get(item.name, NOT_GIVEN), self._glyphs)
            for item in definition.parameters
        ]
        async with self.batch():
            await self._fields.remove_children()
            await self._fields.mount_all([*fields, self._stdin])
        self._fields.scroll_home(animate=False)
        self._explained.update(line(""))
        self.refresh_line()

    async def refuse(self, command: str, error: CodiError) -> None:
        """Say why a command cannot be shown."""
        self._resolved = self._loading = None
        await self._fields.remove_children()
        self.border_title = styled(f"2 {command} ", (f"{self._glyphs['refused']} refused", "$error"))
        said = f"{error.message} ({error.code})"
        self._about.update(paragraph(f"{said}\nnext: {error.hint}" if error.hint else said))
        self._about.can_focus = True
        self._about.focus()
        self._explained.update(line(""))
        self._line.update(line(""))

    def focus_first(self) -> None:
        """Put the cursor where writing begins."""
        fields = self.fields
        if fields:
            fields[0].control.focus()

    def collect(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The values as far as they can be read, and what is wrong by field."""
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for field in self.fields:
            if field is self._stdin:
                continue
            try:
                value = field.value()
            except ValueError as error:
                problems[field.parameter.name] = str(error)
            else:
                if value is not NOT_GIVEN:
                    values[field.parameter.name] = value
        for problem in check_values(self._schema, values):
            name, _, phrase = problem.partition(" ")
            problems.setdefault(name, phrase)
        return values, problems

    @property
    def stdin(self) -> str:
        value = self._stdin.value() if self._stdin is not None else NOT_GIVEN
        return "" if value is NOT_GIVEN else str(value)

    def written(self) -> str:
        """The line that does what the form would, secrets hidden.

        Raises:
            UsageError: it would not run as it is.
        """
        if self._resolved is None:
            return ""
        values, problems = self.collect()
        if problems:
            raise UsageError([f"{name} {problem}" for name, problem in problems.items()])
        return write_line(self._resolved.definition, values, self.stdin)

    def refresh_line(self) -> None:
        """Show the line and the problems of what is in the form now."""
        if self._resolved is None:
            return
        self._show(*self.collect())

    def _show(self, values: dict[str, Any], problems: dict[str, str]) -> None:
        for field in self.fields:
            problem = problems.get(field.parameter.name) if field is not self._stdin else None
            missing = problem == "is missing" and not self._asked
            field.show_problem(None if missing else problem)
        assert self._resolved is not None
        written = write_line(self._resolved.definition, values, self.stdin)
        broken = [f"{name} {problem}" for name, problem in problems.items() if problem != "is missing"]
        shown = f"not yet: {'; '.join(broken)}" if broken else _shortened(written, _LINE_ROWS * (self.size.width - 6))
        self._line.update(line(shown, 4000))
        self._fit()

    def on_descendant_focus(self) -> None:
        """Explain the field that the cursor is in."""
        for field in self.fields:
            if field.control.has_focus:
                self._explained.update(line(field.parameter.description, 300))

    def on_changed(self, event: Changed) -> None:
        event.stop()
        self.refresh_line()

    def on_input_submitted(self) -> None:
        self.action_run()

    def action_run(self) -> None:
        """Order the run, or go to the first field that keeps it from being run."""
        if self._resolved is None:
            return
        values, problems = self.collect()
        self._asked = True
        self._show(values, problems)
        if problems:
            broken = next((field for field in self.fields if field.parameter.name in problems), None)
            if broken is not None:
                broken.control.focus()
            return
        written = write_line(self._resolved.definition, values, self.stdin)
        self.post_message(Order(self._resolved, complete(self._schema, values), self.stdin, written))

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """Leave the line below the fields in view, however low the terminal is."""
        low = self.screen.size.height < _LOW_ROWS
        self.set_class(low, "-low")
        alone = any(self.screen.has_class(name) for name in ("-narrow", "-tiny", "-zoomed"))
        share = 1.0 if alone else _FORM_SHARE
        around = 8 if low else 11
        self._fields.styles.max_height = max(2, int(self.screen.size.height * share) - around)


_WELCOME = """Your team's commands: signed libraries, verified before every run, in a sandbox.

Press Enter on a command, or ctrl+p and three letters of its name. Fill its form; Enter or F5 runs it.
The line below a form does the same in a script: Y copies it."""


def signer_of(origin: str, key_id: str | None) -> str:
    """Who signed, in a few words."""
    return "codi (bundled)" if origin == "bundled" else (key_id or "an unknown key")[:24]


def _shortened(text: str, limit: int) -> str:
    """A text without its middle, which says how much that is."""
    if len(text) <= limit or limit <= 0:
        return text
    half = max(10, (limit - 30) // 2)
    return f"{text[:half]} [{len(text) - 2 * half} more, Y copies all] {text[-half:]}"
