"""What opens over the workspace for a moment: a text to read, a question, a path to write. Any text in it is plain."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from codi_tui.ui.safe import line, paragraph
from codi_tui.ui.widgets.controls import Changed, TextControl


class TextScreen(ModalScreen[None]):
    """A text to read; arrow keys scroll it, Esc leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,f1,question_mark", "dismiss", "Back", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog reading"):
            with VerticalScroll():
                yield Static(paragraph(self._text, 20_000))
            yield Static(line("Esc back"), classes="foot")

    def on_mount(self) -> None:
        self.query_one(".dialog").border_title = line(self._title)
        self.query_one(VerticalScroll).focus()


class QuestionScreen(ModalScreen[bool]):
    """Yes or no; anything but y is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape,enter,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog question"):
            yield Static(paragraph(self._question, 1000))
            yield Static(line("y yes   Esc no"), classes="foot")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class PathScreen(ModalScreen[str | None]):
    """Where to; Enter takes what is written, Esc nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False)]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._path = TextControl("", "a file that is not there yet", path=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog question"):
            yield Static(line(self._title))
            yield self._path
            yield Static(line("Enter saves   Esc back"), classes="foot")

    def on_mount(self) -> None:
        self._path.focus()

    def on_changed(self, event: Changed) -> None:
        event.stop()

    def on_input_submitted(self) -> None:
        self.dismiss(self._path.value or None)

    def action_back(self) -> None:
        self.dismiss(None)
