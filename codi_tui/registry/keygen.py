"""`codi-registry keygen`: a signing key, kept where only its author reads it."""

from __future__ import annotations

from pathlib import Path

from nacl.signing import SigningKey

from codi_tui.registry.keys import DEFAULT_NAME, public_facts, save_key, save_key_file
from codi_tui.registry.outcome import Outcome


def keygen(name: str | None, file: Path | None) -> Outcome:
    """Make a key. What is told of it is public.

    Raises:
        CodiError: `E_EXISTS`.
        OSError: it cannot be written.
    """
    key = SigningKey.generate()
    if file is not None:
        save_key_file(key, file)
        where, use = str(file), f" --key {file}"
    else:
        name = name or DEFAULT_NAME
        where, use = save_key(key, name), "" if name == DEFAULT_NAME else f" --name {name}"
    facts = public_facts(key)
    lines = [
        f"public key {facts['public_key']}",
        f"key id     {facts['key_id']}",
        f"kept in    {where}",
        f"next: codi-registry new NAME --lang c, build and test it, then codi-registry sign{use}",
    ]
    return Outcome({**facts, "kept_in": where, "name": None if file else name}, lines)
