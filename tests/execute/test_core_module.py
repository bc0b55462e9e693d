"""Core modules: the invocation in, emitted bytes and a status out, the limits of every run, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codi_tui.execute.program import GuestFault, _within
from support.core import asking, core, core_manifest
from support.libraries import HELLO, RANDOM, wasm
from support.sandbox import Bench, compiled, refusal, said


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("modules")


@pytest.fixture
def bench(tmp_path: Path, modules: Path) -> Bench:
    return Bench(tmp_path, modules)


ECHO = "(call $emit (i32.const 1) (local.get $at) (local.get $size))"


def test_it_gets_the_invocation_and_says_what_it_says(bench: Bench) -> None:
    module = core(f"{ECHO} (call $emit (i32.const 2) (local.get $at) (i32.const 1)) (i32.const 5)")
    events = bench.run(core_manifest(), {"text": "é"}, module=module)
    assert json.loads(said(events)) == {"arguments": {"text": "é"}, "command": "demo.run"}
    assert events[-1].fields["exit_status"] == 5
    assert [event.data for event in events if event.fields.get("stream") == "stderr"] == [b"{"]


def test_its_events_are_those_of_every_guest(bench: Bench) -> None:
    line = b'{"type":"progress","done":1,"total":2}\n{"type":"result","value":[1]}\n'
    module = core(f"(call $emit (i32.const 1) (i32.const 0) (i32.const {len(line)})) (i32.const 0)", data=line)
    events = bench.run(core_manifest(output="events"), module=module)
    assert [event.type for event in events] == ["started", "progress", "result", "completed"]


@pytest.mark.attack("E10")
@pytest.mark.parametrize("text", [HELLO, RANDOM])
def test_it_is_given_no_wasi_at_all(bench: Bench, text: str) -> None:
    error = refusal(bench.run(core_manifest("random"), module=wasm(text), granted=["random"]))
    assert error["code"] == "E_WASM_IMPORT"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("unreachable", "E_WASM_TRAP"),
        ("(call $emit (i32.const 3) (i32.const 0) (i32.const 1)) (i32.const 0)", "E_WASM_TRAP"),
        ("(call $emit (i32.const 1) (i32.const 0) (i32.const -1)) (i32.const 0)", "E_WASM_TRAP"),
        ("(call $emit (i32.const 1) (i32.const -1) (i32.const 2)) (i32.const 0)", "E_WASM_TRAP"),
    ],
)
def test_what_the_host_cannot_read_ends_it(bench: Bench, body: str, code: str) -> None:
    error = refusal(bench.run(core_manifest(), module=core(body)))
    assert error["code"] == code
    assert "codi failed" not in error["message"]


@pytest.mark.parametrize(
    "text",
    [
        '(module (memory (export "memory") 1) (func (export "main") (param i32 i32) (result i32) (i32.const 0)))',
        '(module (func (export "codi_alloc") (param i32) (result i32) (i32.const 0)))',
        """(module (memory (export "memory") 1) (func (export "codi_alloc") (param i32) (result i32) (i32.const -1))
         (func (export "main") (param i32 i32) (result i32) (i32.const 0)))""",
        """(module (memory (export "memory") 1) (func (export "codi_alloc") (param i64) (result i32) (i32.const 0))
         (func (export "main") (param i32 i32) (result i32) (i32.const 0)))""",
        """(module (memory (export "memory") 1) (func (export "codi_alloc") (param i32) (result i32) (i32.const 0))
         (func (export "main") (param i32 i32)))""",
    ],
)
def test_a_module_of_another_shape_is_refused(bench: Bench, text: str) -> None:
    assert refusal(bench.run(core_manifest(), module=wasm(text)))["code"] in ("E_WASM_MODULE", "E_WASM_TRAP")


def test_a_function_that_it_does_not_have_is_unavailable(bench: Bench) -> None:
    error = refusal(bench.run(core_manifest(function="other"), module=core("(i32.const 0)")))
    assert error["code"] == "E_UNAVAILABLE"


def test_an_address_outside_the_memory_is_the_guest_s_fault() -> None:
    _within(65_535, 1, 65_536)
    _within(65_536, 0, 65_536)
    for pointer, size in ((65_536, 1), (65_535, 2), (0, 65_537), (2**32 - 1, 2**32 - 1), (2**32 - 1, 0)):
        with pytest.raises(GuestFault):
            _within(pointer, size, 65_536)


@pytest.mark.attack("E6")
def test_its_output_is_cut_at_the_limit(bench: Bench) -> None:
    flood = "(loop (call $emit (i32.const 1) (i32.const 0) (i32.const 4000)) (br 0)) (i32.const 0)"
    events = bench.run(core_manifest(limits={"output_bytes": 10_000}), module=core(flood))
    assert events[-1].fields["error"]["code"] == "E_WASM_OUTPUT"
    assert sum(len(event.data) for event in events) == 10_000


@pytest.mark.attack("E3")
def test_its_memory_is_watched(bench: Bench) -> None:
    grow = "(drop (memory.grow (i32.const 2000))) (i32.const 0)"
    error = refusal(bench.run(core_manifest(limits={"memory_bytes": 2 << 20}), module=core(grow)))
    assert error["code"] == "E_WASM_MEMORY"


def test_a_granted_variable_is_asked_for_by_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANTED", "é")
    module = asking("env", b"WANTED")
    assert said(bench.run(core_manifest("env:WANTED"), module=module, granted=["env:WANTED"])) == "é"
    for source, granted in ((core_manifest("env:WANTED"), []), (core_manifest(), ["env:WANTED"])):
        assert bench.run(source, module=module, granted=granted)[-1].fields["exit_status"] == 9


def test_an_answer_is_taken_once(bench: Bench) -> None:
    module = core("(call $take (i32.const 0)) (i32.const 0)", '(import "codi" "take" (func $take (param i32)))')
    assert "took an answer" in refusal(bench.run(core_manifest(), module=module))["message"]


def test_the_page_s_example_holds(bench: Bench, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/modules.md").read_text()
    (tmp_path / "echo.c").write_text(page.partition("```c\n")[2].partition("```")[0])
    events = bench.run(core_manifest(), {"text": "é"}, module=compiled(tmp_path / "echo.c"))
    assert json.loads(said(events))["arguments"] == {"text": "é"}
