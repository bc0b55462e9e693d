"""A door that lives on is left with nothing by its runs. `benchmarks/leaks.py` is the same with thousands of them."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codi_tui.operations.executors import worker_executor
from conftest import add_server
from support.cores import async_core, invocation
from support.leaks import at_once, cancelled, held, memory_kib, one_after_another
from support.libraries import LOOP, PUBLIC_KEY, manifest, publish, signed, wasm
from support.server import serving


async def test_runs_that_end_and_runs_that_are_cancelled_leave_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    publish(tmp_path / "site", signed(manifest("loop"), wasm(LOOP)))
    with serving(tmp_path / "site") as server:
        add_server(home, server.origin, PUBLIC_KEY, ["loop"])
        async with async_core() as core:
            executor = worker_executor(core)
            short = await invocation(core, "text.case", {"style": "upper"})
            endless = await invocation(core, "loop.run")
            await at_once(executor, lambda: short, 6)
            before, memory = held(core.runs_folder, str(temporary)), memory_kib()
            await one_after_another(executor, lambda: short, 10)
            await at_once(executor, lambda: short, 6)
            await cancelled(executor, lambda: endless, 16, random.Random(1), 0.4)
            assert held(core.runs_folder, str(temporary)) == before
            assert memory_kib() - memory < 8 * 1024
