"""What a trust document may say, member by member. Nothing is believed here; `codi_tui.trust.document` verifies."""

from __future__ import annotations

import hashlib

from codi_tui.errors import DocumentError
from codi_tui.limits import (
    CANDIDATE_KEYS_MAX,
    DESCRIPTION_MAX_CHARACTERS,
    TRUST_KEYS_MAX,
    TRUST_NAMES_MAX,
    TRUST_ROOT_KEYS_MAX,
    TRUST_RULES_MAX,
)
from codi_tui.model.names import is_name
from codi_tui.model.times import is_time
from codi_tui.trust.keyring import ACTIVE, RETIRED, REVOKED, Rule, TrustedKey, check_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TRUST_TYPE = "codi/trust/v1"
_STATUSES = (ACTIVE, RETIRED, REVOKED)


class Root:
    """The keys that sign trust documents, and how many of them it takes."""

    __slots__ = ("keys", "threshold")

    def __init__(self, keys: dict[str, bytes], threshold: int) -> None:
        self.keys = keys
        self.threshold = threshold

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the threshold and the public keys in order: the same whatever else a document says."""
        lines = [f"codi/trust/v1 root {self.threshold}", *sorted(key.hex() for key in self.keys.values())]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Parts:
    """A trust document's members, checked one against the other."""

    __slots__ = ("expires_at", "keys", "min_sequence", "reasons", "registry", "reserved", "root", "rules", "version")

    def __init__(self, document: dict[str, Any]) -> None:
        self.version = _whole(document.get("version"), "version")
        self.expires_at = _time(document.get("expires_at"))
        self.registry = document.get("registry")
        self.root = _root(_object(document.get("root"), "root"))
        self.keys, self.reasons = _keys(document.get("keys"))
        if twice := set(self.keys) & set(self.root.keys):
            raise _wrong(f"a root key signs trust documents only, not libraries: {min(twice)}")
        self.rules = _rules(document.get("rules"), self.keys)
        self.reserved = _reserved(document.get("reserved", []))
        self.min_sequence = _min_sequence(document.get("min_sequence", {}))


def parse_parts(document: dict[str, Any]) -> Parts:
    """Read a trust document's members.

    Raises:
        DocumentError: `E_TRUST_DOCUMENT`, a member is not of its shape, a key is named twice or not by its digest, a
            rule names a key that is not listed, a threshold cannot be reached.
        TrustError: `E_KEY`, a public key is malformed or weak; `E_SCOPE`, a pattern is neither name, prefix nor `*`.
    """
    return Parts(document)


def _root(root: dict[str, Any]) -> Root:
    keys: dict[str, bytes] = {}
    for item in _list(root.get("keys"), "root.keys", TRUST_ROOT_KEYS_MAX):
        key = _key(item)
        if key.key_id in keys:
            raise _wrong(f"a root key is listed twice: {key.key_id}")
        keys[key.key_id] = key.public_key
    return Root(keys, _threshold(root.get("threshold"), len(keys), "root"))


def _keys(items: object) -> tuple[dict[str, TrustedKey], dict[str, str]]:
    keys: dict[str, TrustedKey] = {}
    reasons: dict[str, str] = {}
    for item in _list(items, "keys", TRUST_KEYS_MAX):
        key = _key(item, with_status=True)
        if key.key_id in keys:
            raise _wrong(f"a key is listed twice: {key.key_id}")
        keys[key.key_id] = key
        reason = item.get("reason", "")
        if not isinstance(reason, str) or len(reason) > DESCRIPTION_MAX_CHARACTERS:
            raise _wrong(f"a reason is text of at most {DESCRIPTION_MAX_CHARACTERS} characters")
        reasons[key.key_id] = reason
    return keys, reasons


def _key(item: object, *, with_status: bool = False) -> TrustedKey:
    """A key whose id is the digest of its bytes."""
    members = _object(item, "a key")
    status = members.get("status") if with_status else ACTIVE
    if status not in _STATUSES:
        raise _wrong(f"a key's status is one of {', '.join(_STATUSES)}")
    key = TrustedKey(members.get("public_key", ""), (), status=str(status))
    if members.get("key_id") != key.key_id:
        raise _wrong(f"a key is named by the digest of its bytes: {key.key_id}")
    return key


def _rules(items: object, keys: dict[str, TrustedKey]) -> dict[str, Rule]:
    """Each pattern's rule; a pattern in two rules would have two readings."""
    rules: dict[str, Rule] = {}
    for item in _list(items, "rules", TRUST_RULES_MAX):
        members = _object(item, "a rule")
        key_ids = _list(members.get("key_ids"), "key_ids", CANDIDATE_KEYS_MAX)
        if not all(isinstance(key_id, str) and key_id in keys for key_id in key_ids):
            raise _wrong("a rule names a key that is not in keys")
        if len(set(key_ids)) != len(key_ids):
            raise _wrong("a rule names a key twice")
        threshold = _threshold(members.get("threshold", 1), len(key_ids), "a rule")
        for pattern in _list(members.get("libraries"), "libraries", TRUST_NAMES_MAX):
            if not isinstance(pattern, str):
                raise _wrong("libraries must be a list of names")
            check_pattern(pattern)
            if pattern in rules:
                raise _wrong(f"two rules are for {pattern}")
            rules[pattern] = Rule(pattern, [keys[key_id] for key_id in key_ids], threshold)
    if len(rules) > TRUST_NAMES_MAX:
        raise _wrong(f"rules have more than {TRUST_NAMES_MAX} names")
    return rules


def _reserved(items: object) -> frozenset[str]:
    names = _list(items, "reserved", TRUST_NAMES_MAX)
    if not all(isinstance(name, str) and is_name(name) for name in names):
        raise _wrong("reserved must be a list of names")
    return frozenset(names)


def _min_sequence(members: object) -> dict[str, int]:
    floors = _object(members, "min_sequence")
    if len(floors) > TRUST_NAMES_MAX or not all(is_name(name) for name in floors):
        raise _wrong("min_sequence is from library names to sequences")
    return {name: _whole(value, "min_sequence") for name, value in floors.items()}


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(f"{what} must be an object")
    return value


def _list(value: object, what: str, limit: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit:
        raise _wrong(f"{what} must be a list of at most {limit}")
    return value


def _whole(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _wrong(f"{what} must be a whole number from 1")
    return value


def _threshold(value: object, keys: int, whose: str) -> int:
    threshold = _whole(value, f"the threshold of {whose}")
    if threshold > keys:
        raise _wrong(f"the threshold of {whose} is {threshold}, and it has {keys} keys")
    return threshold


def _time(value: object) -> str:
    if not is_time(value):
        raise _wrong("expires_at must be a UTC time such as 2026-11-22T00:00:00Z")
    return str(value)


def _wrong(what: str) -> DocumentError:
    return DocumentError(f"the trust document: {what[:200]}", code="E_TRUST_DOCUMENT")
