"""Files that a run writes: each is staged alone, and put in its place, whole, when the run has succeeded."""

from __future__ import annotations

import os
import stat

from codi_tui.errors import GrantError, InputError
from codi_tui.limits import RUN_STAGED_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_COPY_BYTES = 1 << 20


class OutputFile:
    """One file that a run may write.

    Attributes:
        folder: the folder of its own in which the guest makes it; the guest can write there, and nowhere else.
        basename: its name there.
    """

    def __init__(self, path: str, folder: str, own_folders: Sequence[str]) -> None:
        """
        Args:
            path: where it is to be; a link stands for what it points to.
            own_folders: codi's own, in which no command writes.

        Raises:
            InputError: `E_CREATE`, it could not be put there.
            GrantError: `E_PERMISSION`, the place is codi's own.
        """
        self.folder = folder
        self.basename = os.path.basename(path).encode(errors="replace").decode()
        self._path = path
        self._target = os.path.realpath(path)
        try:
            self._check(own_folders)
        except (OSError, ValueError) as error:
            raise self._cannot(error) from None

    def _check(self, own_folders: Sequence[str]) -> None:
        parent = os.path.dirname(self._target)
        if not self.basename or os.path.isdir(self._target):
            raise OSError(0, "it is a folder")
        if any(is_below(self._target, folder) for folder in own_folders):
            raise GrantError(f"{self._path} is codi's own, and no command writes there")
        if os.path.lexists(self._target) and not stat.S_ISREG(os.stat(self._target).st_mode):
            raise OSError(0, "there is something that is not a file; - is standard output")
        if not os.path.isdir(parent):
            raise OSError(0, "its folder is not there")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise OSError(0, "its folder cannot be written to")
        if os.path.exists(self._target) and not os.access(self._target, os.W_OK):
            raise OSError(0, "it is there, and cannot be written to")

    @property
    def staged(self) -> str:
        """The file, where the guest makes it."""
        return os.path.join(self.folder, self.basename)

    def prefill(self) -> None:
        """Let the guest see what is there now, and change it.

        Raises:
            InputError: `E_CREATE`, it cannot be read.
        """
        try:
            with open(self._target, "rb") as source, open(self.staged, "xb") as copy:
                _copy(source.fileno(), copy.fileno())
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._cannot(error) from None

    def place(self) -> None:
        """Put what the guest made in its place; a guest that made nothing changes nothing.

        A guest can make links as well as files: only a file that is nobody else's is taken.

        Raises:
            InputError: `E_CREATE`.
        """
        temporary = os.path.join(os.path.dirname(self._target), f".codi-{os.urandom(8).hex()}")
        try:
            source = os.open(self.staged, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._cannot(error) from None
        try:
            status = os.fstat(source)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise OSError(0, "the command made something that is not a file")
            target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            try:
                _copy(source, target)
                if os.path.exists(self._target):
                    os.fchmod(target, stat.S_IMODE(os.stat(self._target).st_mode) & 0o777)
                os.fsync(target)
                os.replace(temporary, self._target)
            except BaseException:
                os.unlink(temporary)
                raise
            finally:
                os.close(target)
        except OSError as error:
            raise self._cannot(error) from None
        finally:
            os.close(source)

    def __str__(self) -> str:
        return self._path

    def _cannot(self, error: Exception) -> InputError:
        reason = getattr(error, "strerror", None) or str(error)
        return InputError(f"cannot write {self._path}: {reason}", code="E_CREATE", hint="name another file")


def written_bytes(outputs: Sequence[OutputFile]) -> float:
    """What the guest has made so far; more than any limit when that is folders, or beyond `RUN_STAGED_FILES` files."""
    total = 0
    for folder in {output.folder for output in outputs}:
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            continue  # the run is over
        with entries:
            for at, entry in enumerate(entries):
                if at >= RUN_STAGED_FILES or entry.is_dir(follow_symlinks=False):
                    return float("inf")
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # it is gone again
                total += max(status.st_size, status.st_blocks * 512)
    return total


def is_below(path: str, folder: str) -> bool:
    """Whether a real path is a folder or lies in it."""
    folder = os.path.realpath(folder)
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _copy(source: int, target: int) -> None:
    while data := os.read(source, _COPY_BYTES):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(target, rest) :]
