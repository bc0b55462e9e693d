"""Every bundled library's own examples: each does what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from codi_tui.catalog.commands import summary
from conftest import Codi

pytestmark = pytest.mark.usefixtures("warm")

LIBRARIES = Path(__file__).parents[2] / "libraries"
COMMANDS: dict[str, Any] = {
    f"{group}.{name}": item
    for manifest in sorted(LIBRARIES.glob("*/manifest.json"))
    for group, command in json.loads(manifest.read_bytes())["commands"].items()
    for name, item in command["subcommands"].items()
}
EXAMPLES = [(path, number) for path, item in COMMANDS.items() for number in range(len(item["examples"]))]


def test_every_command_has_examples() -> None:
    assert all(item["examples"] for item in COMMANDS.values())


def test_every_command_fits_its_line_in_the_list_of_commands() -> None:
    assert [path for path, item in COMMANDS.items() if len(summary(item["description"])) > 58] == []


@pytest.mark.parametrize(("path", "number"), EXAMPLES)
def test_each_example_does_what_it_says(path: str, number: int, codi: Codi, tmp_path: Path, shared_data: Path) -> None:
    shutil.rmtree(shared_data / "coditect/codi/agents", ignore_errors=True)
    example: dict[str, Any] = COMMANDS[path]["examples"][number]
    arguments = dict(example["arguments"])
    for name, text in example.get("files", {}).items():
        (tmp_path / name).write_bytes(text.encode())
        arguments[name] = str(tmp_path / name)
    words = ["run", "--output", "raw", "--args", json.dumps(arguments), path]
    result = codi(*words, stdin=example.get("stdin", "").encode())
    assert result.status == example["exit_status"], result.stderr
    if "output_length" in example:
        assert len(result.stdout) == example["output_length"]
    else:
        assert result.stdout.decode() == example["output"]
