"""Attacks E on a module's bytes: what is malformed, too new or too costly is refused before anything runs."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from codi_tui.errors import LimitError, ModuleError
from codi_tui.execute.compile import compile_module
from codi_tui.execute.module import validate_module
from codi_tui.limits import MIB, MODULE_MAX_BYTES
from codi_tui.trust import VerifiedModule
from support.hostile import REFUSED_PROPOSALS
from support.libraries import HELLO, manifest, signed, wasm
from support.modules import compile_bomb
from support.trust import ISSUED, admit, trusted, validator

TESTSUITE = Path(__file__).parents[1] / "vectors/wasm-testsuite-refused.json"
PREAMBLE = b"\0asm\1\0\0\0"


def refusal(module: bytes) -> ModuleError:
    with pytest.raises(ModuleError) as caught:
        validate_module(module)
    return caught.value


@pytest.mark.attack("E8")
def test_whatever_the_specification_says_is_malformed_or_invalid_is_refused() -> None:
    reasons = json.loads(TESTSUITE.read_text())
    modules = [base64.b64decode(data) for data_of_reason in reasons.values() for data in data_of_reason]
    assert len(modules) == 1661
    for module in modules:
        assert refusal(module).code in ("E_WASM_MODULE", "E_UNSUPPORTED")


@pytest.mark.attack("E8")
def test_a_module_that_is_cut_anywhere_is_refused() -> None:
    module = wasm(HELLO)
    validate_module(module)
    boundaries = set(_section_starts(module))
    for end in range(len(module)):
        if end in boundaries:
            continue  # a module of fewer sections may well be one
        refusal(module[:end])


@pytest.mark.attack("E8")
def test_a_changed_byte_is_refused_or_makes_another_valid_module_and_never_a_crash() -> None:
    module = wasm(HELLO)
    refused = 0
    for at in range(len(module)):
        for value in (0, 0x7F, 0x80, 0xFF, module[at] ^ 1):
            try:
                validate_module(module[:at] + bytes([value]) + module[at + 1 :])
            except ModuleError:
                refused += 1
    assert refused > len(module)


@pytest.mark.attack("E8")
def test_sections_that_are_repeated_or_out_of_order_are_refused() -> None:
    module = wasm(HELLO)
    starts = _section_starts(module)
    sections = [module[a:b] for a, b in zip(starts, [*starts[1:], len(module)], strict=True)]
    sections = [section for section in sections if section[0] != 0]
    validate_module(PREAMBLE + b"".join(sections))
    for at in range(len(sections)):
        refusal(PREAMBLE + b"".join([*sections[: at + 1], *sections[at:]]))
        if at:
            swapped = [*sections[: at - 1], sections[at], sections[at - 1], *sections[at + 1 :]]
            refusal(PREAMBLE + b"".join(swapped))


def _section_starts(module: bytes) -> list[int]:
    starts, at = [], len(PREAMBLE)
    while at < len(module):
        starts.append(at)
        size, shift, at = 0, 0, at + 1
        while True:
            byte, at = module[at], at + 1
            size, shift = size | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        at += size
    return starts


@pytest.mark.attack("E8")
def test_text_and_components_are_refused() -> None:
    for text in (b"(module)", b" (module)", b"(component)", HELLO.encode()):
        assert refusal(text).code == "E_WASM_MODULE"
    assert refusal(wasm("(component)")).code == "E_UNSUPPORTED"


@pytest.mark.attack("E9")
@pytest.mark.parametrize(("text", "reason"), REFUSED_PROPOSALS.values(), ids=REFUSED_PROPOSALS)
def test_a_proposal_that_no_command_needs_is_refused(text: str, reason: str) -> None:
    error = refusal(wasm(text))
    assert error.code == "E_WASM_MODULE"
    assert reason in error.message


def verified(module: bytes) -> VerifiedModule:
    library = admit(signed(manifest(), module, issued_at=ISSUED))
    return validator(trusted()).verify_module(library, module)


@pytest.mark.attack("E5")
def test_a_module_is_at_most_32_mib() -> None:
    assert MODULE_MAX_BYTES == 32 * MIB
    filler = MODULE_MAX_BYTES - len(PREAMBLE)
    assert refusal(PREAMBLE + bytes(filler + 1)).code == "E_TOO_LARGE"


@pytest.mark.attack("E5")
@pytest.mark.parametrize("size_kib", [332, 995])
def test_a_module_that_takes_too_long_to_compile_is_given_up(size_kib: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codi_tui.execute.compile.COMPILE_SECONDS", 1.0)
    bomb = compile_bomb(size_kib << 10)
    assert len(bomb) > (size_kib - 5) << 10
    module = verified(bomb)
    begun = time.monotonic()
    with pytest.raises(LimitError) as caught:
        compile_module(module)
    assert caught.value.code == "E_WASM_COMPILE"
    assert "longer than 1 s" in caught.value.message
    assert time.monotonic() - begun < 1.5


@pytest.mark.attack("E5")
def test_a_module_that_takes_too_much_memory_to_compile_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codi_tui.execute.compile.COMPILE_MEMORY_BYTES", 160 * MIB)
    with pytest.raises(LimitError) as caught:
        compile_module(verified(compile_bomb(60 << 10)))
    assert caught.value.code == "E_WASM_COMPILE"
    assert "more than 160 MiB" in caught.value.message
