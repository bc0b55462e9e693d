"""Signing keys: in the system's keyring where one works, else in files of mode 0600. Never printed, never overwritten."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nacl.signing import SigningKey

from codi_tui.errors import InputError, NotFoundError, UsageError
from codi_tui.model.names import is_name
from codi_tui.operations.system_keyring import keep_secret, read_secret
from codi_tui.registry.outcome import exists
from codi_tui.runtime import RuntimeMode
from codi_tui.trust.signature import key_id

DEFAULT_NAME = "default"
_SERVICE = "codi-registry"
_KEY_FILE_MAX_BYTES = 1024
"""A key file is 65 bytes; whatever is larger is another file."""


def save_key(key: SigningKey, name: str) -> str:
    """Keep a new key under a name; returns where, in words.

    Raises:
        CodiError: `E_EXISTS`, there is one of that name.
        OSError: it cannot be written.
    """
    path = _path(name)
    if path.exists() or read_secret(_SERVICE, name) is not None:
        raise exists(
            f"there is a key named {name} already, and a key is never overwritten",
            f"sign with it (--name {name}), or give the new one another --name",
        )
    if keep_secret(_SERVICE, name, _text(key)):
        return f"the system's keyring, as {_SERVICE}/{name}"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    save_key_file(key, path)
    return str(path)


def save_key_file(key: SigningKey, path: Path) -> None:
    """Write a new key to a new file of mode 0600.

    Raises:
        OSError: it exists, or cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(f"{_text(key)}\n")


def read_key(name: str | None, file: str | None) -> SigningKey:
    """The key of a name, of a file, or (the file `-`) of stdin.

    Raises:
        NotFoundError: there is none of that name.
        InputError: others can read the file, or it holds no key.
        OSError: it cannot be read.
    """
    if file == "-":
        return _parse(sys.stdin.readline(_KEY_FILE_MAX_BYTES), "what came on standard input")
    if file is not None:
        return _read_file(Path(file))
    name = name or DEFAULT_NAME
    path = _path(name)
    if path.exists():
        return _read_file(path)
    text = read_secret(_SERVICE, name)
    if text is None:
        named = "" if name == DEFAULT_NAME else f" --name {name}"
        raise NotFoundError(f"there is no signing key named {name}", hint=f"codi-registry keygen{named} makes one")
    return _parse(text, f"the keyring's entry {_SERVICE}/{name}")


def public_facts(key: SigningKey) -> dict[str, str]:
    """What may be known of a key."""
    public_key = bytes(key.verify_key)
    return {"public_key": public_key.hex(), "key_id": key_id(public_key)}


def _path(name: str) -> Path:
    if not is_name(name):
        raise UsageError([f"a key's name is small letters, digits and hyphens: {name[:80]!r}"])
    return Path(RuntimeMode.detect().settings_path()).parent / "keys" / f"{name}.key"


def _read_file(path: Path) -> SigningKey:
    with path.open("rb") as file:
        if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
            raise InputError(
                f"{path} can be read by others",
                code="E_KEY_PERMS",
                hint=f"chmod 600 {path}; if others may have read it, make a new key",
            )
        return _parse(file.read(_KEY_FILE_MAX_BYTES).decode("ascii", "replace"), str(path))


def _text(key: SigningKey) -> str:
    return bytes(key).hex()


def _parse(text: str, where: str) -> SigningKey:
    try:
        return SigningKey(bytes.fromhex(text.strip()))
    except (ValueError, TypeError):
        raise InputError(f"{where} is not a key of codi-registry keygen") from None
