"""The data folder of a library server.

```
DIR/server/server.db         the database
DIR/server/blobs/sha256/ab/… what is published, named by its SHA-256
DIR/server/incoming/         files that are being written
DIR/server/lock              held by the one server that uses the folder
DIR/…                        what `codi-registry publish --to DIR` laid out
```
"""

from __future__ import annotations

import hashlib
import os

from codi_tui.cache.files import prepare_folder
from codi_tui.errors import CacheError, NotFoundError, StateError


class DataFolder:
    """Where everything is. Files come into being whole: written elsewhere, synced, renamed."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.private = os.path.join(self.root, "server")
        self.database = os.path.join(self.private, "server.db")
        self._incoming = os.path.join(self.private, "incoming")
        self._blobs = os.path.join(self.private, "blobs", "sha256")
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make what is missing.

        Raises:
            StateError: `E_STATE_PERMS`, it belongs to someone else; `E_STATE`, it cannot be made.
        """
        try:
            for folder in (self.private, self._incoming, os.path.dirname(self._blobs), self._blobs):
                prepare_folder(folder)
        except CacheError as error:
            raise StateError(error.message, code="E_STATE_PERMS", hint=error.hint) from None
        except OSError as error:
            raise StateError(f"{error.filename or self.root} cannot be used: {error.strerror}") from None

    def lock(self) -> None:
        """Keep other servers out for as long as this process lives, and clear what a killed one was writing.

        Raises:
            StateError: another one is there.
        """
        import fcntl

        descriptor = os.open(os.path.join(self.private, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise StateError(
                f"another server uses {self.root}", code="E_STATE_BUSY", hint="stop it, or name another --data folder"
            ) from None
        self._lock = descriptor
        for name in os.listdir(self._incoming):
            os.unlink(os.path.join(self._incoming, name))

    def blob(self, digest: str) -> str:
        """The path of a blob. Its name is a SHA-256 in lower-case hex, which the caller has checked."""
        return os.path.join(self._blobs, digest[:2], digest)

    def store(self, data: bytes) -> str:
        """Keep bytes under their digest; they are on the disk when this returns the digest.

        Raises:
            OSError: they cannot be written.
        """
        digest = hashlib.sha256(data).hexdigest()
        path, temporary = self.blob(digest), os.path.join(self._incoming, os.urandom(16).hex())
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                sync_folder(self._blobs)
            os.replace(temporary, path)
        except BaseException:
            if os.path.lexists(temporary):
                os.unlink(temporary)
            raise
        sync_folder(os.path.dirname(path))
        return digest


def sync_folder(folder: str) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def used_folder(root: str) -> DataFolder:
    """The data folder of a server that was started before; an empty one is not made by a slip of the pen.

    Raises:
        NotFoundError: it is none.
    """
    folder = DataFolder(root)
    if not os.path.isfile(folder.database):
        raise NotFoundError(
            f"{folder.root} is not the data folder of a library server",
            hint="name the folder that you give to codi-registry serve --data",
        )
    return folder
