"""agent-ops: its server cannot be reached, so codi's own functions serve, and that is always said."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from conftest import CODI, IN_CI, Codi

MANIFEST = json.loads((Path(__file__).parents[2] / "libraries/agent-ops/manifest.json").read_bytes())
COMMANDS = MANIFEST["commands"]["agent"]["subcommands"]
CREATE = ("agent.create", "reviewer", "--model", "large-1", "--instructions", "Review.")


def test_every_command_asks_the_server_first_and_needs_a_permission_for_the_fallback() -> None:
    assert set(COMMANDS) == {"create", "list", "show", "delete"}
    for name, command in COMMANDS.items():
        assert command["handler"]["type"] == "websocket"
        assert command["handler"]["fallback"]["function"] == f"agent.{name}"
        assert f"local:agent.{name}" in MANIFEST["library"]["permissions"]
        assert len(command["examples"]) >= 3
    assert COMMANDS["delete"]["annotations"]["destructive"] is True
    assert "wasm_module" not in MANIFEST


def test_an_agent_from_its_making_to_its_end(codi: Codi, home: Path) -> None:
    made = codi(*CREATE, "--tool", "search", "-t", "diff", "--temperature", "0.2", "--metadata", '{"team": "docs"}')
    assert (made.status, made.stdout) == (0, b"created  reviewer\n")
    assert "using the local fallback" in made.stderr
    path = home / ".local/share/coditect/codi/agents/reviewer.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = codi(*CREATE)
    assert (again.status, again.stdout) == (73, b"")
    assert "--replace" in again.stderr
    agent = json.loads(codi("run", "--json", "agent.show", "reviewer").stdout)
    assert {name: agent[name] for name in ("tools", "temperature", "max_turns", "metadata")} == {
        "tools": ["search", "diff"],
        "temperature": 0.2,
        "max_turns": 20,
        "metadata": {"team": "docs"},
    }
    assert codi(*CREATE, "--replace").stdout == b"replaced  reviewer\n"
    codi("agent.create", "writer", "-m", "small-1", "-i", "Write.", "--max-turns", "5")
    listed = json.loads(codi("run", "--json", "agent.list").stdout)
    assert [(item["name"], item["model"]) for item in listed] == [("reviewer", "large-1"), ("writer", "small-1")]
    assert [item["name"] for item in json.loads(codi("agent.list", "--model", "small-1").stdout)] == ["writer"]
    missed = codi("agent.delete", "reviwer")
    assert missed.status == 66
    assert "did you mean reviewer?" in missed.stderr
    assert codi("agent.delete", "reviewer").stdout == b"deleted  reviewer\n"
    assert codi("agent.show", "reviewer").status == 66


def test_the_fallback_is_an_event_like_any_other(codi: Codi) -> None:
    events = [json.loads(line) for line in codi("run", "--output", "jsonl", "agent.list").stdout.splitlines()]
    assert [event["type"] for event in events] == ["started", "log", "result", "completed"]
    assert events[1]["level"] == "warning"
    assert "using the local fallback" in events[1]["message"]


@pytest.mark.parametrize(
    "words", [("--temperature", "2.1"), ("--temperature", "-1"), ("--max-turns", "0"), ("--metadata", "{"), ("-t", "")]
)
def test_values_beyond_their_limits_are_refused_before_anything_is_kept(
    words: tuple[str, ...], codi: Codi, home: Path
) -> None:
    assert codi(*CREATE, *words).status == 64
    assert not (home / ".local/share/coditect/codi/agents").exists()


def test_a_damaged_file_is_an_error_that_names_it(codi: Codi, home: Path) -> None:
    codi(*CREATE)
    (home / ".local/share/coditect/codi/agents/reviewer.json").write_bytes(b"\x00")
    result = codi("agent.list")
    assert result.status == 74
    assert "reviewer.json is damaged" in result.stderr
    assert "Traceback" not in result.stderr


def test_it_works_without_any_network_interface(codi: Codi) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.fail("needs root and unshare") if IN_CI else pytest.skip("needs root and unshare")
    done = subprocess.run(["unshare", "--net", CODI, *CREATE], capture_output=True, check=True, timeout=30)
    assert done.stdout == b"created  reviewer\n"
