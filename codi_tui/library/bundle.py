"""A bundle: one file that carries signed libraries, their modules and trust documents to a machine without a network.

```
codi bundle 1 and a line feed
size of the index, u64 big-endian
index             {"type": "codi/bundle/v1", "origins": [{"origin", "trust": [blob…], "libraries": [{"name", "version", "document"}…]}], "blobs": [{"digest", "packed"}…]}
blobs             in the index's order, each one zstd frame of `packed` bytes that states its size
```

A blob is named by the SHA-256 of its content, and `trust` and `document` name blobs; a module is the blob that its manifest
was signed for. There are no paths in it, and nothing of it is believed: a bundle is a source like a server, and what it
delivers goes the same way as from there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat

from codi_tui.cache.zstd import compress, decompress
from codi_tui.errors import CacheError, CodiError, DocumentError, InputError, NotFoundError
from codi_tui.library.source import Delivery, Offer
from codi_tui.limits import (
    BUNDLE_INDEX_MAX_BYTES,
    BUNDLE_MAX_BYTES,
    BUNDLE_ORIGINS_MAX,
    DOCUMENT_MAX_BYTES,
    LOCK_LIBRARIES_MAX,
    MODULE_MAX_BYTES,
    TRUST_MAX_BYTES,
)
from codi_tui.lock import is_digest
from codi_tui.model.names import is_name, is_version
from codi_tui.trust.canonical import loads_strict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, BinaryIO, TypeVar

    T = TypeVar("T")

_MAGIC = b"codi bundle 1\n"
_TYPE = "codi/bundle/v1"
_SIZE_BYTES = 8


class BundleWriter:
    """Collects what is to go into a bundle; blobs are held packed, in a file beside the one that is to be."""

    def __init__(self, path: str) -> None:
        """
        Raises:
            CodiError: `E_EXISTS`, there is something at the path; `E_CREATE`, it cannot be written.
        """
        if os.path.lexists(path):
            raise CodiError(f"{path} is there already", code="E_EXISTS", hint="name another file, or move it away")
        self._path = path
        self._part = f"{path}.{os.getpid()}.part"
        self._origins: dict[str, dict[str, Any]] = {}
        self._blobs: dict[str, int] = {}
        self._file: BinaryIO = self._guarded(lambda: open(self._part, "xb+"))  # noqa: SIM115 - closed by `finish`, `drop`

    def add_library(self, origin: str, name: str, version: str, document: bytes, module: bytes | None) -> None:
        """Take a signed document in, and the module that travels apart from it."""
        if module is not None:
            self._add(module)
        entry = {"name": name, "version": version, "document": self._add(document)}
        self._of(origin)["libraries"].append(entry)

    def add_trust(self, origin: str, document: bytes) -> None:
        """Take a trust document in; they come in their order."""
        self._of(origin)["trust"].append(self._add(document))

    def finish(self) -> int:
        """Write the file, whole or not at all; returns its size in bytes."""
        blobs = [{"digest": digest, "packed": packed} for digest, packed in self._blobs.items()]
        index = json.dumps({"type": _TYPE, "origins": list(self._origins.values()), "blobs": blobs}).encode()
        return self._guarded(lambda: self._finish(index))

    def _finish(self, index: bytes) -> int:
        import shutil

        whole = f"{self._part}2"
        try:
            with open(whole, "xb") as file:
                file.write(_MAGIC + len(index).to_bytes(_SIZE_BYTES, "big") + index)
                self._file.seek(0)
                shutil.copyfileobj(self._file, file)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            os.link(whole, self._path)  # unlike a rename, it never takes the place of another file
            return size
        finally:
            if os.path.lexists(whole):
                os.unlink(whole)
            self.drop()

    def drop(self) -> None:
        """Leave nothing behind; also after `finish`."""
        self._file.close()
        if os.path.lexists(self._part):
            os.unlink(self._part)

    def _of(self, origin: str) -> dict[str, Any]:
        return self._origins.setdefault(origin, {"origin": origin, "trust": [], "libraries": []})

    def _add(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self._blobs:
            packed = compress(data)
            self._guarded(lambda: self._file.write(packed))
            self._blobs[digest] = len(packed)
        return digest

    def _guarded(self, operation: Callable[[], T]) -> T:
        try:
            return operation()
        except OSError as error:
            raise CodiError(f"cannot write {self._path}: {error.strerror}", code="E_CREATE") from None


class Bundle:
    """A bundle that is read. Its index is checked; its blobs are, when they are asked for.

    Attributes:
        sources: one for each origin that it carries something of.
    """

    def __init__(self, path: str) -> None:
        """
        Raises:
            InputError: `E_BUNDLE`, it is no bundle, or not whole; `E_INPUT`, it cannot be read.
        """
        self._path = path
        try:
            with self._opened() as file:
                self._size = os.fstat(file.fileno()).st_size
                origins, blobs, at = self._read_index(file)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from None
        self._blobs: dict[str, tuple[int, int]] = {}
        for digest, packed in blobs:
            self._blobs[digest] = (at, packed)
            at += packed
        if at != self._size:
            raise self._broken("it is not whole: copy it again")
        self.sources = [BundleClient(self, entry) for entry in origins]

    def blob(self, digest: str, limit: int, what: str) -> bytes:
        """A blob's content, of at most so many bytes.

        Raises:
            NotFoundError: there is none.
            DocumentError: `E_BUNDLE`, it is damaged, larger, or another one.
        """
        if digest not in self._blobs:
            raise NotFoundError(f"{self._path} has no {what}")
        at, packed = self._blobs[digest]
        try:
            if packed > limit + (limit >> 6) + 1024:
                raise CacheError("larger than it can be")
            with self._opened() as file:
                file.seek(at)
                data = decompress(file.read(packed), limit)
        except (CacheError, OSError):
            data = b""
        if hashlib.sha256(data).hexdigest() != digest:
            raise DocumentError(f"the {what} in {self._path} is damaged", code="E_BUNDLE", hint="copy it again")
        return data

    def _opened(self) -> BinaryIO:
        """The file, which may be another one by now: every blob is checked against the index that was read."""
        file = open(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")  # noqa: SIM115 - the caller's
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "it is not a file", self._path)
        return file

    def _read_index(self, file: BinaryIO) -> tuple[list[dict[str, Any]], list[tuple[str, int]], int]:
        head = file.read(len(_MAGIC) + _SIZE_BYTES)
        size = int.from_bytes(head[len(_MAGIC) :], "big")
        if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + _SIZE_BYTES:
            raise self._broken("it is no bundle of codi's")
        if self._size > BUNDLE_MAX_BYTES or size > BUNDLE_INDEX_MAX_BYTES:
            raise self._broken("it is too large")
        try:
            index = loads_strict(file.read(size))
            if not isinstance(index, dict) or index.get("type") != _TYPE:
                raise ValueError
            blobs = [(_checked(blob["digest"], is_digest), _count(blob["packed"])) for blob in index["blobs"]]
            if len(dict(blobs)) < len(blobs):
                raise ValueError
            return [_origin(entry) for entry in _list(index["origins"], BUNDLE_ORIGINS_MAX)], blobs, len(head) + size
        except (DocumentError, KeyError, TypeError, ValueError):
            raise self._broken("its index is not one") from None

    def _broken(self, why: str) -> InputError:
        return InputError(f"{self._path} cannot be used: {why}", code="E_BUNDLE")


class BundleClient:
    """The part of a bundle that came from one origin, as a source of libraries."""

    local = False
    networked = False

    def __init__(self, bundle: Bundle, entry: dict[str, Any]) -> None:
        self.origin: str = entry["origin"]
        self._bundle = bundle
        self._trust: list[str] = entry["trust"]
        self._libraries: dict[str, tuple[str, str]] = entry["libraries"]

    async def find_command(self, command: str) -> str | None:
        return None

    async def list_offers(self) -> list[Offer]:
        return [Offer(name, version) for name, (version, _) in sorted(self._libraries.items())]

    async def fetch_library(self, name: str, version: str | None = None) -> Delivery:
        known = self._libraries.get(name)
        if known is None or version not in (None, known[0]):
            raise NotFoundError(f"the bundle has no {name} {version or ''}".rstrip())
        return Delivery(self._bundle.blob(known[1], DOCUMENT_MAX_BYTES, name), live=False)

    async def fetch_module(self, digest: str, size_bytes: int) -> bytes:
        return self._bundle.blob(digest, min(size_bytes, MODULE_MAX_BYTES), "module")

    async def fetch_trust(self, version: int | None = None) -> bytes:
        for digest in reversed(self._trust):
            data = self._bundle.blob(digest, TRUST_MAX_BYTES, "trust document")
            document = loads_strict(data)
            if version is None or (isinstance(document, dict) and document.get("version") == version):
                return data
        raise NotFoundError(f"the bundle has no trust document {version or ''} of {self.origin}")

    def current_tag(self, name: str) -> str | None:
        return None


def _origin(entry: dict[str, Any]) -> dict[str, Any]:
    from codi_tui.limits import TRUST_CHAIN_MAX

    libraries = {}
    for library in _list(entry["libraries"], LOCK_LIBRARIES_MAX):
        name = _checked(library["name"], is_name)
        if name in libraries:
            raise ValueError
        libraries[name] = (_checked(library["version"], is_version), _checked(library["document"], is_digest))
    trust = [_checked(digest, is_digest) for digest in _list(entry["trust"], TRUST_CHAIN_MAX + 1)]
    return {
        "origin": _checked(entry["origin"], lambda text: len(text) <= 1_000),
        "trust": trust,
        "libraries": libraries,
    }


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError
    return value


def _checked(value: object, sound: Callable[[str], bool]) -> str:
    if not isinstance(value, str) or not sound(value):
        raise ValueError
    return value


def _count(value: object) -> int:
    if type(value) is not int or not 0 < value <= BUNDLE_MAX_BYTES:
        raise ValueError
    return value
