"""The question before a library may do more than was granted: the same words as on the command line."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from codi_tui.operations.question import Answer, Question
from codi_tui.ui.safe import line, lines

_LINE_CHARACTERS = 4_000
"""As on the command line: a permission is never cut, however long its path."""


class ConsentScreen(ModalScreen[Answer]):
    """g grants, o lets it run once, Esc refuses. Enter does nothing: no answer is given by habit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "answer('grant')", "Grant", show=False),
        Binding("o", "answer('once')", "Once", show=False),
        Binding("escape,q,n", "answer('refuse')", "Refuse", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with VerticalScroll():
                yield Static(lines([self._question.signer, *self._question.lines], _LINE_CHARACTERS))
            yield Static(line(f"g {self._question.grant_words}   o only this once   Esc refuse"), classes="foot")

    def on_mount(self) -> None:
        self.query_one(".dialog").border_title = line(self._question.title)
        self.query_one(VerticalScroll).focus()

    def action_answer(self, answer: str) -> None:
        self.dismiss(cast("Answer", answer))
