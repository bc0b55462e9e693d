"""Files that a run writes: each is staged alone, and put in its place, whole, when the run has succeeded."""

from __future__ import annotations

import contextlib
import errno
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
        try:
            source = os.open(self.staged, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._cannot(_no_file() if error.errno == errno.ELOOP else error) from None
        try:
            status = os.fstat(source)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise _no_file()
            with _Replacement(self._target) as replacement:
                _copy(source, replacement.descriptor)
                replacement.finish()
        except OSError as error:
            raise self._cannot(error) from None
        finally:
            os.close(source)

    def __str__(self) -> str:
        return self._path

    def _cannot(self, error: Exception) -> InputError:
        reason = getattr(error, "strerror", None) or str(error)
        return InputError(f"cannot write {self._path}: {reason}", code="E_CREATE", hint="name another file")


class _Replacement:
    """A new file that takes another's place, whole; a context manager that leaves nothing else behind.

    Where the file system can, it has no name until then: a process that is killed half-way leaves nothing either.
    """

    def __init__(self, target: str) -> None:
        """
        Raises:
            OSError: it cannot be made.
        """
        self._target = target
        folder = os.path.dirname(target)
        self._temporary = os.path.join(folder, f".codi-{os.urandom(8).hex()}")
        self._is_named = False
        try:
            self.descriptor = os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
        except (OSError, AttributeError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            self.descriptor = os.open(self._temporary, flags, 0o666)
            self._is_named = True

    def __enter__(self) -> _Replacement:  # noqa: PYI034 - typing.Self costs its import
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        if self._is_named:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._temporary)

    def finish(self) -> None:
        """Put it in its place, with the mode of what is there.

        Raises:
            OSError: it cannot be put there.
        """
        if os.path.exists(self._target):
            os.fchmod(self.descriptor, stat.S_IMODE(os.stat(self._target).st_mode) & 0o777)
        os.fsync(self.descriptor)
        if not self._is_named:
            self._is_named = True
            opened = f"/proc/self/fd/{self.descriptor}"
            os.link(opened, self._temporary, src_dir_fd=self.descriptor)  # with a folder named, Python follows the link
        os.replace(self._temporary, self._target)


def _no_file() -> OSError:
    return OSError(0, "the command made something that is not a file")


def written_bytes(outputs: Sequence[OutputFile]) -> float:
    """What the guest has made so far.

    More than any limit when that is folders, or beyond `RUN_STAGED_FILES` files, or when it has so many files open that
    there is no telling.
    """
    total = 0
    for folder in {output.folder for output in outputs}:
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            continue  # the run is over
        except OSError:
            return float("inf")
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
