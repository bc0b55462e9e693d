"""Trust: canonical form, signatures, keys, scopes. No I/O; the sole maker of a verified library."""

from __future__ import annotations

from codi_tui.trust.canonical import canonical_json, loads_strict
from codi_tui.trust.clock import TrustedClock
from codi_tui.trust.keyring import Keyring, TrustedKey
from codi_tui.trust.marks import Mark, Record
from codi_tui.trust.policy import BUNDLED, Permissions
from codi_tui.trust.signature import verify_ed25519
from codi_tui.trust.validator import CommandLibrary, SecurityValidator, VerifiedModule

__all__ = [
    "BUNDLED",
    "CommandLibrary",
    "Keyring",
    "Mark",
    "Permissions",
    "Record",
    "SecurityValidator",
    "TrustedClock",
    "TrustedKey",
    "VerifiedModule",
    "canonical_json",
    "loads_strict",
    "verify_ed25519",
]
