"""From a process's start to its list of tools, beside an empty server on the same SDK, interleaved in one run, medians.

Usage: python benchmarks/agents.py [ROUNDS]     (default 7; run it with the Python of the environment that has codi)

floor           python -I -S -c pass
empty server    the SDK's low-level server with no tool
codi mcp serve  the same request to codi, and the memory that it then has
a search        of a running server: verified libraries' commands by words
a run           of a running server: text.count on one line, in a worker process
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
EMPTY = """
import asyncio, mcp_types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
async def none(context, params):
    return mcp_types.ListToolsResult(tools=[])
async def main():
    server = Server("empty", on_list_tools=none)
    async with stdio_server() as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())
asyncio.run(main())
"""


class Client:
    """A server in a process, and milliseconds for what it is asked."""

    def __init__(self, home: str, *words: str | Path) -> None:
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )

    def ask(self, number: int, method: str, **params: Any) -> None:
        """Send a request and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()
        while json.loads(self._process.stdout.readline()).get("id") != number:
            pass

    def list_tools(self) -> None:
        """The handshake, and the list."""
        about = {"name": "benchmark", "version": "1"}
        self.ask(0, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=about)
        self.ask(1, "tools/list")

    def megabytes(self) -> float:
        """What it has in memory."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def end(self) -> None:
        self._process.communicate()


def main() -> int:
    """Print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home:
        for number in range(rounds):
            measure(home, times, warm=number == 0)
    floor = statistics.median(times["floor"])
    for case, values in times.items():
        unit = "MB" if case.endswith("memory") else "ms"
        ratio = (
            "" if unit == "MB" else f"   {statistics.median(values) / floor:6.1f}x floor   (best {min(values):.1f} ms)"
        )
        print(f"{case:22} {statistics.median(values):7.1f} {unit}{ratio}")
    return 0


def measure(home: str, times: dict[str, list[float]], *, warm: bool) -> None:
    """One round; of the first, which compiles, nothing is kept."""
    kept: dict[str, list[float]] = {} if warm else times
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    kept.setdefault("floor", []).append(1000 * (time.perf_counter() - began))
    servers: dict[str, tuple[str | Path, ...]] = {
        "empty server": (sys.executable, "-c", EMPTY),
        "codi mcp serve": (BIN / "codi", "mcp", "serve"),
    }
    for case, words in servers.items():
        began = time.perf_counter()
        client = Client(home, *words)
        client.list_tools()
        kept.setdefault(case, []).append(1000 * (time.perf_counter() - began))
        kept.setdefault(f"{case}, memory", []).append(client.megabytes())
        if case == "codi mcp serve":
            calls = {
                "a search": ("search", {"query": "count"}),
                "a run": ("run", {"command": "text.count", "stdin": "x"}),
            }
            for number, (name, (tool, arguments)) in enumerate(calls.items(), 2):
                began = time.perf_counter()
                client.ask(number, "tools/call", name=tool, arguments=arguments)
                kept.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        client.end()


if __name__ == "__main__":
    sys.exit(main())
