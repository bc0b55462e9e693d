"""The module check and the compiler: what is no module of the allowed kind is refused, in bounded time and memory."""

from __future__ import annotations

import pytest

from codi_tui.errors import CodiError, LimitError, ModuleError
from codi_tui.execute import compile as compiling
from codi_tui.execute import validate_module
from codi_tui.execute.c_api import EngineError
from codi_tui.execute.engine import Engine
from codi_tui.limits import MODULE_MAX_BYTES
from support.libraries import HELLO, manifest, wasm
from support.runs import loaded

EMPTY = b"\0asm\1\0\0\0"


def test_a_module_is_accepted() -> None:
    validate_module(EMPTY)
    validate_module(wasm(HELLO))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E_WASM_MODULE"),
        (b"(module)", "E_WASM_MODULE"),
        (b"\0asm", "E_WASM_MODULE"),
        (b"\0asm\2\0\0\0", "E_WASM_MODULE"),
        (b"\0asm\x0d\0\1\0", "E_UNSUPPORTED"),
        (EMPTY + b"\x63", "E_WASM_MODULE"),
        (EMPTY + b"\0" * (MODULE_MAX_BYTES + 1), "E_TOO_LARGE"),
    ],
    ids=["empty", "text", "cut", "version", "component", "section", "large"],
)
def test_anything_else_is_refused_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(ModuleError) as refusal:
        validate_module(data)
    assert refusal.value.code == code


def test_a_truncated_module_is_refused_unless_the_cut_leaves_a_smaller_whole_one() -> None:
    good, whole = wasm(HELLO), []
    for size in range(len(good)):
        try:
            validate_module(good[:size])
        except ModuleError:
            continue
        whole.append(size)
    assert len(whole) <= 5, whole  # behind the header and some of the sections


@pytest.mark.parametrize(
    "text",
    [
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (memory 1 1 shared))",
        "(module (tag $t))",
        "(module (type (struct (field i32))))",
        "(module (func $f) (func (return_call $f)))",
        "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1))))",
    ],
    ids=["memory64", "multi-memory", "threads", "exceptions", "gc", "tail-call", "wide-arithmetic"],
)
def test_a_proposal_that_is_off_is_refused(text: str) -> None:
    with pytest.raises(ModuleError):
        validate_module(wasm(text))


def test_a_compiled_module_tells_its_imports() -> None:
    library = loaded(manifest())
    assert library.module is not None
    artefact = compiling.compile_module(library.module)
    assert artefact.imports == ["wasi_snapshot_preview1.fd_write"]
    assert Engine().deserialize(artefact.code).exports() == ["memory", "_start"]


def test_bytes_that_are_no_artefact_are_refused_by_the_engine() -> None:
    with pytest.raises(EngineError):
        Engine().deserialize(b"not code")


def test_a_compilation_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "COMPILE_SECONDS", 0.01)
    library = loaded(manifest())
    assert library.module is not None
    with pytest.raises(LimitError) as refusal:
        compiling.compile_module(library.module)
    assert refusal.value.code == "E_WASM_COMPILE"


def test_a_module_that_is_refused_while_compiling_is_no_crash() -> None:
    library = loaded(manifest())
    assert library.module is not None
    library.module.data = EMPTY + b"\x63"
    with pytest.raises(CodiError) as refusal:
        compiling.compile_module(library.module)
    assert refusal.value.code == "E_WASM_MODULE"
