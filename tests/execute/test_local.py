"""LocalExecutor: the functions it is given, nothing else, each under its permission."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from codi_tui.errors import NotFoundError
from codi_tui.execute.executor import DynamicExecutor
from codi_tui.execute.local import LocalExecutor, local_functions
from codi_tui.model.events import RunEvent
from support.libraries import manifest, subcommand
from support.runs import loaded, run_events


def events(
    function: str, functions: dict[str, Any], output: str = "json", declared: tuple[str, ...] = ("local:demo.say",)
) -> list[RunEvent]:
    handler = {"type": "local", "function": function, "output": output}
    group = {"description": "", "subcommands": {"run": subcommand(handler=handler)}}
    library = loaded(manifest(commands={"demo": group}, library={"permissions": list(declared)}))
    executor = DynamicExecutor({"local": LocalExecutor(functions)})
    return run_events(executor, library, "demo.run", {"word": "hi"}, granted=declared)


def test_a_function_gets_the_arguments_and_gives_the_result() -> None:
    happened = events("demo.say", {"demo.say": lambda arguments: [arguments["word"]]})
    assert [event.type for event in happened] == ["started", "result", "completed"]
    assert happened[1].fields["value"] == ["hi"]


@pytest.mark.attack("H4")
def test_a_function_that_is_not_given_is_unavailable() -> None:
    assert events("demo.say", {})[-1].fields["error"]["code"] == "E_UNAVAILABLE"


@pytest.mark.attack("H4")
def test_without_the_permission_nothing_is_called() -> None:
    called: list[Any] = []
    happened = events("demo.say", {"demo.say": called.append}, declared=())
    assert happened[-1].fields["error"]["code"] == "E_PERMISSION"
    assert called == []


@pytest.mark.parametrize("output", ["bytes", "csv", "events", "jsonl", "markdown"])
def test_json_and_text_are_all_that_a_function_gives(output: str) -> None:
    called: list[Any] = []
    happened = events("demo.say", {"demo.say": called.append}, output)
    assert happened[-1].fields["error"]["code"] == "E_UNSUPPORTED"
    assert called == []


def test_a_refusal_is_how_the_run_ends() -> None:
    def refuse(_: dict[str, Any]) -> None:
        raise NotFoundError("no such thing", hint="look elsewhere")

    error = events("demo.say", {"demo.say": refuse})[-1].fields["error"]
    assert error == {
        "code": "E_NOT_FOUND",
        "message": "no such thing",
        "hint": "look elsewhere",
        "library": "demo",
    }


@pytest.mark.attack("H4")
def test_codi_s_own_functions_are_these(tmp_path: Path) -> None:
    functions = local_functions(str(tmp_path / "agents"))
    assert set(functions) == {"codi.about", "agent.create", "agent.list", "agent.show", "agent.delete"}
    assert set(functions["codi.about"]({})) == {"codi", "python", "platform"}
    assert functions["agent.list"]({}) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "home"]


def test_agents_are_imported_when_one_is_called_and_not_before() -> None:
    code = (
        "import sys; from codi_tui.execute.local import local_functions; f = local_functions('/nowhere'); "
        "assert 'codi_tui.execute.agents' not in sys.modules; f['agent.list']({}); "
        "assert 'codi_tui.execute.agents' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
