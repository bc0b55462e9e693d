"""Whether a library is trusted now, as a front door tells it: which library is meant, each step in words, the verdict."""

from __future__ import annotations

from codi_tui.errors import CodiError, NotFoundError
from codi_tui.model.names import is_name, split_command
from codi_tui.model.times import is_time, timestamp
from codi_tui.operations.explain import explain
from codi_tui.operations.measures import span
from codi_tui.operations.trust_words import ago, count, until
from codi_tui.trust.policy import BUNDLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codi_tui.operations.core import Core
    from codi_tui.operations.explain import Step


class Explanation:
    """Why a library is, or is not, trusted.

    Attributes:
        origin, name: which library.
        steps: every check in its order; what else bears on the library (what was granted to it) may follow them.
        others: other servers that have one of that name here.
        now: the time by which it was judged, Unix seconds.
    """

    __slots__ = ("name", "now", "origin", "others", "steps")

    def __init__(self, origin: str, name: str, steps: list[Step], others: list[str], now: float) -> None:
        self.origin = origin
        self.name = name
        self.steps = steps
        self.others = others
        self.now = now

    @property
    def error(self) -> CodiError | None:
        """What refuses it; None when it is trusted."""
        return next((step.error for step in self.steps if step.error is not None), None)

    def document(self) -> dict[str, object]:
        """The explanation as a program reads it."""
        error = self.error
        return {
            "library": self.name,
            "origin": self.origin,
            "time": timestamp(self.now),
            "trusted": error is None,
            "code": None if error is None else error.code,
            "message": None if error is None else error.message,
            "hint": None if error is None else error.hint,
            "also_from": self.others,
            "steps": [
                {
                    "name": step.name,
                    "ok": step.ok,
                    "code": None if step.error is None else step.error.code,
                    "facts": step.facts,
                }
                for step in self.steps
            ],
        }


async def explain_library(core: Core, text: str) -> Explanation:
    """Explain the library that a person means: by its name, `origin/name`, or one of its commands.

    Raises:
        NotFoundError: no such library or command is known here.
        StateError, CacheError: state or cache cannot be read.
    """
    origin, name, others = await _find(core, text)
    return Explanation(origin, name, await explain(core, origin, name), others, core.trust.clock())


async def _find(core: Core, text: str) -> tuple[str, str, list[str]]:
    origin, slash, name = text.rpartition("/")
    if slash and is_name(name):
        if origin == BUNDLED and core.bundled.current_tag(name) is None:
            raise NotFoundError(f"there is no bundled library {name}", hint="codi help lists what is here")
        known = {BUNDLED, *core.server_origins, *(await _here(core, name))}
        if origin in known:
            return origin, name, []
        raise NotFoundError(
            f"{origin[:200]} is not one of the library servers in the settings", hint="codi auth trust list"
        )
    if not is_name(text):
        return await _find_owner(core, text)
    if found := await _here(core, text):
        return found[0], text, found[1:]
    if not core.server_origins:
        raise NotFoundError(f"there is no library {text} here", hint="codi help lists what is here")
    return core.server_origins[0], text, []


async def _find_owner(core: Core, text: str) -> tuple[str, str, list[str]]:
    parts = split_command(text)
    if parts is None:
        raise NotFoundError(
            f"{text[:80]!r} is no library and no command",
            hint="write a library's name, ORIGIN/NAME, or a command such as text.count",
        )
    library, path = parts
    if library is not None:
        return await _find(core, library)
    bundled = await core.bundled.find_command(path)
    if bundled is not None:
        return BUNDLED, bundled, []
    owner = None if core.cache is None else await core.cache.find_command(path)
    if owner is None:
        raise NotFoundError(f"no library that is here has the command {path}", hint="codi help lists what is here")
    origin, _, name = owner.rpartition("/")
    return origin, name, []


async def _here(core: Core, name: str) -> list[str]:
    """The origins that have a library of a name here, the one that would be run first; without any, that had one."""
    found = [BUNDLED] if core.bundled.current_tag(name) is not None else []
    rows = [] if core.cache is None else await core.cache.list_libraries()
    kept = {row.id.rpartition("/")[0] for row in rows if row.id.rpartition("/")[2] == name}
    found += [origin for origin in core.server_origins if origin in kept]
    found += sorted(kept - {BUNDLED, *found})
    if found:
        return found
    return [origin for origin in core.server_origins if (await core.trust.record(origin, name)).mark is not None]


def step_words(step: Step, now: float) -> list[str]:
    """A step in words, one or more lines: why it refuses, and what it goes by. Not sanitised: that is the sink's."""
    lines = [] if step.error is None else [f"{step.error.message} ({step.error.code})"]
    if step.ok is None:
        return ["no copy is here" if step.name == "stored" else "not looked at"]
    words = _WORDS.get(step.name)
    said = words(step.facts, now) if words is not None and step.facts else []
    return [*lines, *said] or [_PLAIN.get(step.name, "holds")]


def _stored(facts: dict[str, Any], now: float) -> list[str]:
    return [f"version {facts['version']}, kept {ago(facts['loaded_at'], now)}"]


def _trust(facts: dict[str, Any], now: float) -> list[str]:
    if facts["from"] == "settings":
        return [f"{count(facts['keys'], 'key')} named in the settings"]
    if facts["from"] == BUNDLED:
        return ["the key in the installed package"]
    return [f"trust document {facts['version']}, {until(facts['expires_at'], now)}", f"root {facts['root']}"]


def _rule(facts: dict[str, Any], _: float) -> list[str]:
    whom = "every library" if facts["pattern"] == "*" else facts["pattern"]
    return [f"the rule for {whom}: {count(facts['threshold'], 'signature')}"]


def _signatures(facts: dict[str, Any], _: float) -> list[str]:
    return [f"signed by {key_id}" for key_id in facts["signed_by"]]


def _keys(facts: dict[str, Any], _: float) -> list[str]:
    return [
        f"{key_id} {key['status']}" + (f": {key['reason']}" if key["reason"] else "") for key_id, key in facts.items()
    ]


def _claims(facts: dict[str, Any], _: float) -> list[str]:
    return [f"it says that it is {facts['name']}", f"manifest sha256 {facts['digest']}"]


def _sequence(facts: dict[str, Any], now: float) -> list[str]:
    lines = [f"sequence {facts['sequence']}"] if facts.get("sequence") else []
    if facts["mark"] is not None:
        lines.append(f"accepted before: sequence {facts['mark']}, sha256 {facts['mark_digest']}")
    if facts["min_sequence"] is not None:
        lines.append(f"its publisher stands by sequence {facts['min_sequence']} and later")
    if facts["checked_at"]:
        lines.append(f"its server was asked {ago(facts['checked_at'], now)}")
    return lines


def _times(facts: dict[str, Any], now: float) -> list[str]:
    lines = [f"issued {facts['issued_at']}" if facts.get("issued_at") else "no time of issue"]
    expires_at = facts.get("expires_at")
    if is_time(expires_at):
        lines.append(f"{until(str(expires_at), now)}, at {expires_at}")
    else:
        lines.append("it does not expire" if expires_at is None else f"its end is {expires_at}")
    if facts["system_clock_behind"]:
        lines.append(f"this machine's clock is more than {span(24 * 60 * 60)} behind what was verified before")
    return lines


def _module(facts: dict[str, Any], _: float) -> list[str]:
    return [f"sha256 {facts['digest']}, {facts['size_bytes']} bytes"] if facts["digest"] else ["it has none"]


def _grants(facts: dict[str, Any], _: float) -> list[str]:
    granted, missing = facts["granted"], facts["missing"]
    if not granted and not missing:
        return ["it asks for nothing"]
    lines = [f"granted: {', '.join(granted)}"] if granted else []
    return lines + ([f"asked for, not granted: {', '.join(missing)}"] if missing else [])


_WORDS: dict[str, Callable[[dict[str, Any], float], list[str]]] = {
    "stored": _stored,
    "trust": _trust,
    "rule": _rule,
    "signatures": _signatures,
    "keys": _keys,
    "claims": _claims,
    "grants": _grants,
    "sequence": _sequence,
    "times": _times,
    "module": _module,
}
_PLAIN = {
    "stored": "it is here",
    "sequence": "nothing was accepted before",
    "names": "it takes no name that is kept free",
    "manifest": "it is of the schema",
}
