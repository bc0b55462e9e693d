"""A folder as a library server: what `codi-registry publish --to DIR` writes, and an origin such as `file:///srv/codi`.

```
NAME.json                      the current release of each library
versions/NAME/VERSION.json     every release
index.json                     from command to library
trust/N.json                   every trust document
```

It is trusted no more than a server: the same keys, marks and trust documents, and its commands come after those that
are here already. It differs in what it costs to ask: no socket, so a changed file is noticed at the next run, and
offline too.
"""

from __future__ import annotations

import os

from codi_tui.config import FOLDER_SCHEME
from codi_tui.errors import FetchError, NotFoundError
from codi_tui.library.directory import DirectoryClient, read_file
from codi_tui.limits import TRUST_MAX_BYTES
from codi_tui.model.names import is_name, is_version

INDEX = "index.json"
VERSIONS = "versions"
TRUST = "trust"


class FolderClient(DirectoryClient):
    """Reads signed libraries, and trust documents, from a folder that codi-registry publishes to."""

    local = False
    networked = False

    def __init__(self, origin: str) -> None:
        super().__init__(origin, origin.removeprefix(FOLDER_SCHEME))

    async def find_command(self, command: str) -> str | None:
        self._index = None  # it may have changed since
        return await super().find_command(command)

    def _path_of_version(self, name: str, version: str) -> str:
        if not is_name(name) or not is_version(version):
            raise NotFoundError(f"not a release: {name[:80]!r} {version[:80]!r}")
        return version_path(self._folder, name, version)

    async def fetch_trust(self, version: int | None = None) -> bytes:
        path = latest_trust(self._folder) if version is None else trust_path(self._folder, version)
        what = "trust document" if version is None else f"trust document {version}"
        try:
            if path is None:
                raise FileNotFoundError
            return read_file(path, TRUST_MAX_BYTES)
        except FileNotFoundError:
            raise NotFoundError(f"{self.origin} has no {what}") from None
        except OSError as error:
            raise FetchError(f"{path} cannot be read: {error.strerror}") from None


def version_path(folder: str, name: str, version: str) -> str:
    """Where a folder has a release."""
    return os.path.join(folder, VERSIONS, name, f"{version}.json")


def trust_path(folder: str, version: int) -> str:
    """Where a folder has its trust document of a version."""
    return os.path.join(folder, TRUST, f"{version:d}.json")


def latest_trust(folder: str) -> str | None:
    """Where a folder has its newest trust document, or None without any."""
    try:
        names = os.listdir(os.path.join(folder, TRUST))
    except OSError:
        return None
    versions = [int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal() and name.isascii()]
    return trust_path(folder, max(versions)) if versions else None
