"""`codi run --dry-run`: what would run, who signed it, what it may do, and what would keep it from running."""

from __future__ import annotations

from codi_tui.cli.exits import OK
from codi_tui.cli.narration import STDOUT, notice, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codi_tui.loader import ResolvedCommand
    from codi_tui.operations.core import Core
    from codi_tui.operations.grants import Review


_SECRET = "***"  # noqa: S105 - what is shown instead of one


async def dry_run(
    core: Core, resolved: ResolvedCommand, arguments: dict[str, Any], allow: list[str], wall_seconds: float | None
) -> int:
    """Write it to stdout as JSON; nothing is asked and nothing remembered. Returns the exit status.

    Raises:
        UsageError: something in `allow` is no permission.
        StateError: what was granted cannot be read.
    """
    import json

    from codi_tui.execute.invocation import Invocation
    from codi_tui.model.quantities import LIMITS
    from codi_tui.operations.grants import review

    library, definition = resolved.library, resolved.definition
    found = await review(core, library, definition, allow=allow, notice=notice)
    handler = definition.handler
    secrets = [item.name for item in definition.parameters if item.document.get("secret")]
    limits = Invocation(library, definition, arguments, found.permissions, wall_seconds).limits(handler)
    document = {
        "command": definition.path,
        "library": library.name,
        "version": library.version,
        "origin": library.origin,
        "digest": library.digest,
        "signed_by": library.key_id,
        "rule": library.rule,
        "handler": handler.handler_type,
        **({"endpoint": handler.endpoint} if handler.endpoint else {}),
        "permissions": list(found.permissions),
        **_in_the_way(found),
        "limits": {name: getattr(limits, name) for name in LIMITS},
        "arguments": {name: _SECRET if name in secrets else value for name, value in arguments.items()},
    }
    write_all(STDOUT, f"{json.dumps(document, indent=2)}\n".encode())
    return OK


def _in_the_way(found: Review) -> dict[str, Any]:
    from codi_tui.model.permission import meaning
    from codi_tui.operations.question import bounded, difference_lines

    missing = [{"permission": name, "meaning": meaning(name), "why": "not granted"} for name in found.missing]
    changes = {"approved": found.old_version, "lines": bounded(difference_lines(found.changes))}
    return {
        "missing": missing,
        **({"changed": {**changes, "needs_approval": found.decisive}} if found.changes else {}),
    }
