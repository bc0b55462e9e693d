"""Which keys may sign which libraries of which origin: a key without a scope signs nothing."""

from __future__ import annotations

from codi_tui.errors import TrustError
from codi_tui.limits import CANDIDATE_KEYS_MAX
from codi_tui.model.names import is_name
from codi_tui.trust.signature import key_id, parse_public_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class TrustedKey:
    """A public key and the library names that it may sign for.

    A pattern is a name, `prefix-*` for every name that starts `prefix-`, or `*`, written literally, for all.
    """

    __slots__ = ("accept_v0", "key_id", "patterns", "public_key")

    def __init__(self, public_key: str, patterns: Iterable[str], *, accept_v0: bool = False) -> None:
        """Raises TrustError `E_KEY` or `E_SCOPE` when key or patterns are not sound."""
        self.public_key = parse_public_key(public_key)
        self.key_id = key_id(self.public_key)
        self.patterns = tuple(patterns)
        self.accept_v0 = accept_v0
        for pattern in self.patterns:
            if pattern != "*" and not is_name(pattern.removesuffix("-*")):
                raise TrustError(f"not a library name or prefix-*: {pattern[:80]!r}", code="E_SCOPE")

    def reach(self, name: str) -> int:
        """How closely the key's scope meets a name: 0 not at all, more for a longer prefix, most for the exact name."""
        return max((_reach(pattern, name) for pattern in self.patterns), default=0)


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

    def __init__(self, keys: dict[str, list[TrustedKey]]) -> None:
        self._keys = keys

    def candidates(self, origin: str, name: str, claimed_key_id: str | None) -> list[TrustedKey]:
        """The keys that may have signed a library, chosen by the requested name before anything is verified.

        An exact rule beats any prefix and a longer prefix a shorter one (the trust profile, lines 23 and 47).

        Raises:
            TrustError: `E_NO_TRUST`, no key is configured for the origin; `E_KEY_SCOPE`, none may sign this name;
                `E_SIGNATURE`, the claimed key is not a trusted one.
        """
        keys = self._keys.get(origin, [])
        if not keys:
            raise TrustError(
                f"no key is trusted for {origin}",
                code="E_NO_TRUST",
                hint="name the publisher's public key for this server in the settings file",
            )
        if claimed_key_id is not None and all(key.key_id != claimed_key_id for key in keys):
            raise TrustError("it is signed by a key that is not trusted here")
        closest = max(key.reach(name) for key in keys)
        covering = [key for key in keys if closest and key.reach(name) == closest]
        chosen = [key for key in covering if claimed_key_id in (None, key.key_id)]
        if not chosen:
            raise TrustError("the key that signed it may not sign for this name", code="E_KEY_SCOPE")
        if len(chosen) > CANDIDATE_KEYS_MAX:
            raise TrustError(f"more than {CANDIDATE_KEYS_MAX} keys could have signed it", code="E_KEY_SCOPE")
        return chosen
