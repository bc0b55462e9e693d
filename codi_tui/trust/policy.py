"""Permissions: what a run may do is what its library declares and the user granted, nothing else."""

from __future__ import annotations

from codi_tui.errors import GrantError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codi_tui.trust.validator import CommandLibrary

BUNDLED = "bundled"
"""The origin of the libraries inside the installed package. Installing codi is the grant for what they declare."""


_LIMIT = "limit:"


class Permissions:
    """What one run may do: declared ∩ granted."""

    __slots__ = ("_command", "_declared", "_granted", "_library")

    def __init__(self, library: CommandLibrary, command: str, granted: Iterable[str]) -> None:
        self._library = library
        self._command = command
        bundled = library.origin == BUNDLED
        self._declared = frozenset(library.manifest.library.permissions if bundled else library.manifest.permissions)
        self._granted = self._declared if bundled else declared_and_granted(self._declared, granted)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._granted))

    def has(self, permission: str) -> bool:
        """Whether the run may do it."""
        return permission in self._granted or covering(self._granted, permission) is not None

    def require(self, permission: str) -> None:
        """Refuse the run unless it has a permission.

        Raises:
            GrantError: `E_PERMISSION`; it says whether the library's author or the user could change that.
        """
        if self.has(permission):
            return
        declared = permission if permission in self._declared else covering(self._declared, permission)
        if declared is None:
            raise GrantError(
                f"{self._command} wants {permission}, which its library does not declare",
                hint="only the library's author can declare it",
                library=self._library.name,
            )
        import shlex

        raise GrantError(
            f"{self._command} needs {declared}, which is not granted",
            hint=f"to grant it for one run: codi run --allow {shlex.quote(declared)} {self._command}",
            library=self._library.name,
        )


def declared_and_granted(declared: Iterable[str], granted: Iterable[str]) -> frozenset[str]:
    """What is both declared and granted, as it is declared. A grant is of one declared permission, however spelled.

    A wildcard in a grant covers that same wildcard and nothing else: what a user granted is what the library asked for.
    Only a limit that was granted is also granted for less of it.
    """
    declared, granted = frozenset(declared), frozenset(granted)
    limits = [item for item in granted if item.startswith(_LIMIT)]
    if granted <= declared and not limits:
        return granted
    spellings = {normal(item) for item in granted}
    return frozenset(item for item in declared if normal(item) in spellings or _is_less(item, limits))


def _is_less(item: str, limits: Iterable[str]) -> bool:
    return item.startswith(_LIMIT) and covering(limits, item) is not None


def normal(text: str) -> str:
    """The one spelling of a permission; of what is no permission, the text itself."""
    from codi_tui.model.permission import parse_permission

    try:
        return str(parse_permission(text))
    except ValueError:
        return text


def covering(held: Iterable[str], wanted: str) -> str | None:
    """The permission of those held that covers the wanted one, if any."""
    from codi_tui.model.permission import parse_permission

    try:
        permission = parse_permission(wanted)
        return next((item for item in sorted(held) if parse_permission(item).covers(permission)), None)
    except ValueError:
        return None
