"""Which paths an agent may name. A path argument confers that path, so only a person's choice of folders makes it one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from codi_tui.errors import GrantError
from codi_tui.execute.outputs import is_below
from codi_tui.model.manifest import SubcommandDefinition
from codi_tui.operations.command_line import quote


class Roots:
    """The folders that were named when the server was started."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = [os.path.realpath(folder) for folder in folders]

    def confine(self, definition: SubcommandDefinition, values: dict[str, Any]) -> dict[str, Any]:
        """The values with each path resolved; a relative one is below the first folder.

        Raises:
            GrantError: `E_PERMISSION`, a path is in none of the folders.
        """
        paths = {item.name for item in definition.parameters if item.type == "path"}
        return {name: self._confined(name, value) if name in paths else value for name, value in values.items()}

    def _confined(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._confined(name, item) for item in value]
        if value == "-":
            return value
        path = os.path.expanduser(value)
        real = os.path.realpath(os.path.join(*self._folders[:1], path) if self._folders else path)
        if any(is_below(real, folder) for folder in self._folders):
            return real
        raise GrantError(
            f"{name} {value[:200]!r} is in no folder that a person opened to agents",
            hint=f"a person can open one: codi mcp serve --root {quote(os.path.dirname(real))}",
        )
