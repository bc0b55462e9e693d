"""`codi sync export` and `import`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codi_tui.cli.exits import OK
from codi_tui.cli.page import show_lines
from codi_tui.cli.sync_core import Progress, with_core
from codi_tui.cli.sync_pull import tell
from codi_tui.lock import working_folder
from codi_tui.operations import carrying
from codi_tui.operations.measures import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.operations.core import Core
    from codi_tui.operations.sync import Pulled
    from codi_tui.trust import CommandLibrary


def export_file(path: str, names: Sequence[str], *, offline: bool) -> int:
    """Write libraries into a file; returns the exit status.

    Raises:
        CodiError: one is not here or is refused, or the file cannot be written.
    """

    async def work(core: Core, progress: Progress) -> tuple[list[CommandLibrary], int]:
        return await carrying.export(core, path, names, notice=progress.notice, done=progress.step)

    written, size_bytes = with_core(work, offline=offline, folder=working_folder())
    show_lines(f"exported  {library.name} {library.version} ({library.origin})" for library in written)
    show_lines([f"{path}: {len(written)} libraries, {size(size_bytes)}"])
    return OK


def import_file(path: str, *, compiles: bool, as_json: bool) -> int:
    """Take libraries in from a file; returns the exit status: of the first that failed.

    Raises:
        CodiError: it is no bundle, or cannot be read.
    """

    async def work(core: Core, progress: Progress) -> list[Pulled]:
        return await carrying.take_in(core, path, compiles=compiles, done=lambda one: progress.step(one.name))

    return tell(with_core(work, offline=True, folder=working_folder()), as_json=as_json)
