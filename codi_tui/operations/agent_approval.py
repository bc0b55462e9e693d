"""A person lets agents call a command, as it is now. The door for agents must not import this module."""

from __future__ import annotations

from codi_tui.model.permission import meaning
from codi_tui.operations.agent_tools import tool_digest
from codi_tui.operations.grants import review
from codi_tui.operations.question import bounded, difference_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.agent_tools import AgentTool
    from codi_tui.operations.core import Core
    from codi_tui.operations.grants import Review


class Approval:
    """What a person is asked about a tool.

    Attributes:
        lines: what it is and how it changed, raw: whoever shows them makes them safe.
    """

    def __init__(self, core: Core, tool: AgentTool, review_of: Review) -> None:
        self._core = core
        self._tool = tool
        self._review = review_of
        self.lines = _lines(tool, review_of)

    async def give(self) -> None:
        """Remember that agents may call the tool as it is now; and its library as the approved one.

        Raises:
            StateError: it cannot be written.
        """
        tool = self._tool
        await self._review.remember()
        await self._core.agent_approvals.approve(
            tool.library, tool.definition.path, tool_digest(tool.library, tool.definition)
        )


async def prepare(core: Core, tool: AgentTool) -> Approval:
    """The approval of a tool, to be shown and then given or not.

    Raises:
        StateError: what was approved before cannot be read.
    """
    return Approval(core, tool, await review(core, tool.library, tool.definition))


def _lines(tool: AgentTool, review_of: Review) -> list[str]:
    library, definition = tool.library, tool.definition
    told = ", ".join(name for name, value in sorted(definition.annotations.items()) if value)
    lines = [
        f"{definition.path}: {' '.join(definition.description.split())}",
        f"from {library.name} {library.version} ({library.origin}), rule {library.rule}, signed by {library.key_id[:24]}",
        *([f"marked {told}"] if told else []),
        *(
            f"handled by {handler.handler_type} {handler.endpoint or handler.function}"
            for handler in definition.handlers
        ),
        *(f"it may ask for {item}   {meaning(item)}" for item in library.manifest.permissions),
    ]
    changes = difference_lines(review_of.changes)
    if changes:
        lines.append(f"since {review_of.old_version}, all of which is approved with it:")
    return bounded([*lines, *changes])
