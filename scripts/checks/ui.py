"""Of the workspace."""

from __future__ import annotations

from checks.check import Check

CHECKS = (
    Check(
        "consent: the workspace asks",
        "ui/screens/workspace.py",
        "ask=self._ask, notice=self.say)",
        "notice=self.say, allow=library.manifest.library.permissions)",
        "tests/ui/test_consent.py::test_a_grant_is_asked_for_once",
    ),
    Check(
        "ui: rows of a list are sanitised",
        "ui/widgets/line_list.py",
        "sanitize_line(part.text, _TEXT_MAX_CHARACTERS)",
        "part.text",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: a field's value is sanitised",
        "ui/widgets/controls.py",
        "Text(sanitize_field(self.value)",
        "Text((self.value)",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: a field's placeholder is sanitised",
        "ui/widgets/controls.py",
        "sanitize_line(placeholder, 100)",
        "placeholder",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: choices are sanitised",
        "ui/widgets/controls.py",
        "sanitize_line(self.choices[self.index], 60)",
        "self.choices[self.index]",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: switches are sanitised",
        "ui/widgets/controls.py",
        "sanitize_line(meaning, 100)",
        "meaning",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: lines are sanitised",
        "ui/safe.py",
        "return Content(sanitize_line(text, limit))",
        "return Content(text)",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: paragraphs are sanitised",
        "ui/safe.py",
        "sanitize(text[:limit])",
        "text[:limit]",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
    Check(
        "ui: lines are no markup",
        "ui/safe.py",
        "return Content(sanitize_line(text, limit))",
        "return Content.from_markup(sanitize_line(text, limit))",
        "tests/ui/test_safe.py::test_hostile_text_is_shown_and_does_nothing",
    ),
)
