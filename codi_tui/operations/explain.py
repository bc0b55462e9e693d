"""Why a cached library would, or would not, be run: every check, in its order, with what it goes by."""

from __future__ import annotations

from codi_tui.errors import CodiError, NotFoundError, TrustError
from codi_tui.limits import TRUST_FRESH_SECONDS
from codi_tui.model.times import is_time, unix_seconds
from codi_tui.trust.marks import NO_RECORD
from codi_tui.trust.policy import BUNDLED, declared_and_granted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from codi_tui.cache.sqlite import LibraryData
    from codi_tui.operations.core import Core
    from codi_tui.trust import CommandLibrary, Record
    from codi_tui.trust.document import TrustDocument
    from codi_tui.trust.keyring import Keyring, TrustedKey


class Step:
    """One check of a library, in the order in which a run makes them.

    Attributes:
        ok: whether it held; None when it was not reached.
        facts: what it went by.
    """

    __slots__ = ("error", "facts", "name", "ok")

    def __init__(self, name: str, ok: bool | None, facts: dict[str, object], error: CodiError | None) -> None:
        self.name = name
        self.ok = ok
        self.facts = facts
        self.error = error


STEPS: tuple[tuple[str, frozenset[str]], ...] = (
    ("stored", frozenset({"E_NOT_FOUND", "E_ZSTD", "E_JSON", "E_TOO_LARGE", "E_CACHE", "E_CACHE_DAMAGED"})),
    ("trust", frozenset({"E_NO_TRUST", "E_TRUST_EXPIRED"})),
    ("rule", frozenset({"E_KEY_SCOPE"})),
    ("signatures", frozenset({"E_SIGNATURE", "E_THRESHOLD"})),
    ("keys", frozenset({"E_KEY_REVOKED", "E_KEY_RETIRED"})),
    ("claims", frozenset({"E_TYPE", "E_NAME_MISMATCH", "E_REGISTRY"})),
    ("sequence", frozenset({"E_SEQUENCE", "E_ROLLBACK", "E_EQUIVOCATION"})),
    ("times", frozenset({"E_CLOCK", "E_EXPIRED"})),
    ("names", frozenset({"E_NAME_RESERVED"})),
    ("module", frozenset({"E_WASM_HASH", "E_BASE64"})),
    ("manifest", frozenset({"E_SCHEMA", "E_UNSUPPORTED", "E_DIGEST"})),
)
"""Every check, and the codes with which it refuses."""

_SIGNED = 5
"""A refusal at this step or later: the signatures hold, so that what the library says of itself is its publisher's."""


async def explain(core: Core, origin: str, name: str) -> list[Step]:
    """Why the copy of a library that is here would, or would not, be run now. No server is asked.

    Of a library that is not here the steps say as much as can be said without it.

    Raises:
        StateError, CacheError: state or cache cannot be read.
    """
    record = NO_RECORD if origin == BUNDLED else await core.trust.record(origin, name)
    row = await _row(core, origin, name, record)
    library: CommandLibrary | None = None
    error: CodiError | None = None
    try:
        library = await _judged(core, origin, name, row)
    except CodiError as refusal:
        error = refusal
    facts = _facts(core, origin, name, record, row, library)
    refusing = len(STEPS) if error is None else _refusing(error)
    if row is not None and library is None and refusing >= _SIGNED:
        _add_claims(facts, row)
    absent = row is None and library is None
    steps = []
    for index, (step, _) in enumerate(STEPS):
        ok = None if index > refusing else False if index == refusing else _held(step, facts, error, absent=absent)
        steps.append(Step(step, ok, facts.get(step, {}), error if index == refusing else None))
    if library is not None:
        steps.append(Step("grants", True, await _grants(core, library), None))
    return steps


async def _grants(core: Core, library: CommandLibrary) -> dict[str, object]:
    """What a trusted library may do: it decides nothing about whether it is trusted."""
    declared = library.manifest.permissions
    if library.origin == BUNDLED:
        return {"granted": declared, "missing": []}
    stored = await core.grants.granted(library) if declared and core.grants.exists else []
    granted = declared_and_granted(declared, stored)
    return {
        "granted": [name for name in declared if name in granted],
        "missing": [name for name in declared if name not in granted],
    }


async def _judged(core: Core, origin: str, name: str, row: LibraryData | None) -> CommandLibrary:
    """The library, verified as a run would; without a copy, what can be said against it all the same.

    Raises:
        CodiError: it would not be run.
    """
    if origin == BUNDLED:
        return await core.loader.load_library(core.bundled, name)
    if row is not None:
        return await core.loader.verify_row(row)
    keyring = core.trust.keyring
    document = keyring.document(origin)
    if origin not in core.server_origins:
        raise TrustError(f"its server {origin[:200]} is not in the settings", code="E_NO_TRUST", library=name)
    if document is not None:
        document.check_expiry(core.trust.clock())
    elif not keyring.settings_keys(origin):
        raise TrustError(
            f"no key is trusted for {origin}",
            code="E_NO_TRUST",
            hint=f"codi auth trust add {origin}",
            library=name,
        )
    try:
        keyring.rule(origin, name)
    except TrustError as error:
        raise TrustError(f"nobody may sign {name} for {origin}", code=error.code, library=name) from None
    raise NotFoundError(
        f"{name} of {origin} is not here, and no server was asked",
        hint="run one of its commands, or codi run --dry-run COMMAND, which fetches and verifies it",
        library=name,
    )


def _held(step: str, facts: dict[str, dict[str, object]], error: CodiError | None, *, absent: bool) -> bool | None:
    """Whether a check before the refusing one was made: some refusals come before their turn."""
    if step == "stored" and absent:
        return None
    if step == "rule" and "rule" not in facts:
        return None
    if step == "signatures" and error is not None and error.code == "E_KEY_REVOKED":
        return None
    return True


def _refusing(error: CodiError) -> int:
    for index, (_, codes) in enumerate(STEPS):
        if error.code in codes:
            return index
    return len(STEPS) - 1


async def _row(core: Core, origin: str, name: str, record: Record) -> LibraryData | None:
    if core.cache is None:
        return None
    library_id = f"{origin}/{name}"
    if record.mark is not None:
        row = await core.cache.get_library(library_id, None, record.mark.digest)
        if row is not None:
            return row
    return await core.cache.get_library(library_id)


def _facts(
    core: Core, origin: str, name: str, record: Record, row: LibraryData | None, library: CommandLibrary | None
) -> dict[str, dict[str, object]]:
    """What each step goes by, as far as it is known."""
    keeper = core.trust
    facts: dict[str, dict[str, object]] = {}
    document = keeper.keyring.document(origin)
    facts["trust"] = _trust_facts(keeper.keyring, origin)
    covering: Sequence[TrustedKey] = ()
    try:
        rule = keeper.keyring.rule(origin, name)
        covering = rule.keys
        facts["rule"] = {"pattern": rule.pattern, "threshold": rule.threshold}
    except TrustError:
        pass
    facts["keys"] = _key_facts(covering, document, _named_signers(row))
    if row is not None:
        facts["stored"] = {"version": row.version, "digest": row.hash, "loaded_at": row.loaded_at}
    mark = record.mark
    facts["sequence"] = {
        "mark": None if mark is None else mark.sequence,
        "mark_digest": None if mark is None else mark.digest,
        "min_sequence": None if document is None else document.min_sequence.get(name),
        "checked_at": record.checked_at or None,
        "fresh": keeper.clock() - record.checked_at < TRUST_FRESH_SECONDS,
    }
    facts["times"] = {"now": int(keeper.clock()), "system_clock_behind": keeper.clock.is_behind}
    if library is not None:
        _add_library(facts, library)
    return facts


def _trust_facts(keyring: Keyring, origin: str) -> dict[str, object]:
    """What decides for an origin."""
    if origin == BUNDLED:
        return {"from": BUNDLED}
    document = keyring.document(origin)
    if document is None:
        return {"from": "settings", "keys": len(keyring.settings_keys(origin))}
    return {
        "from": "trust document",
        "version": document.version,
        "digest": document.digest,
        "expires_at": document.expires_at,
        "root": document.fingerprint,
    }


def _named_signers(row: LibraryData | None) -> set[str]:
    """The keys that a row says it is signed by; not believed, only looked up."""
    if row is None:
        return set()
    from codi_tui.state.quarantine import named_signers

    return named_signers(row)


def _key_facts(covering: Sequence[TrustedKey], document: TrustDocument | None, named: set[str]) -> dict[str, object]:
    """The status of each key that may sign the name, or is said to have signed it, and its publisher's reason."""
    known = {key.key_id: key for key in covering}
    if document is not None:
        known |= {key_id: key for key_id, key in document.keys.items() if key_id in named}
    reasons = {} if document is None else document.reasons
    return {key_id: {"status": key.status, "reason": reasons.get(key_id, "")} for key_id, key in known.items()}


def _add_library(facts: dict[str, dict[str, object]], library: CommandLibrary) -> None:
    facts["signatures"] = {"signed_by": [key.key_id for key in library.keys]}
    facts["claims"] = {"name": library.name, "digest": library.digest}
    claims = library.manifest.document["library"]
    _add_release(facts, claims, library.sequence, library.module_digest, library.module_bytes)


def _add_claims(facts: dict[str, dict[str, object]], row: LibraryData) -> None:
    """What a refused library says of itself, its signatures being good."""
    from codi_tui.cache.zstd import decompress
    from codi_tui.limits import DOCUMENT_MAX_BYTES
    from codi_tui.trust.envelope import open_message

    try:
        claims = open_message(decompress(row.json, DOCUMENT_MAX_BYTES))["library"]
    except CodiError:
        return
    facts["claims"] = {"name": claims.get("name"), "digest": row.hash}
    _add_release(facts, claims, claims.get("sequence"), claims.get("wasm_sha256"), claims.get("wasm_size"))


def _add_release(
    facts: dict[str, dict[str, object]], claims: dict[str, Any], sequence: object, module: object, size: object
) -> None:
    expires_at = claims.get("expires_at")
    facts["sequence"]["sequence"] = sequence
    facts["module"] = {"digest": module, "size_bytes": size}
    facts["times"]["issued_at"] = claims.get("issued_at")
    facts["times"]["expires_at"] = expires_at
    facts["times"]["expires_seconds"] = (
        unix_seconds(str(expires_at)) - int(str(facts["times"]["now"])) if is_time(expires_at) else None
    )
