"""A directory as a source: `NAME.json` for each library, `index.json` from command to library."""

from __future__ import annotations

import errno
import os
import stat

from codi_tui.errors import DocumentError, FetchError, NotFoundError
from codi_tui.library.source import Delivery, Offer
from codi_tui.limits import DOCUMENT_MAX_BYTES, MANIFEST_MAX_BYTES, PULL_LIBRARIES_MAX
from codi_tui.model.names import is_name
from codi_tui.trust.canonical import loads_strict

_NO_LIBRARIES = ("index", "key")
"""Files beside the libraries, which are of the same form otherwise."""


class DirectoryClient:
    """Reads signed libraries from a folder. The index is not signed: it only says where to look."""

    local = True
    networked = False

    def __init__(self, origin: str, folder: str) -> None:
        self.origin = origin
        self._folder = folder
        self._index: dict[str, dict[str, str]] | None = None

    def commands(self) -> dict[str, dict[str, str]]:
        """Command → `{library, description}`; empty when there is no readable index."""
        if self._index is None:
            try:
                document = loads_strict(read_file(os.path.join(self._folder, "index.json"), MANIFEST_MAX_BYTES))
                self._index = _sound_entries(document)
            except (OSError, DocumentError):
                self._index = {}
        return self._index

    async def find_command(self, command: str) -> str | None:
        entry = self.commands().get(command)
        return None if entry is None else entry["library"]

    async def fetch_library(self, name: str, version: str | None = None) -> Delivery:
        tag = self.current_tag(name) if version is None else None
        try:
            path = self._path(name) if version is None else self._path_of_version(name, version)
            return Delivery(read_file(path, DOCUMENT_MAX_BYTES), tag)
        except FileNotFoundError:
            what = f"library {name!r}" if version is None else f"{name} {version}"
            raise NotFoundError(f"there is no {what} in {self.origin}", library=name) from None
        except OSError as error:
            raise FetchError(f"the library cannot be read: {error.strerror}", library=name) from None

    async def list_offers(self) -> list[Offer]:
        try:
            names = os.listdir(self._folder)
        except OSError as error:
            raise FetchError(f"{self._folder} cannot be read: {error.strerror}") from None
        found = sorted(name[:-5] for name in names if name.endswith(".json") and is_name(name[:-5]))
        return [Offer(name, None) for name in found if name not in _NO_LIBRARIES][:PULL_LIBRARIES_MAX]

    async def fetch_module(self, digest: str, size_bytes: int) -> bytes:
        raise DocumentError("a library in a directory carries its module inside", code="E_WASM_HASH")

    async def fetch_trust(self, version: int | None = None) -> bytes:
        raise NotFoundError(f"{self.origin} has no trust document")

    def current_tag(self, name: str) -> str | None:
        try:
            status = os.stat(self._path(name))
        except OSError:
            return None
        return f"{status.st_mtime_ns}-{status.st_size}"

    def _path(self, name: str) -> str:
        if not is_name(name):
            raise NotFoundError(f"not a library name: {name[:80]!r}")
        return os.path.join(self._folder, f"{name}.json")

    def _path_of_version(self, name: str, version: str) -> str:
        """It has one release of each library."""
        return self._path(name)


def _sound_entries(document: object) -> dict[str, dict[str, str]]:
    """What an index says, without whatever is not of its shape."""
    commands = document.get("commands") if isinstance(document, dict) else None
    return {
        command: {"library": entry["library"], "description": str(entry.get("description", ""))}
        for command, entry in (commands.items() if isinstance(commands, dict) else ())
        if isinstance(entry, dict) and isinstance(entry.get("library"), str) and is_name(entry["library"])
    }


def read_file(path: str, limit: int) -> bytes:
    """A whole file of at most so many bytes; a pipe or a device in its place is not waited for.

    Raises:
        DocumentError: `E_TOO_LARGE`.
        OSError: it is no file, or cannot be read.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", path)
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DocumentError(f"{path} is larger than {limit} bytes", code="E_TOO_LARGE")
    return data
