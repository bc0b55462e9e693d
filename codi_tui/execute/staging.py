"""Path arguments: each gives the guest exactly that path, under `/args/NAME/`.

A WASI preopen opens a folder, and a folder holds neighbours. So a file to read is linked (or copied, where it cannot be
linked) into a folder of the run's own, and a file to write is made in one; a folder that was named is opened itself, to
read.
"""

from __future__ import annotations

import os
import select
import stat
import time

from codi_tui.cache.files import prepare_folder
from codi_tui.errors import GrantError, InputError, LimitError
from codi_tui.execute.removal import remove_folder
from codi_tui.limits import RUN_OUTPUT_BYTES, RUN_WALL_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from codi_tui.execute.outputs import OutputFile
    from codi_tui.model.manifest import SubcommandDefinition

STDIN = "-"


class Staging:
    """What the paths of one run confer; a context manager that leaves nothing behind.

    Attributes:
        folders: guest path → host folder, to read.
        writable: guest path → host folder, to read and write.
        outputs: the files that it may write, each staged in one of `writable`.
    """

    def __init__(
        self, runs_folder: str, wall_seconds: float = RUN_WALL_SECONDS, own_folders: Sequence[str] = ()
    ) -> None:
        """
        Args:
            runs_folder: where the run's own folder is made.
            wall_seconds: how long a pipe that was named may take to be read.
            own_folders: codi's own, of which no command is given anything.
        """
        self._deadline = time.monotonic() + wall_seconds
        self._runs_folder = runs_folder
        self._own_folders = own_folders
        self._folder: str | None = None
        self.folders: dict[bytes, bytes] = {}
        self.writable: dict[bytes, bytes] = {}
        self.outputs: list[OutputFile] = []

    def __enter__(self) -> Staging:  # noqa: PYI034 - typing.Self costs its import
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def confer(self, definition: SubcommandDefinition, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with each path replaced by the path that the guest sees.

        Raises:
            InputError: `E_INPUT`, a path cannot be read; `E_CREATE`, it cannot be written.
            GrantError: `E_PERMISSION`, a path is codi's own.
        """
        seen = dict(arguments)
        for parameter in definition.parameters:
            value = arguments.get(parameter.name)
            if parameter.type != "path" or value is None:
                continue
            stage = self._stage_output if parameter.access == "write" else self._stage
            if isinstance(value, list):
                seen[parameter.name] = [stage(f"{parameter.name}.{at}", item) for at, item in enumerate(value)]
            else:
                seen[parameter.name] = stage(parameter.name, value)
        return seen

    def place(self) -> None:
        """Put the files that were written in their places; the run has succeeded.

        Raises:
            InputError: `E_CREATE`.
        """
        for output in self.outputs:
            output.place()

    def unplaced(self) -> list[str]:
        """The files that were written and are not going to be put in their places: the run has not succeeded."""
        return [str(output) for output in self.outputs if os.path.lexists(output.staged)]

    def written_bytes(self) -> float:
        """What was written so far of the files that are put in their places later."""
        if not self.outputs:
            return 0
        from codi_tui.execute.outputs import written_bytes

        return written_bytes(self.outputs)

    def close(self) -> None:
        """Remove the run's folder."""
        if self._folder is not None:
            remove_folder(self._folder)
            self._folder = None

    def stage_file(self, path: str, *parts: str, link: bool = True) -> str:
        """Put a file, linked or copied, into a folder of the run's own, and return that folder.

        Raises:
            OSError: it cannot be read, or is no file and no pipe.
        """
        folder = self.make_folder(*parts)
        self._link_or_copy(path, os.path.join(folder, _basename(path)), link=link)
        return folder

    def stage_output(self, path: str, *parts: str) -> OutputFile:
        """Make the folder of a file that is to be written.

        Raises:
            InputError, GrantError: as `confer`.
        """
        from codi_tui.execute.outputs import OutputFile

        output = OutputFile(path, self.make_folder(*parts), self._own_folders)
        self.outputs.append(output)
        return output

    def make_folder(self, *parts: str) -> str:
        """A folder of the run's own."""
        if self._folder is None:
            self._folder = self._make_folder()
        folder = self._folder
        for part in parts:
            folder = os.path.join(folder, part)
            if not os.path.isdir(folder):
                os.mkdir(folder, 0o700)
        return folder

    def _stage(self, name: str, path: str) -> str:
        if path == STDIN:
            return STDIN
        if _is_own(path, self._own_folders):
            raise GrantError(
                f"{path} is codi's own, which no command is given", hint="copy what it should read to another place"
            )
        try:
            if os.path.isdir(path):
                os.path.abspath(path).encode()  # the engine takes folders in UTF-8 only
                self.folders[f"/args/{name}".encode()] = os.fsencode(os.path.abspath(path))
                return f"/args/{name}"
            self.folders[b"/args"] = os.fsencode(self.make_folder("args"))
            self.stage_file(path, "args", name)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError(f"cannot read {path}: {reason}", hint=f"check the path given for {name}") from None
        return f"/args/{name}/{_basename(path)}"

    def _stage_output(self, name: str, path: str) -> str:
        if path == STDIN:  # which stands for stdout here
            return STDIN
        output = self.stage_output(path, "out", name)
        self.writable[f"/args/{name}".encode()] = os.fsencode(output.folder)
        return f"/args/{name}/{output.basename}"

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

    def _link_or_copy(self, path: str, staged: str, *, link: bool) -> None:
        """Open first: whoever cannot read a file cannot confer it. A link is the same file and costs nothing."""
        source = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            mode = os.fstat(source).st_mode
            if link and stat.S_ISREG(mode) and _link(path, staged, source):
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


def _is_own(path: str, own_folders: Sequence[str]) -> bool:
    """Whether a path leads into one of codi's own folders, by whatever links."""
    real = os.path.realpath(path) if own_folders and "\0" not in path else ""
    return any(f"{real}/".startswith(f"{os.path.realpath(folder).rstrip('/')}/") for folder in own_folders)


def _basename(path: str) -> str:
    return os.path.basename(path).encode(errors="replace").decode()


def _link(path: str, staged: str, source: int) -> bool:
    try:
        os.link(os.path.realpath(path), staged)
    except OSError:
        return False
    if os.path.samestat(os.fstat(source), os.stat(staged)):
        return True
    os.unlink(staged)
    return False


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
    remove_folder(folder)


def _remove_abandoned(runs_folder: str) -> None:
    """Folders of runs that were killed outright."""
    for name in os.listdir(runs_folder):
        pid = name.partition("-")[0]
        if not pid.isdecimal():
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            remove_folder(os.path.join(runs_folder, name))
        except (OSError, OverflowError):
            continue
