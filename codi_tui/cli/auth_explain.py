"""`codi auth trust explain`: every check of a library, and the verdict."""

from __future__ import annotations

from codi_tui.cli.exits import NOT_FOUND, OK, REFUSED
from codi_tui.cli.page import mark, show_json, show_lines
from codi_tui.cli.with_core import with_core
from codi_tui.operations.explanation import explain_library, step_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.core import Core
    from codi_tui.operations.explanation import Explanation

_NAME_WIDTH = 12


def show_explanation(text: str, *, as_json: bool) -> int:
    """Explain a library; returns the exit status.

    Raises:
        NotFoundError: no such library or command is known here.
        CodiError: settings, state or cache cannot be read.
    """

    async def work(core: Core) -> Explanation:
        return await explain_library(core, text)

    explanation = with_core(work, offline=True)
    if as_json:
        show_json(explanation.document())
    else:
        show_lines(_lines(explanation))
    if explanation.error is None:
        return OK
    return NOT_FOUND if explanation.error.code == "E_NOT_FOUND" else REFUSED


def _lines(explanation: Explanation) -> list[str]:
    signs = [mark(step.ok) for step in explanation.steps]
    width = max(len(sign) for sign in signs)
    lines = [f"{explanation.name} of {explanation.origin}", ""]
    for step, sign in zip(explanation.steps, signs, strict=True):
        first, *more = step_words(step, explanation.now)
        lines.append(f"{sign:<{width}} {step.name:<{_NAME_WIDTH}}{first}")
        lines += [f"{'':<{width + 1 + _NAME_WIDTH}}{line}" for line in more]
    error = explanation.error
    if error is None:
        lines += ["", "trusted: it would be run"]
    else:
        lines += ["", f"not trusted: {error.message} ({error.code})"]
        if error.hint:
            lines.append(f"next: {error.hint}")
    lines += [f"another {explanation.name} is from {origin}" for origin in explanation.others]
    return lines
