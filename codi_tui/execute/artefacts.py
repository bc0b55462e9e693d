"""Compiled modules on disk, each under a MAC (trust facts F10; ADR 0004).

An artefact is native code that runs as it is. It is loaded only from the very bytes whose MAC was just checked, under a
key that belongs to this user; the MAC binds the module's digest, the engine's build and settings, the target and the
list of imports. Whatever does not hold is as good as absent: the module is compiled again from its verified bytes.
"""

from __future__ import annotations

import hashlib
import os
import stat

from codi_tui.cache.files import check_ours, prepare_folder, replace_file
from codi_tui.errors import CacheError
from codi_tui.execute.artefact import Artefact
from codi_tui.limits import ARTEFACT_MAX_BYTES

_MAGIC = b"codi artefact 1\n"
_MAC_BYTES = 32
_KEY_BYTES = 32


class ArtefactStore:
    """The artefacts of one user, in one folder."""

    def __init__(self, folder: str, engine_identity: str) -> None:
        self._folder = folder
        self._identity = engine_identity.encode()
        self._tag = hashlib.blake2b(self._identity, digest_size=8).hexdigest()

    def load(self, module_digest: str) -> Artefact | None:
        """The artefact of a module for this engine, or None when there is none that holds."""
        try:
            with open(self._path(module_digest), "rb") as file:
                size = os.fstat(file.fileno()).st_size
                data = file.read(size) if size <= ARTEFACT_MAX_BYTES else b""
            key = self._key()
        except (OSError, CacheError):
            return None
        body = memoryview(data)[len(_MAGIC) + _MAC_BYTES :]
        expected = _MAGIC + self._mac(key, module_digest, body)
        import hmac

        if not hmac.compare_digest(data[: len(expected)], expected):
            return None
        return Artefact.from_bytes(body)

    def save(self, module_digest: str, artefact: Artefact) -> None:
        """Keep an artefact, whole or not at all.

        Raises:
            CacheError: it cannot be kept.
        """
        body = artefact.to_bytes()
        try:
            prepare_folder(self._folder)
            mac = self._mac(self._key(), module_digest, body)
            replace_file(self._path(module_digest), b"".join((_MAGIC, mac, body)))
        except OSError as error:
            raise CacheError(f"the compiled module cannot be kept: {error.strerror}") from None

    def kept(self) -> list[tuple[str, str]]:
        """The digests of the modules that have an artefact for this engine, with its path; whether it holds, `load` says."""
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            return []
        end = f"-{self._tag}.bin"
        return [(name.removesuffix(end), os.path.join(self._folder, name)) for name in names if name.endswith(end)]

    def _path(self, module_digest: str) -> str:
        return os.path.join(self._folder, f"{module_digest}-{self._tag}.bin")

    def _mac(self, key: bytes, module_digest: str, body: bytes | memoryview) -> bytes:
        mac = hashlib.blake2b(key=key, digest_size=_MAC_BYTES, person=b"codi artefact 1")
        for part in (self._identity, module_digest.encode()):
            mac.update(len(part).to_bytes(4, "little") + part)
        mac.update(body)
        return mac.digest()

    def _key(self) -> bytes:
        """This user's key, made when it is first wanted.

        Raises:
            CacheError: `E_CACHE_PERMS`.
            OSError: it cannot be read or made.
        """
        path = os.path.join(self._folder, "key")
        try:
            status = check_ours(path, stat.S_ISREG)
            if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
                raise FileNotFoundError  # others could have read it: it authenticates nothing any more
            with open(path, "rb") as file:
                key = file.read(_KEY_BYTES + 1)
            if len(key) == _KEY_BYTES:
                return key
        except FileNotFoundError:
            pass
        key = os.urandom(_KEY_BYTES)
        replace_file(path, key)
        return key


def artefact_paths(folder: str, module_digest: str) -> list[str]:
    """The compiled modules of a digest, of whichever engine."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name.startswith(f"{module_digest}-")]


def remove_artefacts(folder: str, module_digest: str) -> None:
    """Remove the compiled modules of a digest; a run that has one open goes on."""
    for path in artefact_paths(folder, module_digest):
        try:
            os.unlink(path)
        except OSError:
            pass  # it is a copy of something that can be made again, and takes room at worst
