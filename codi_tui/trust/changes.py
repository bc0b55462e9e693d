"""What a user approved of a library, in short, and how an update differs from it (trust attack G2).

A surface is a summary that can be stored: what the library may do, and for each command what it says, takes, and is
handled by. The module's code is not in it: a publisher who is trusted mends bugs without a question. No I/O.

Which differences stop a run until somebody decides: whatever asks for more, and every change of a command that was
there before. A new command and one that is gone are told and not asked: the one means nothing else than it says, the
other does nothing. The surface keeps what is gone, so that taking a command away and bringing it back changed is a
change like any other.
"""

from __future__ import annotations

import hashlib
import json

from codi_tui.limits import SURFACE_MAX_BYTES, SURFACE_TEXT_CHARACTERS
from codi_tui.model.quantities import LIMITS
from codi_tui.trust.policy import covering, normal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from codi_tui.model.manifest import HandlerDefinition, LibraryManifest, SubcommandDefinition

    Surface = dict[str, Any]

FORM = 1
"""The form of a surface; one of another form is never taken for the same."""


class Change:
    """One difference.

    Attributes:
        kind: `library`, `permission`, `command`, `description`, `argument`, `option`, `handler`, `limits`,
            `annotation` or `definition`.
        command: whose it is; empty for the library's own.
        name: which parameter, limit or annotation; the permission itself.
        before, after: as they read; None where there was, or is, none.
        widens: whether it stops a run until somebody decides.
    """

    __slots__ = ("after", "before", "command", "kind", "name", "widens")

    def __init__(
        self, kind: str, command: str, name: str, before: str | None, after: str | None, *, widens: bool = True
    ) -> None:
        self.kind = kind
        self.command = command
        self.name = name
        self.before = before
        self.after = after
        self.widens = widens


def surface(manifest: LibraryManifest) -> Surface:
    """The surface of a library. A command whose share would make it too large is in it as a digest alone."""
    commands = {command.path: _command(command) for command in manifest.walk()}
    made = {
        "form": FORM,
        "version": manifest.library.version,
        "permissions": sorted({normal(name) for name in manifest.permissions}),
        "commands": commands,
    }
    if len(surface_text(made)) > SURFACE_MAX_BYTES:
        made["commands"] = {path: {"digest": _digest(command)} for path, command in commands.items()}
    return made


def surface_text(made: Surface) -> str:
    """A surface as it is stored."""
    return json.dumps(made, sort_keys=True, separators=(",", ":"))


def read_surface(text: str) -> Surface:
    """A stored surface; what is none reads as the empty one, from which everything differs."""
    try:
        made = json.loads(text)
        sound = made["form"] == FORM and isinstance(made["version"], str) and _is_texts(made["permissions"])
        sound = sound and all(_is_sound(item) for item in made["commands"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    return made if sound else {"form": 0, "version": "?", "permissions": [], "commands": {}}


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_sound(command: dict[str, Any]) -> bool:
    """Whether a command's share can be compared; it was stored where others may have written."""
    if "digest" in command:
        return isinstance(command["digest"], str)
    return (
        _is_texts(command["description"])
        and len(command["description"]) == 2
        and all(_is_texts(item) and len(item) == 3 for item in command["parameters"].values())
        and all(isinstance(item["type"], str) and "output" in item for item in command["handlers"])
        and all(isinstance(value, int) for item in command["handlers"] for value in item["limits"].values())
        and isinstance(command["annotations"], dict)
        and isinstance(command["order"], str)
    )


def keeping_removed(old: Surface, new: Surface) -> Surface:
    """The new surface with the commands that only the old one has, marked as removed."""
    gone = {path: {**item, "removed": True} for path, item in old["commands"].items() if path not in new["commands"]}
    kept = {**new, "commands": {**gone, **new["commands"]}}
    if len(surface_text(kept)) <= SURFACE_MAX_BYTES:
        return kept
    gone = {
        path: {"digest": item.get("digest") or _digest(_bare(item)), "removed": True} for path, item in gone.items()
    }
    kept = {**new, "commands": {**gone, **new["commands"]}}
    # beyond that it is given up, and the next update is asked about as a whole
    return kept if len(surface_text(kept)) <= SURFACE_MAX_BYTES else {**new, "form": 0}


def changes(old: Surface, new: Surface) -> list[Change]:
    """Every difference, permissions first, then command by command."""
    if old["form"] != new["form"]:
        return [Change("library", "", "", None, None)]
    found = [*_permission_changes(old["permissions"], new["permissions"])]
    for path in sorted({*old["commands"], *new["commands"]}):
        before, after = old["commands"].get(path), new["commands"].get(path)
        was_there = before is not None and not before.get("removed")
        if after is None:
            found += [Change("command", path, "", "there", None, widens=False)] if was_there else []
        elif before is None:
            found.append(Change("command", path, "", None, after.get("description", ["", ""])[0], widens=False))
        else:
            found += _command_changes(path, _bare(before), after)
    return found


def _command(command: SubcommandDefinition) -> dict[str, Any]:
    made = {
        "description": _text(command.description),
        "parameters": {
            item.name: ["option" if is_option else "argument", item.type, _digest(item.document)]
            for is_option, items in ((False, command.arguments), (True, command.options))
            for item in items
        },
        "order": _digest([item.name for item in command.arguments]),
        "handlers": [_handler(handler) for handler in command.handlers],
        "annotations": {name: value for name, value in command.annotations.items() if value},
    }
    return made if len(json.dumps(made)) <= SURFACE_MAX_BYTES // 8 else {"digest": _digest(made)}


def _handler(handler: HandlerDefinition) -> dict[str, Any]:
    limits = {name: value for name, value in handler.limits.items() if isinstance(value, int)}
    members = {
        "type": handler.handler_type,
        "endpoint": handler.endpoint,
        "function": handler.function,
        "argv": handler.argv,
        "stdin": handler.stdin,
    }
    known = {name: value for name, value in members.items() if value is not None}
    return {**known, "output": handler.output, "limits": limits}


def _text(text: str) -> list[str]:
    """A text cut to what is shown of it, and the digest of all of it."""
    return [text[:SURFACE_TEXT_CHARACTERS] + ("…" if len(text) > SURFACE_TEXT_CHARACTERS else ""), _digest(text)]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _bare(command: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in command.items() if name != "removed"}


def _permission_changes(old: list[str], new: list[str]) -> Iterator[Change]:
    for name in new:
        if name not in old:
            less = name.startswith("limit:") and covering(old, name) is not None
            yield Change("permission", "", name, None, name, widens=not less)
    for name in old:
        if name not in new:
            yield Change("permission", "", name, name, None, widens=False)


def _command_changes(path: str, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    if "digest" in old or "digest" in new:
        same = old.get("digest", _digest(old)) == new.get("digest", _digest(new))
        return [] if same else [Change("definition", path, "", None, None)]
    found = []
    if old["description"] != new["description"]:
        found.append(Change("description", path, "", old["description"][0], new["description"][0]))
    found += _parameter_changes(path, old, new)
    found += _handler_changes(path, old["handlers"], new["handlers"])
    for name in sorted({*old["annotations"], *new["annotations"]}):
        if (name in old["annotations"]) != (name in new["annotations"]):
            before, after = ("yes" if name in item["annotations"] else None for item in (old, new))
            found.append(Change("annotation", path, name, before, after))
    return found


def _parameter_changes(path: str, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    found = []
    for name in [*old["parameters"], *(name for name in new["parameters"] if name not in old["parameters"])]:
        before, after = old["parameters"].get(name), new["parameters"].get(name)
        if before != after:
            kind = (after or before)[0]
            found.append(Change(kind, path, name, before and before[1], after and after[1]))
    if not found and old["order"] != new["order"]:
        found.append(Change("argument", path, "the order of the arguments", "one", "another"))
    return found


def _handler_changes(path: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[Change]:
    found = []
    before, after = (" then ".join(_handler_words(item) for item in chain) for chain in (old, new))
    if before != after:
        found.append(Change("handler", path, "", before, after))
    if len(old) == len(new):
        found += [change for pair in zip(old, new, strict=True) for change in _limit_changes(path, *pair)]
    return found


def _handler_words(handler: dict[str, Any]) -> str:
    where = handler.get("endpoint") if handler["type"] == "websocket" else handler.get("function")
    words = f"{handler['type']} {where} ({handler['output']})"
    for template in ("argv", "stdin"):
        if template in handler:
            words += f", {template} {json.dumps(handler[template], ensure_ascii=False)}"
    return words


def _limit_changes(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    """A limit that is not stated is what every run has."""
    for name in sorted({*old["limits"], *new["limits"]}):
        before, after = old["limits"].get(name), new["limits"].get(name)
        if before != after:
            usual = LIMITS[name].default if name in LIMITS else 0
            raised = (usual if after is None else after) > (usual if before is None else before)
            yield Change("limits", path, name, _limit(name, before), _limit(name, after), widens=raised)


def _limit(name: str, value: int | None) -> str:
    if value is None:
        return "codi's own"
    return LIMITS[name].words(value) if name in LIMITS else str(value)
