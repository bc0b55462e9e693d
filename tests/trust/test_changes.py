"""What an update changes of what was approved, and which of it needs a decision (trust attack G2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codi_tui.limits import SURFACE_MAX_BYTES
from codi_tui.model.manifest import LibraryManifest
from codi_tui.operations.question import bounded, difference_lines
from codi_tui.trust.changes import Change, changes, keeping_removed, read_surface, surface, surface_text
from support.libraries import manifest, subcommand

AMOUNT = {"name": "amount", "type": "integer", "description": "How much"}
DRY = {"name": "dry", "type": "boolean", "description": "Only show it"}


def made(*permissions: str, other: bool = False, **members: Any) -> dict[str, Any]:
    subcommands = {"send": subcommand(**{"arguments": [AMOUNT], "options": [DRY], **members})}
    if other:
        subcommands["other"] = subcommand()
    source = manifest(
        "invoice",
        library={"permissions": list(permissions)},
        commands={"invoice": {"description": "Group", "subcommands": subcommands}},
    )
    return read_surface(surface_text(surface(LibraryManifest(source))))


def handled(**members: Any) -> dict[str, Any]:
    return {"handler": {"type": "wasm", "function": "main", **members}}


def difference(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[str], bool]:
    found = changes(old, new)
    return difference_lines(found), any(change.widens for change in found)


def test_the_same_library_differs_in_nothing() -> None:
    assert changes(made("clock"), made("clock")) == []


def test_what_is_not_part_of_it_asks_nothing() -> None:
    assert changes(made(), made(examples=[{"description": "x", "command": "codi invoice.send 1"}])) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (made(), made("net:a.example"), "+ net:a.example:443   send data to and receive data from a.example, port 443"),
        (made(), made(description="Prepare and send"), '~ invoice.send  description: "A command" → "Prepare and send"'),
        (made(), made(annotations={"destructive": True}), "~ invoice.send  is now marked destructive"),
        (made(annotations={"destructive": True}), made(), "~ invoice.send  is no longer marked destructive"),
        (made(), made(options=[]), "~ invoice.send  option --dry is gone"),
        (made(arguments=[]), made(), "~ invoice.send  argument amount (integer) is new"),
        (
            made(),
            made(arguments=[{**AMOUNT, "type": "path"}]),
            "~ invoice.send  argument amount changed: integer → path",
        ),
        (made(), made(arguments=[{**AMOUNT, "description": "A lie"}]), "~ invoice.send  argument amount changed"),
        (made(), made(arguments=[{**AMOUNT, "default": 5}]), "~ invoice.send  argument amount changed"),
        (
            made(),
            made(**handled(function="steal")),
            "~ invoice.send  handled by: wasm main (text) → wasm steal (text)",
        ),
        (
            made(**handled(argv=["x", "--dry"])),
            made(**handled(argv=["x"], stdin="y")),
            '~ invoice.send  handled by: wasm main (text), argv ["x", "--dry"] → wasm main (text), argv ["x"], stdin "y"',
        ),
        (made(), made(**handled(output="json")), "~ invoice.send  handled by: wasm main (text) → wasm main (json)"),
        (
            made(),
            made(**handled(fallback={"type": "local", "function": "codi.about"})),
            "~ invoice.send  handled by: wasm main (text) → wasm main (text) then local codi.about (text)",
        ),
        (
            made(handler={"type": "websocket", "endpoint": "wss://a.example/run"}),
            made(handler={"type": "websocket", "endpoint": "wss://evil.example/run"}),
            "~ invoice.send  handled by: websocket wss://a.example/run (text) → websocket wss://evil.example/run (text)",
        ),
        (
            made(**handled(limits={"wall_seconds": 1})),
            made(**handled(limits={"wall_seconds": 9})),
            "~ invoice.send  limit wall_seconds: 1s → 9s",
        ),
        (
            made(**handled(limits={"wall_seconds": 1})),
            made(**handled()),
            "~ invoice.send  limit wall_seconds: 1s → codi's own",
        ),
    ],
)
def test_a_change_that_needs_a_decision(old: dict[str, Any], new: dict[str, Any], line: str) -> None:
    assert difference(old, new) == ([line], True)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (made("clock"), made(), "- clock   no longer asked for"),
        (made(), made(other=True), "+ invoice.other  is new: A command"),
        (made(other=True), made(), "- invoice.other  is gone"),
        (
            made(**handled()),
            made(**handled(limits={"wall_seconds": 9})),
            "~ invoice.send  limit wall_seconds: codi's own → 9s",
        ),
    ],
)
def test_a_change_that_is_told_only(old: dict[str, Any], new: dict[str, Any], line: str) -> None:
    assert difference(old, new) == ([line], False)


def test_a_limit_beyond_the_usual_is_a_permission_more_and_less_of_it_is_none() -> None:
    usual, more, most = (made(**handled(limits={"memory_bytes": size << 20})) for size in (256, 512, 1024))
    raised = "~ invoice.send  limit memory_bytes: 512MiB → 1GiB"
    told = "take up to 1 GiB of memory, and not the 256 MiB that others have"
    assert difference(more, most) == (
        [f"+ limit:memory:1GiB   {told}", raised, "- limit:memory:512MiB   no longer asked for"],
        True,
    )
    assert difference(usual, more)[1]
    assert not difference(most, more)[1]
    assert difference(most, made(**handled())) == (
        ["- limit:memory:1GiB   no longer asked for", "~ invoice.send  limit memory_bytes: 1GiB → codi's own"],
        False,
    )


def test_two_spellings_of_a_permission_are_one() -> None:
    assert changes(made("net:a.example"), made("net:a.example:443")) == []


def test_the_order_of_arguments_is_part_of_what_they_mean() -> None:
    other = {"name": "to", "type": "integer", "description": "To whom"}
    lines, decisive = difference(made(arguments=[AMOUNT, other]), made(arguments=[other, AMOUNT]))
    assert (lines, decisive) == (["~ invoice.send  argument the order of the arguments changed: one → another"], True)


def test_a_description_that_differs_behind_what_is_shown_differs() -> None:
    lines, decisive = difference(made(description="x" * 3000), made(description="x" * 2999 + "y"))
    assert decisive
    assert len(lines[0]) < 1000


def test_what_is_taken_away_and_brought_back_changed_is_a_change() -> None:
    first, without, again = made(other=True), made(), made(other=True)
    again["commands"]["invoice.other"]["description"] = ["Another", "digest"]
    kept = read_surface(surface_text(keeping_removed(first, without)))
    assert changes(kept, without) == []
    assert difference(kept, again)[1]
    assert changes(kept, first) == []


def test_a_permission_that_is_taken_away_and_brought_back_is_asked_for() -> None:
    kept = keeping_removed(made("clock"), made())
    assert difference(kept, made("clock"))[1]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"form": 2, "commands": {}, "permissions": []}', "[" * 100_000])
def test_what_cannot_be_compared_needs_a_decision(text: str) -> None:
    lines, decisive = difference(read_surface(text), made())
    assert (len(lines), decisive) == (1, True)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in _paths(item, (*path, key)))]


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, [None], {"x": None}])
def test_a_surface_that_somebody_wrote_over_is_never_a_crash(junk: Any) -> None:
    whole = made("clock", **handled(limits={"wall_seconds": 5}), annotations={"destructive": True})
    for path in _paths(whole)[1:]:
        broken = json.loads(json.dumps(whole))
        place = broken
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = junk
        old = read_surface(json.dumps(broken))
        difference_lines(changes(old, whole))
        surface_text(keeping_removed(old, whole))
        other = made()
        difference_lines(changes(old, other))
        surface_text(keeping_removed(old, {**other, "commands": {}}))


def many(count: int, description: str = "x") -> dict[str, Any]:
    parameters = [{"name": f"p{number}", "type": "string", "description": "x"} for number in range(20)]
    subcommands = {f"c{number}": subcommand(description=description, options=parameters) for number in range(count)}
    source = manifest(commands={"demo": {"description": "Group", "subcommands": subcommands}})
    return surface(LibraryManifest(source))


def test_a_surface_is_bounded_and_still_sees_every_change() -> None:
    old, new = read_surface(surface_text(many(2000))), many(2000, "y")
    assert len(surface_text(old)) <= SURFACE_MAX_BYTES
    found = changes(old, new)
    assert len(found) == 2000
    assert all(change.widens for change in found)
    assert changes(old, many(2000)) == []
    small = many(3)
    assert difference(small, {**old, "commands": {"demo.c1": old["commands"]["demo.c1"]}})[1] is False


def test_what_is_kept_of_removed_commands_is_bounded() -> None:
    kept, commands = many(3), many(2000)["commands"]
    for number in range(8):
        renamed = {f"g{number}.{path}": item for path, item in commands.items()}
        kept = keeping_removed(kept, {**many(3), "commands": renamed})
        assert len(surface_text(kept)) <= SURFACE_MAX_BYTES
        if kept["form"] == 0:
            break
    assert difference(kept, many(3))[1]


def test_a_long_difference_is_cut_and_what_needs_a_decision_comes_first() -> None:
    found = [Change("command", f"a.c{number}", "", None, "x", widens=False) for number in range(1000)]
    found.append(Change("permission", "", "clock", None, "clock"))
    lines = bounded(difference_lines(found))
    assert lines[0] == "+ clock   read the clock"
    assert lines[-1] == "… and 401 more"


def test_a_surface_is_json() -> None:
    assert json.loads(surface_text(made("clock")))["permissions"] == ["clock"]
