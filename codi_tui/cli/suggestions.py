"""The commands and built-ins that a mistyped name may have meant."""

from __future__ import annotations

from codi_tui.errors import CacheError
from codi_tui.model.names import BUILT_INS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.errors import CodiError
    from codi_tui.operations.core import Core


async def with_suggestions(core: Core, command: str, error: CodiError) -> CodiError:
    """The same error, with the names that may have been meant."""
    from codi_tui.catalog.commands import list_commands, nearest

    try:
        entries = await list_commands(core.bundled, core.cache)
    except CacheError:
        entries = await list_commands(core.bundled, None)
    names = [entry.command for entry in entries]
    near = nearest(command, [*names, *sorted(BUILT_INS)])
    if near and command not in near:
        hint = f"did you mean {' or '.join(near)}?"
        error.hint = f"{hint} Or {error.hint}" if error.hint else hint
    elif error.hint is None:
        error.hint = "codi help lists what can be run"
    return error
