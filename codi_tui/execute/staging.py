"""Path arguments: each gives the guest exactly that path, read-only, under `/args/NAME/`.

A WASI preopen opens a folder, and a folder holds neighbours. So a file is linked (or copied, where it cannot be linked)
into a folder of the run's own; a folder that was named is opened itself.
"""

from __future__ import annotations

import os
import select
import stat
import time

from codi_tui.cache.files import prepare_folder
from codi_tui.errors import InputError, LimitError, ModuleError
from codi_tui.limits import RUN_OUTPUT_BYTES, RUN_WALL_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from codi_tui.model.manifest import SubcommandDefinition

STDIN = "-"


class Staging:
    """What the path arguments of one run confer; a context manager that leaves nothing behind."""

    def __init__(self, runs_folder: str, wall_seconds: float = RUN_WALL_SECONDS) -> None:
        """
        Args:
            runs_folder: where the run's own folder is made.
            wall_seconds: how long a pipe that was named may take to be read.
        """
        self._deadline = time.monotonic() + wall_seconds
        self._runs_folder = runs_folder
        self._folder: str | None = None
        self.folders: dict[bytes, bytes] = {}
        """Guest path → host folder."""

    def __enter__(self) -> Staging:  # noqa: PYI034 - typing.Self costs its import
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def confer(self, definition: SubcommandDefinition, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with each path replaced by the path that the guest sees.

        Raises:
            InputError: `E_INPUT`, a path cannot be read.
            ModuleError: `E_UNSUPPORTED`, a path to be written.
        """
        seen = dict(arguments)
        for parameter in definition.parameters:
            value = arguments.get(parameter.name)
            if parameter.type != "path" or value is None:
                continue
            if parameter.access == "write":
                raise ModuleError("this codi does not let a command write files", code="E_UNSUPPORTED")
            if isinstance(value, list):
                seen[parameter.name] = [self._stage(f"{parameter.name}.{at}", item) for at, item in enumerate(value)]
            else:
                seen[parameter.name] = self._stage(parameter.name, value)
        return seen

    def close(self) -> None:
        """Remove the run's folder."""
        if self._folder is not None:
            _remove(self._folder)
            self._folder = None

    def _stage(self, name: str, path: str) -> str:
        if path == STDIN:
            return STDIN
        try:
            if os.path.isdir(path):
                os.path.abspath(path).encode()  # the engine takes folders in UTF-8 only
                self.folders[f"/args/{name}".encode()] = os.fsencode(os.path.abspath(path))
                return f"/args/{name}"
            folder = os.path.join(self._run_folder(), name)
            os.mkdir(folder, 0o700)
            basename = os.path.basename(path).encode(errors="replace").decode()
            self._link_or_copy(path, os.path.join(folder, basename))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"cannot read {path}: {reason}", hint=f"check the path given for {name}") from None
        return f"/args/{name}/{basename}"

    def _run_folder(self) -> str:
        if self._folder is None:
            self._folder = self._make_folder()
            self.folders[b"/args"] = os.fsencode(self._folder)
        return self._folder

    def _make_folder(self) -> str:
        try:
            prepare_folder(self._runs_folder)
            _remove_abandoned(self._runs_folder)
            folder = os.path.join(self._runs_folder, f"{os.getpid()}-{os.urandom(4).hex()}")
            os.mkdir(folder, 0o700)
        except OSError:  # the data folder cannot be written: codi runs without it
            import tempfile

            folder = tempfile.mkdtemp(prefix=f"codi-{os.getpid()}-")
        return folder

    def _link_or_copy(self, path: str, staged: str) -> None:
        """Open first: whoever cannot read a file cannot confer it. A link is the same file and costs nothing."""
        source = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            mode = os.fstat(source).st_mode
            if stat.S_ISREG(mode) and _link(path, staged, source):
                return
            if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
                raise OSError(0, "not a file, a folder or a pipe")
            with open(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                for data in self._read(source):
                    target.write(data)
        finally:
            os.close(source)

    def _read(self, source: int) -> Iterator[bytes]:
        """All of a file, or of a pipe within the run's time and the output limit's size.

        Raises:
            LimitError: `E_WASM_TIME`, `E_WASM_OUTPUT`.
        """
        poll = select.poll()
        poll.register(source, select.POLLIN)
        left = RUN_OUTPUT_BYTES if stat.S_ISFIFO(os.fstat(source).st_mode) else None
        while True:
            remaining = self._deadline - time.monotonic()
            if remaining < 0 or not poll.poll(remaining * 1000):
                raise LimitError("stopped: reading a path took longer than the run may", code="E_WASM_TIME")
            data = os.read(source, 1 << 20)
            if not data:
                return
            if left is not None:
                left -= len(data)
                if left < 0:
                    raise LimitError("stopped: a pipe that was named holds too much", code="E_WASM_OUTPUT")
            yield data


def _link(path: str, staged: str, source: int) -> bool:
    try:
        os.link(os.path.realpath(path), staged)
    except OSError:
        return False
    if os.path.samestat(os.fstat(source), os.stat(staged)):
        return True
    os.unlink(staged)
    return False


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def remove_runs_of(runs_folder: str, pid: int) -> None:
    """Remove what a process that was killed, or could not remove anything any more, had staged."""
    import tempfile

    for parent, prefix in ((runs_folder, f"{pid}-"), (tempfile.gettempdir(), f"codi-{pid}-")):
        try:
            names = [name for name in os.listdir(parent) if name.startswith(prefix)]
        except OSError:
            continue
        for name in names:
            _remove_ours(os.path.join(parent, name))


def _remove_ours(folder: str) -> None:
    """In a folder that everyone writes to, others may have taken the name."""
    try:
        if os.name == "posix" and os.lstat(folder).st_uid != os.geteuid():
            return
    except OSError:
        return
    _remove(folder)


def _remove_abandoned(runs_folder: str) -> None:
    """Folders of runs that were killed outright."""
    for name in os.listdir(runs_folder):
        pid = name.partition("-")[0]
        if not pid.isdecimal():
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            _remove(os.path.join(runs_folder, name))
        except (OSError, OverflowError):
            continue
