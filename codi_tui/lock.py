"""`codi.lock`: which release of each library a folder, and all below it, goes by.

```toml
version = 1

[[library]]
name = "deploy"
origin = "https://libraries.example.com"
version = "1.2.0"
sequence = 12
digest = "5c0f…"
signers = ["ed25519:…"]
```

The digest decides; the rest is for whoever reads the file, and to fetch by. A lock is anybody's file: everything in it is
checked before it is used, and it can only choose among releases that are trusted without it.
"""

from __future__ import annotations

import os

from codi_tui.errors import CodiError, InputError
from codi_tui.limits import JSON_MAX_INTEGER, LOCK_LIBRARIES_MAX, LOCK_MAX_BYTES, SIGNATURES_MAX
from codi_tui.model.names import is_name, is_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

LOCK_FILE = "codi.lock"
_HEX = frozenset("0123456789abcdef")
_KEY_SCHEME = "ed25519:"
_ORIGIN_SCHEMES = ("https://", "http://", "file://")
_ORIGIN_CHARACTERS = 1_000
_HEAD = """# Written by `codi sync pull --lock`; commit it. In CI: `codi sync pull --frozen`.
version = 1
"""


class Release:
    """One release of one library, as a lock or a pin names it."""

    __slots__ = ("digest", "name", "origin", "sequence", "signers", "version")

    def __init__(
        self, origin: str, name: str, version: str, digest: str, sequence: int = 0, signers: Iterable[str] = ()
    ) -> None:
        self.origin = origin
        self.name = name
        self.version = version
        self.digest = digest
        self.sequence = sequence
        self.signers = tuple(signers)


class Lock:
    """A lock file's content.

    Attributes:
        path: where it stands.
    """

    def __init__(self, path: str, releases: Iterable[Release] = ()) -> None:
        self.path = path
        self._releases = {(release.origin, release.name): release for release in releases}

    def __iter__(self) -> Iterator[Release]:
        return iter([self._releases[place] for place in sorted(self._releases)])

    def get(self, origin: str, name: str) -> Release | None:
        """The release of a library, if the lock names one."""
        return self._releases.get((origin, name))

    def put(self, release: Release) -> None:
        """Let the lock name a release, in the place of the one before."""
        self._releases[release.origin, release.name] = release

    def text(self) -> str:
        """The file."""
        return _HEAD + "".join(_entry(release) for release in self)


def working_folder() -> str | None:
    """The folder from which a lock is looked for; None when it is gone."""
    try:
        return os.getcwd()
    except OSError:
        return None


def find_lock(folder: str) -> str | None:
    """The nearest lock file, from a folder upwards."""
    while True:
        path = os.path.join(folder, LOCK_FILE)
        if os.path.isfile(path):
            return path
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def read_lock(path: str) -> Lock:
    """Read a lock file.

    Raises:
        InputError: `E_LOCK`, it cannot be read, or is none.
    """
    import tomllib

    from codi_tui.library.directory import read_file

    try:
        document = tomllib.loads(read_file(path, LOCK_MAX_BYTES).decode())
        if document.get("version") != 1:
            raise ValueError("its version is not 1, the only one that this codi knows")
        entries = document.get("library", [])
        if not isinstance(entries, list) or len(entries) > LOCK_LIBRARIES_MAX:
            raise ValueError(f"it has no list of at most {LOCK_LIBRARIES_MAX} libraries")
        releases = [_release(entry) for entry in entries]
        if len({(release.origin, release.name) for release in releases}) < len(releases):
            raise ValueError("it names a library twice")
    except (OSError, ValueError, RecursionError, CodiError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"{path} cannot be used: {str(why)[:300]}",
            code="E_LOCK",
            hint="restore it, or take it away and write a new one: codi sync pull --lock",
        ) from None
    return Lock(path, releases)


def write_lock(lock: Lock) -> None:
    """Write a lock file whole, or leave what was there.

    Raises:
        CodiError: `E_CREATE`.
    """
    temporary = f"{lock.path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(temporary, "x", encoding="ascii") as file:
            file.write(lock.text())
        os.replace(temporary, lock.path)
    except OSError as error:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise CodiError(f"cannot write {lock.path}: {error.strerror}", code="E_CREATE") from None


def _release(entry: Any) -> Release:
    if not isinstance(entry, dict):
        raise ValueError("a library in it is no table")
    texts = {name: entry.get(name) for name in ("origin", "name", "version", "digest")}
    sequence, signers = entry.get("sequence", 0), entry.get("signers", [])
    for name, sound in (("name", is_name), ("version", is_version), ("digest", is_digest), ("origin", _is_origin)):
        text = texts[name]
        if not isinstance(text, str) or not sound(text):
            raise ValueError(f"the {name} {str(text)[:80]!r} in it is none")
    if type(sequence) is not int or not 0 <= sequence <= JSON_MAX_INTEGER:
        raise ValueError(f"the sequence of {texts['name']} is none")
    if not isinstance(signers, list) or len(signers) > SIGNATURES_MAX or not all(map(_is_key_id, signers)):
        raise ValueError(f"the signers of {texts['name']} are none")
    return Release(**{name: str(text) for name, text in texts.items()}, sequence=sequence, signers=signers)


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256, lower-case hex."""
    return len(text) == 64 and _HEX.issuperset(text)


def _is_origin(text: str) -> bool:
    """Whether a text can stand in quotes; whether there is such a server, the settings say."""
    plain = text.isascii() and text.isprintable() and not set(' "\\') & set(text)
    return plain and text.startswith(_ORIGIN_SCHEMES) and len(text) <= _ORIGIN_CHARACTERS


def _is_key_id(item: object) -> bool:
    return isinstance(item, str) and item.startswith(_KEY_SCHEME) and is_digest(item.removeprefix(_KEY_SCHEME))


def _entry(release: Release) -> str:
    signers = ", ".join(f'"{signer}"' for signer in release.signers)
    return f"""
[[library]]
name = "{release.name}"
origin = "{release.origin}"
version = "{release.version}"
sequence = {release.sequence}
digest = "{release.digest}"
signers = [{signers}]
"""
