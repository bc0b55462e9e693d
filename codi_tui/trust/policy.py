"""Permissions: what a run may do is what its library declares and the user granted, nothing else."""

from __future__ import annotations

from codi_tui.errors import GrantError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codi_tui.trust.validator import CommandLibrary

BUNDLED = "bundled"
"""The origin of the libraries inside the installed package. Installing codi is the grant for what they declare."""


class Permissions:
    """What one run may do: declared ∩ granted."""

    __slots__ = ("_command", "_declared", "_granted", "_library")

    def __init__(self, library: CommandLibrary, command: str, granted: Iterable[str]) -> None:
        self._library = library
        self._command = command
        self._declared = frozenset(library.manifest.library.permissions)
        self._granted = self._declared if library.origin == BUNDLED else self._declared.intersection(granted)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._granted))

    def require(self, permission: str) -> None:
        """Refuse the run unless it has a permission.

        Raises:
            GrantError: `E_PERMISSION`; it says whether the library's author or the user could change that.
        """
        if permission in self._granted:
            return
        if permission not in self._declared:
            raise GrantError(
                f"{self._command} wants {permission}, which its library does not declare",
                hint="only the library's author can declare it",
                library=self._library.name,
            )
        import shlex

        raise GrantError(
            f"{self._command} needs {permission}, which is not granted",
            hint=f"to grant it for one run: codi run --allow {shlex.quote(permission)} {self._command}",
            library=self._library.name,
        )
