"""Names of tools, and what an approval is given to."""

from __future__ import annotations

import re
from typing import Any

import pytest

from codi_tui.operations.agent_tools import tool_digest, tool_name
from support.libraries import manifest, subcommand
from support.runs import loaded


@pytest.mark.attack("G6")
def test_every_command_has_one_name_that_every_agent_takes() -> None:
    long = "a" * 63
    written = [
        ("text-tools", "text.count"),
        ("text", "tools-text.count"),
        (long, f"{long}.{long}"),
        (long, f"{long}.{'a' * 62}"),
        ("a" * 55, "x.y"),
        ("a" * 55, "x.yy"),
    ]
    names = [tool_name(library, path) for library, path in written]
    assert names[0] == "text-tools__text__count"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,64}", name) for name in names)


@pytest.mark.attack("G2")
@pytest.mark.parametrize(
    ("permissions", "members"),
    [
        ([], {"description": "Another"}),
        ([], {"options": [{"name": "force", "type": "boolean", "description": ""}]}),
        ([], {"handler": {"type": "wasm", "function": "other", "output": "text"}}),
        ([], {"annotations": {"destructive": True, "open_world": True}}),
        (["clock"], {}),
    ],
)
def test_an_approval_is_of_words_schema_handler_annotations_and_permissions(
    permissions: list[str], members: dict[str, Any]
) -> None:
    def digest(version: str, permissions: list[str], **members: Any) -> str:
        command = subcommand(**{"annotations": {"destructive": True}, **members})
        commands = {"demo": {"description": "Group", "subcommands": {"run": command}}}
        library = loaded(manifest("demo", version, library={"permissions": permissions}, commands=commands))
        definition = library.manifest.find("demo.run")
        assert definition is not None
        return tool_digest(library, definition)

    assert digest("1.0.0", []) == digest("1.0.1", [])
    assert digest("1.0.0", []) != digest("1.0.1", permissions, **members)
