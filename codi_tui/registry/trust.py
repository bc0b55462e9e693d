"""`codi-registry trust`: the document that says who may sign what, from `init` by its root to a published folder.

A document is changed as a file of its own and published when enough root keys have signed it, so that the keys of
several people never have to be in one place.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from codi_tui.errors import DocumentError, InputError, TrustError, UsageError
from codi_tui.library.folder import latest_trust, trust_path
from codi_tui.limits import TRUST_MAX_BYTES
from codi_tui.model.times import timestamp
from codi_tui.operations.trust_words import changes, document_facts, document_lines, fingerprint_lines
from codi_tui.registry.files import sole_writer, write_whole
from codi_tui.registry.outcome import Outcome, exists
from codi_tui.registry.project import read_bounded, read_source
from codi_tui.registry.publish import folder_origin
from codi_tui.registry.verify import read_trust
from codi_tui.trust.canonical import canonical_json
from codi_tui.trust.document import TrustDocument, advance, pin, root_fingerprint
from codi_tui.trust.document_parts import TRUST_TYPE, Parts, parse_parts
from codi_tui.trust.keyring import ACTIVE, RETIRED, REVOKED
from codi_tui.trust.signature import key_id, parse_public_key

DEFAULT_DAYS = 365
_DAY_SECONDS = 24 * 60 * 60


class Edit:
    """What is to be different in a document, as it was written on the command line.

    Attributes:
        rules: `PATTERN=KEY[,KEY…][:THRESHOLD]`, a key being 64 hex digits or a key id that is listed.
        retire, revoke: `KEY_ID[=REASON]`.
        min_sequence: `NAME=N`.
        reserve: names.
        root_keys: public keys of the whole new root, or None to keep it.
        root_threshold: how many of them sign, or None to keep it.
        days: from now until it expires.
    """

    def __init__(
        self,
        *,
        rules: list[str],
        retire: list[str] | None = None,
        revoke: list[str] | None = None,
        min_sequence: list[str] | None = None,
        reserve: list[str] | None = None,
        root_keys: list[str] | None = None,
        root_threshold: int | None = None,
        days: int = DEFAULT_DAYS,
    ) -> None:
        self.rules = rules
        self.retire = retire or []
        self.revoke = revoke or []
        self.min_sequence = min_sequence or []
        self.reserve = reserve or []
        self.root_keys = root_keys
        self.root_threshold = root_threshold
        self.days = days


def init(path: Path, edit: Edit, key: SigningKey) -> Outcome:
    """Begin a trust document: version 1, whose root is this key and those that are named.

    Raises:
        CodiError: `E_EXISTS`, the file is there.
        UsageError, DocumentError, TrustError: what was written makes no document.
        OSError: it cannot be written.
    """
    if path.exists():
        raise exists(f"{path} is there already", "codi-registry trust change makes its next version")
    own = bytes(key.verify_key).hex()
    edit.root_keys = list(dict.fromkeys([own, *(edit.root_keys or [])]))
    document: dict[str, Any] = {
        "type": TRUST_TYPE,
        "version": 0,
        "root": {"threshold": 1, "keys": []},
        "keys": [],
        "rules": [],
        "reserved": [],
        "min_sequence": {},
    }
    return _make(path, document, edit, key)


def change(old: Path, path: Path, edit: Edit, key: SigningKey) -> Outcome:
    """Make the next version of a document, signed by one root key; `sign` adds others.

    Raises:
        CodiError: `E_EXISTS`, the new file is there.
        InputError: the old one is no trust document.
        UsageError, DocumentError, TrustError: what was written makes no document.
        OSError: it cannot be read or written.
    """
    if path.exists():
        raise exists(f"{path} is there already")
    document = _read(old)
    return _make(path, document, edit, key)


def sign(path: Path, key: SigningKey) -> Outcome:
    """Add a root key's signature to a document.

    Raises:
        CodiError: `E_EXISTS`, this key has signed it.
        InputError: it is no trust document.
        OSError: it cannot be read or written.
    """
    document = _read(path)
    signatures = document.pop("signatures", [])
    signer = key_id(bytes(key.verify_key))
    if any(entry.get("key_id") == signer for entry in signatures):
        raise exists("this key has signed it already, and counts once")
    return _write(path, document, [*signatures, _signature(document, key)])


def publish(path: Path, folder: Path) -> Outcome:
    """Put a document into a registry folder, as every user will take it: pinned first, or the step from the last one.

    Raises:
        DocumentError, TrustError: users would refuse it: not enough signatures, a version left out, an older one.
        OSError: it cannot be read or written.
    """
    data = read_bounded(path, TRUST_MAX_BYTES)
    folder = folder.resolve()
    origin = folder_origin(folder)
    with sole_writer(folder):
        current = latest_trust(str(folder))
        before = None if current is None else read_trust(Path(current), origin)
        document = _accepted(data, before, origin)
        to = Path(trust_path(str(folder), document.version))
        to.parent.mkdir(exist_ok=True)
        write_whole(to, data)
    lines = (
        [str(to), *document_lines(document, time.time())] if before is None else [str(to), *changes(before, document)]
    )
    lines.append(f"next: codi auth trust {'add' if before is None else 'refresh'} {origin}")
    return Outcome({"path": str(to), "origin": origin, **document_facts(document)}, lines)


def _accepted(data: bytes, before: TrustDocument | None, origin: str) -> TrustDocument:
    document = pin(data, origin=origin, fingerprint=root_fingerprint(data)) if before is None else advance(before, data)
    if before is None and document.version != 1:
        raise TrustError("the first document of a folder is version 1", code="E_TRUST_CHAIN")
    document.check_expiry(time.time())
    return document


def _make(path: Path, document: dict[str, Any], edit: Edit, key: SigningKey) -> Outcome:
    document.pop("signatures", None)
    document["version"] += 1
    document["expires_at"] = timestamp(time.time() + edit.days * _DAY_SECONDS)
    _edit_root(document["root"], edit)
    _edit_keys(document["keys"], edit)
    for text in edit.rules:
        _set_rule(document, text)
    for text in edit.min_sequence:
        name, number = _split(text, "--min-sequence", "NAME=N")
        document.setdefault("min_sequence", {})[name] = _whole(number, "--min-sequence")
    document["reserved"] = sorted({*document.get("reserved", []), *edit.reserve})
    return _write(path, document, [_signature(document, key)])


def _write(path: Path, document: dict[str, Any], signatures: list[dict[str, str]]) -> Outcome:
    """Write a document that has its shape, whoever has signed it until now."""
    parts = parse_parts(document)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{json.dumps({**document, 'signatures': signatures}, indent=1)}\n".encode())
    signed = len({entry["key_id"] for entry in signatures} & set(parts.root.keys))
    return _outcome(path, parts, signed)


def _outcome(path: Path, parts: Parts, signed: int) -> Outcome:
    root = parts.root
    facts = {
        "path": str(path),
        "version": parts.version,
        "expires_at": parts.expires_at,
        "fingerprint": root.fingerprint,
        "signatures": signed,
        "threshold": root.threshold,
    }
    lines = [
        f"{path}  version {parts.version}, until {parts.expires_at}",
        f"  signed by {signed} of the {root.threshold} root keys that it takes",
        f"  fingerprint of the root: {' '.join(fingerprint_lines(root.fingerprint))}",
    ]
    if signed < root.threshold:
        lines.append(f"next: the holder of another root key: codi-registry trust sign {path}")
    else:
        lines.append(f"next: codi-registry trust publish {path} --to DIR")
    return Outcome(facts, lines)


def _read(path: Path) -> dict[str, Any]:
    """A trust document's members, whose shape holds; its signatures are not looked at.

    Raises:
        InputError: it is none.
        OSError: it cannot be read.
    """
    document = read_source(path)
    try:
        if document.get("type") != TRUST_TYPE:
            raise DocumentError(f"this is not a {TRUST_TYPE}", code="E_TYPE")
        parse_parts(document)
    except (DocumentError, TrustError) as error:
        raise InputError(f"{path}: {error.message}", code=error.code) from None
    if not isinstance(document.get("signatures", []), list):
        raise InputError(f"{path}: its signatures are no list", code="E_TRUST_DOCUMENT")
    return document


def _signature(document: dict[str, Any], key: SigningKey) -> dict[str, str]:
    signature = key.sign(canonical_json(document)).signature.hex()
    return {"key_id": key_id(bytes(key.verify_key)), "sig": signature}


def _edit_root(root: dict[str, Any], edit: Edit) -> None:
    if edit.root_keys is not None:
        root["keys"] = [_entry(text) for text in edit.root_keys]
    if edit.root_threshold is not None:
        root["threshold"] = edit.root_threshold


def _edit_keys(keys: list[dict[str, Any]], edit: Edit) -> None:
    """Retire and revoke."""
    for status, texts in ((RETIRED, edit.retire), (REVOKED, edit.revoke)):
        for text in texts:
            wanted, _, reason = text.partition("=")
            found = next((item for item in keys if item["key_id"] == wanted), None)
            if found is None:
                raise UsageError([f"the document has no key {wanted[:80]}"])
            found |= {"status": status, "reason": reason}


def _set_rule(document: dict[str, Any], text: str) -> None:
    """Put a rule in the place of the one for its pattern, and its keys among those that are listed."""
    pattern, rest = _split(text, "--rule", "PATTERN=KEY[,KEY…][:THRESHOLD]")
    # a key id has a colon of its own, so the threshold is what follows the last one, if that is a number
    names, colon, number = rest.rpartition(":")
    threshold = int(number) if colon and number.isdecimal() and len(number) < 4 else None
    ids = [_listed(document["keys"], name) for name in (rest if threshold is None else names).split(",")]
    for rule in document["rules"]:
        rule["libraries"] = [item for item in rule["libraries"] if item != pattern]
    document["rules"] = [rule for rule in document["rules"] if rule["libraries"]]
    document["rules"].append({"libraries": [pattern], "key_ids": ids, "threshold": threshold or 1})


def _listed(keys: list[dict[str, Any]], name: str) -> str:
    """The id of a key that is listed, or is listed now."""
    if any(item["key_id"] == name for item in keys):
        return name
    entry = _entry(name)
    if not any(item["key_id"] == entry["key_id"] for item in keys):
        keys.append({**entry, "status": ACTIVE, "reason": ""})
    return entry["key_id"]


def _entry(public_key: str) -> dict[str, str]:
    return {"key_id": key_id(parse_public_key(public_key)), "public_key": public_key}


def _split(text: str, option: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError([f"{option} is written {form}: {text[:80]!r}"])
    return name, value


def _whole(text: str, option: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 16:
        raise UsageError([f"{option} needs a whole number: {text[:80]!r}"])
    return int(text)
