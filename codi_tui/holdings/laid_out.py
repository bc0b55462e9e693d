"""Taking in what `codi-registry publish --to DIR` wrote into the data folder: trust documents, then releases.

```
DIR/NAME.json                    the current release of a library; its change is what is noticed
DIR/versions/NAME/VERSION.json   every release
DIR/trust/N.json                 every trust document
```

Each file is published like any other release, or refused and said once; it is looked at again when it has changed.
"""

from __future__ import annotations

import os

from codi_tui.errors import CodiError, DocumentError
from codi_tui.holdings.chain import take_in
from codi_tui.holdings.database import connect, transaction
from codi_tui.holdings.publishing import publish
from codi_tui.limits import DOCUMENT_MAX_BYTES, TRUST_MAX_BYTES
from codi_tui.model.names import is_name
from codi_tui.trust.envelope import open_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codi_tui.holdings.folder import DataFolder

    Report = Callable[[str, CodiError | None], None]
    """Told the path of each file that was new, and why it was refused."""

    Stamps = dict[str, str]

_BY = "folder"


def take_in_all(folder: DataFolder, origin: str, report: Report) -> None:
    """Publish what has changed since the last time.

    Raises:
        StateError, OSError: the folder or the database cannot be used.
    """
    _take_in_trust(folder, origin, report)
    known = _known(folder)
    for current, stamp in _files(folder.root):
        if known.get(current) == stamp:
            continue
        name = os.path.basename(current)[: -len(".json")]
        others = _files(os.path.join(folder.root, "versions", name), names=False)
        new = [(current, stamp), *(item for item in others if known.get(item[0]) != item[1])]
        for path, seen in sorted(new, key=lambda item: _sequence(item[0])):
            report(path, _take_in(folder, origin, name, path))
            _remember(folder, path, seen)


def _take_in_trust(folder: DataFolder, origin: str, report: Report) -> None:
    """The documents that follow the last one, in their order; one that does not hold stops it."""
    connection = connect(folder.database)
    try:
        version = connection.execute("SELECT coalesce(max(version), 0) FROM trust_documents").fetchone()[0]
    finally:
        connection.close()
    known = _known(folder)
    while os.path.isfile(path := os.path.join(folder.root, "trust", f"{version + 1}.json")):
        stamp = _stamp(path)
        if known.get(path) == stamp:
            return  # it was refused
        try:
            version = take_in(folder.database, origin, _read(path, TRUST_MAX_BYTES)).version
        except CodiError as error:
            report(path, error)
            _remember(folder, path, stamp)
            return
        report(path, None)


def _take_in(folder: DataFolder, origin: str, name: str, path: str) -> CodiError | None:
    """Publish a file's release; returns why it was refused."""
    try:
        data = _read(path, DOCUMENT_MAX_BYTES)
        version = open_document(data).document["library"].get("version")
        publish(folder, origin, data, name, str(version), by=_BY)
    except CodiError as error:
        return error
    except OSError as error:
        return CodiError(f"it cannot be read: {error.strerror}", code="E_INPUT")
    return None


def _known(folder: DataFolder) -> Stamps:
    """The stamp that each file had when it was looked at."""
    connection = connect(folder.database)
    try:
        return dict(connection.execute("SELECT path, stamp FROM laid_out"))
    finally:
        connection.close()


def _remember(folder: DataFolder, path: str, stamp: str) -> None:
    with transaction(folder.database) as connection:
        connection.execute("INSERT OR REPLACE INTO laid_out VALUES (?, ?)", (path, stamp))


def _files(folder: str, *, names: bool = True) -> Iterator[tuple[str, str]]:
    """Path and stamp of the JSON files in a folder; with `names`, only those that are called like a library."""
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, ending = os.path.splitext(entry.name)
            wanted = ending == ".json" and (not names or (is_name(stem) and stem != "index"))
            if wanted and entry.is_file(follow_symlinks=False):
                yield entry.path, _stamp(entry.path)


def _stamp(path: str) -> str:
    try:
        status = os.lstat(path)
    except OSError:
        return ""
    return f"{status.st_mtime_ns}-{status.st_size}"


def _sequence(path: str) -> int:
    """Where a release stands among those of its library; what cannot be read comes first, and is refused."""
    try:
        sequence = open_document(_read(path, DOCUMENT_MAX_BYTES)).document["library"].get("sequence")
    except (CodiError, OSError):
        return 0
    return sequence if isinstance(sequence, int) else 0


def _read(path: str, limit: int) -> bytes:
    with open(path, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DocumentError(f"it is larger than {limit} bytes", code="E_TOO_LARGE")
    return data
