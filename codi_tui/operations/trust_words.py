"""Trust documents in words: what one says, and what changed from one to another. Not sanitised: that is the sink's."""

from __future__ import annotations

from codi_tui.model.times import timestamp, unix_seconds
from codi_tui.operations.measures import span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.operations.trust import Offer
    from codi_tui.trust.document import TrustDocument
    from codi_tui.trust.keyring import Rule

_GROUP = 4
_GROUPS_IN_A_LINE = 8


def preview(offer: Offer, origin: str) -> TrustDocument:
    """The document that a server offers, verified against its own root, to be shown. Nothing is kept.

    Raises:
        DocumentError, TrustError: it could not be pinned: malformed, not signed by its root, or for another server.
    """
    from codi_tui.trust import document as documents

    return documents.pin(offer.data, origin=origin, fingerprint=offer.fingerprint)


def fingerprint_lines(fingerprint: str) -> list[str]:
    """A fingerprint in groups that two people can read to one another."""
    groups = [fingerprint[at : at + _GROUP] for at in range(0, len(fingerprint), _GROUP)]
    return [" ".join(groups[at : at + _GROUPS_IN_A_LINE]) for at in range(0, len(groups), _GROUPS_IN_A_LINE)]


def read_fingerprint(text: str) -> str | None:
    """A fingerprint as a person may write it: in groups, with colons, in capitals; None when it is none."""
    digits = text.translate(str.maketrans("", "", " :-\t\n")).lower()
    return digits if len(digits) == 64 and set(digits) <= set("0123456789abcdef") else None


def until(time: str, now: float) -> str:
    """How far away a document's time is: `expires in 3 days`, `expired 2 hours ago`."""
    left = unix_seconds(time) - now
    return f"expires in {span(left)}" if left > 0 else f"expired {span(-left)} ago"


def ago(seconds: int, now: float) -> str:
    """How long ago a moment was; a clock that was set back makes no moment lie ahead."""
    return f"{span(max(0.0, now - seconds))} ago" if seconds else "never"


def document_lines(document: TrustDocument, now: float) -> list[str]:
    """All that a person accepts with a trust document."""
    root = document.root
    lines = [f"server       {document.origin}", f"document     version {document.version}, sha256 {document.digest}"]
    lines.append(f"             {document.expires_at}: {until(document.expires_at, now)}")
    first, *others = fingerprint_lines(root.fingerprint)
    lines += [f"fingerprint  {first}", *(f"             {line}" for line in others)]
    lines.append(f"root         changes need {root.threshold} of {count(len(root.keys), 'key')}")
    lines += [f"             {key_id}" for key_id in sorted(root.keys)]
    lines.append("who may sign")
    rules = document.rules
    lines += [line for pattern in sorted(rules) for line in _rule_lines(document, rules[pattern])]
    if not rules:
        lines.append("  nobody: no library of this server will be accepted")
    listed = {key.key_id for rule in rules.values() for key in rule.keys}
    lines += [f"  in no rule: {key_words(document, key_id)}" for key_id in document.keys if key_id not in listed]
    lines += [
        f"withdrawn    {name}: every release below sequence {floor}" for name, floor in document.min_sequence.items()
    ]
    if document.reserved:
        lines.append(f"kept free    {', '.join(sorted(document.reserved))}")
    return lines


def key_words(document: TrustDocument, key_id: str) -> str:
    """A library key, its status and why, in its publisher's words."""
    reason = document.reasons.get(key_id, "")
    return f"{key_id} {document.keys[key_id].status}" + (f": {reason}" if reason else "")


def _rule_lines(document: TrustDocument, rule: Rule) -> list[str]:
    name = "every library" if rule.pattern == "*" else rule.pattern
    head = f"  {name}: {count(rule.threshold, 'signature')} of {count(len(rule.keys), 'key')}"
    return [head, *(f"    {key_words(document, key.key_id)}" for key in rule.keys)]


def changes(before: TrustDocument, now: TrustDocument) -> list[str]:
    """What is different in a newer document, a line for each difference."""
    lines = [f"version {before.version} → {now.version}, until {now.expires_at}"]
    if before.fingerprint != now.fingerprint:
        lines.append(f"root changed: now {now.root.threshold} of {count(len(now.root.keys), 'key')}")
        lines += [f"root key added: {key_id}" for key_id in sorted(set(now.root.keys) - set(before.root.keys))]
        lines += [f"root key removed: {key_id}" for key_id in sorted(set(before.root.keys) - set(now.root.keys))]
        lines.append(f"root fingerprint now {' '.join(fingerprint_lines(now.fingerprint))}")
    lines += _key_changes(before, now)
    lines += _rule_changes(before, now)
    for name in sorted(set(before.min_sequence) | set(now.min_sequence)):
        old, new = before.min_sequence.get(name), now.min_sequence.get(name)
        if old != new:
            lines.append(
                f"{name}: " + (f"releases below {new} are withdrawn" if new else "no release is withdrawn now")
            )
    lines += [f"kept free now: {name}" for name in sorted(now.reserved - before.reserved)]
    lines += [f"no longer kept free: {name}" for name in sorted(before.reserved - now.reserved)]
    return lines


def _key_changes(before: TrustDocument, now: TrustDocument) -> list[str]:
    lines = []
    for key_id in sorted(set(before.keys) | set(now.keys)):
        if key_id not in now.keys:
            lines.append(f"key removed: {key_id}")
        elif key_id not in before.keys:
            lines.append(f"key added: {key_words(now, key_id)}")
        elif before.keys[key_id].status != now.keys[key_id].status:
            lines.append(f"key {key_words(now, key_id)} (it was {before.keys[key_id].status})")
    return lines


def _rule_changes(before: TrustDocument, now: TrustDocument) -> list[str]:
    lines = []
    before_rules, now_rules = before.rules, now.rules
    for pattern in sorted(set(before_rules) | set(now_rules)):
        old, new = before_rules.get(pattern), now_rules.get(pattern)
        if new is None:
            lines.append(f"rule removed: {pattern}")
        elif old is None:
            lines.append(f"rule added: {_rule_words(new)}")
        elif _rule_words(old) != _rule_words(new):
            lines.append(f"rule changed: {_rule_words(new)}")
    return lines


def _rule_words(rule: Rule) -> str:
    keys = ", ".join(sorted(key.key_id for key in rule.keys))
    return f"{rule.pattern} needs {count(rule.threshold, 'signature')} of {keys}"


def document_facts(document: TrustDocument) -> dict[str, object]:
    """A trust document as a program reads it."""
    return {
        "version": document.version,
        "digest": document.digest,
        "expires_at": document.expires_at,
        "root": {
            "fingerprint": document.fingerprint,
            "threshold": document.root.threshold,
            "keys": sorted(document.root.keys),
        },
        "keys": [
            {"key_id": key_id, "status": key.status, "reason": document.reasons.get(key_id, "")}
            for key_id, key in document.keys.items()
        ],
        "rules": [
            {"pattern": rule.pattern, "threshold": rule.threshold, "key_ids": [key.key_id for key in rule.keys]}
            for rule in document.rules.values()
        ],
        "reserved": sorted(document.reserved),
        "min_sequence": document.min_sequence,
    }


def time_or_none(seconds: int) -> str | None:
    """Unix seconds as a document writes them; None for never."""
    return timestamp(seconds) if seconds else None


def count(number: int, what: str) -> str:
    """A number of things, in the singular or the plural."""
    return f"{number} {what}" + ("" if number == 1 else "s")
