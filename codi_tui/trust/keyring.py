"""Which keys may sign which libraries of which origin: a key without a scope signs nothing.

An origin's keys come from the settings or, when one was pinned, from its trust document, which then decides alone.
"""

from __future__ import annotations

from codi_tui.errors import TrustError
from codi_tui.limits import CANDIDATE_KEYS_MAX
from codi_tui.model.names import is_name
from codi_tui.trust.signature import key_id, parse_public_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from codi_tui.trust.document import TrustDocument

ACTIVE, RETIRED, REVOKED = "active", "retired", "revoked"


class TrustedKey:
    """A public key and the library names that it may sign for.

    A pattern is a name, `prefix-*` for every name that starts `prefix-`, or `*`, written literally, for all.

    Attributes:
        status: `active`, `retired` (verifies only what was seen before) or `revoked` (verifies nothing).
    """

    __slots__ = ("accept_v0", "key_id", "patterns", "public_key", "status")

    def __init__(
        self, public_key: str, patterns: Iterable[str], *, accept_v0: bool = False, status: str = ACTIVE
    ) -> None:
        """Raises TrustError `E_KEY` or `E_SCOPE` when key or patterns are not sound."""
        self.public_key = parse_public_key(public_key)
        self.key_id = key_id(self.public_key)
        self.patterns = tuple(patterns)
        self.accept_v0 = accept_v0
        self.status = status
        for pattern in self.patterns:
            check_pattern(pattern)


class Rule:
    """What it takes to sign for a name: so many of these keys.

    Attributes:
        pattern: the pattern that covers the name. It stays when keys rotate, so that grants can be tied to it.
    """

    __slots__ = ("keys", "pattern", "threshold")

    def __init__(self, pattern: str, keys: Sequence[TrustedKey], threshold: int = 1) -> None:
        self.pattern = pattern
        self.keys = keys
        self.threshold = threshold


def check_pattern(pattern: str) -> None:
    """Refuse what is no name, `prefix-*` or `*`.

    Raises:
        TrustError: `E_SCOPE`.
    """
    if pattern != "*" and not is_name(pattern.removesuffix("-*")):
        raise TrustError(f"not a library name or prefix-*: {pattern[:80]!r}", code="E_SCOPE")


def closest_pattern(patterns: Iterable[str], name: str) -> str | None:
    """The pattern that meets a name most closely: the exact name, else the longest prefix, else `*`, else None."""
    best = max(patterns, key=lambda pattern: _reach(pattern, name), default=None)
    return best if best is not None and _reach(best, name) else None


def _reach(pattern: str, name: str) -> int:
    if pattern == name:
        return 1_000
    if pattern == "*":
        return 1
    if pattern.endswith("-*") and name.startswith(pattern[:-1]):
        return len(pattern)
    return 0


class Keyring:
    """The trusted keys of each origin."""

    def __init__(self, keys: dict[str, list[TrustedKey]], *, threshold: int = 1) -> None:
        """
        Args:
            keys: of each origin, as the settings name them.
            threshold: how many of them have to sign; the settings know 1 only.
        """
        self._keys = keys
        self._threshold = threshold
        self._documents: dict[str, TrustDocument] = {}

    def adopt(self, document: TrustDocument) -> None:
        """Let a trust document decide for its origin from now on; the settings' keys no longer count there."""
        self._documents[document.origin] = document

    def forget(self, origin: str) -> None:
        """Let the settings decide for an origin again."""
        self._documents.pop(origin, None)

    def document(self, origin: str) -> TrustDocument | None:
        """The trust document that decides for an origin, if one does."""
        return self._documents.get(origin)

    def settings_keys(self, origin: str) -> Sequence[TrustedKey]:
        """What the settings name for an origin, whether or not it decides."""
        return self._keys.get(origin, [])

    def rule(self, origin: str, name: str) -> Rule:
        """The rule that covers a name (the trust profile, lines 23 and 47).

        Raises:
            TrustError: `E_NO_TRUST`, no key is configured for the origin; `E_KEY_SCOPE`, none may sign this name.
        """
        document = self._documents.get(origin)
        rule = self._settings_rule(origin, name) if document is None else document.rule(name)
        if rule is None:
            raise TrustError("the key that signed it may not sign for this name", code="E_KEY_SCOPE")
        if len(rule.keys) > CANDIDATE_KEYS_MAX:
            raise TrustError(f"more than {CANDIDATE_KEYS_MAX} keys could have signed it", code="E_KEY_SCOPE")
        return rule

    def candidates(self, origin: str, name: str, claimed_key_ids: Collection[str] | None) -> list[TrustedKey]:
        """The keys that may have signed a library, chosen by the requested name before anything is verified.

        An exact rule beats any prefix and a longer prefix a shorter one (the trust profile, lines 23 and 47).

        Args:
            claimed_key_ids: the keys that the library says it is signed by, or None when it names none.

        Raises:
            TrustError: as for `rule`; `E_SIGNATURE`, no claimed key is a trusted one; `E_KEY_REVOKED`, the claimed key
                is out of every rule and revoked.
        """
        known = self._known(origin)
        claimed = [key for key in known if claimed_key_ids is None or key.key_id in claimed_key_ids]
        if not claimed:
            raise TrustError("it is signed by a key that is not trusted here")
        if all(key.status == REVOKED for key in claimed):
            raise revoked(claimed[0])
        rule = self.rule(origin, name)
        chosen = [key for key in rule.keys if claimed_key_ids is None or key.key_id in claimed_key_ids]
        if not chosen:
            raise TrustError("the key that signed it may not sign for this name", code="E_KEY_SCOPE")
        return chosen

    def _known(self, origin: str) -> Collection[TrustedKey]:
        if (document := self._documents.get(origin)) is not None:
            return document.keys.values()
        keys = self._keys.get(origin, [])
        if not keys:
            raise TrustError(
                f"no key is trusted for {origin}",
                code="E_NO_TRUST",
                hint="name the publisher's public key for this server in the settings file",
            )
        return keys

    def _settings_rule(self, origin: str, name: str) -> Rule | None:
        keys = self._keys.get(origin, [])
        pattern = closest_pattern([pattern for key in keys for pattern in key.patterns], name)
        covering = [key for key in keys if pattern in key.patterns]
        return None if pattern is None else Rule(pattern, covering, self._threshold)


def revoked(key: TrustedKey) -> TrustError:
    """What is said of a library that a revoked key signed."""
    return TrustError(
        f"the key that signed it was revoked by its publisher: {key.key_id[:24]}…",
        code="E_KEY_REVOKED",
        hint="ask its publisher for a release that is signed with another key",
        facts={"key_id": key.key_id},
    )
