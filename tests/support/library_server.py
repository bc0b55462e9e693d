"""The real library server in a process of its own, on a data folder of the test's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from codi_tui.holdings.folder import DataFolder
from codi_tui.holdings.tokens import create_token
from support.libraries import signed
from support.roots import trust

HOUR = 60 * 60
_BEFORE = """
import ctypes
ctypes.CDLL(None).prctl(1, 9)  # killed when the tests end, however they do
import codi_tui.limits as limits
for name, value in {limits}.items():
    setattr(limits, name, value)
"""


class LibraryServer:
    """A running server.

    Attributes:
        origin: where it listens.
        data: its folder.
        log: the lines that it has logged, as JSON; read by `stop`.
    """

    def __init__(
        self,
        data: Path,
        *words: str,
        limits: dict[str, float] | None = None,
        under: Sequence[str] = (),
        **environment: str,
    ) -> None:
        """
        Args:
            under: a command that starts the server's in its own place.
        """
        self.data = data
        self.log: list[dict[str, Any]] = []
        changed = _BEFORE.format(limits=limits or {})
        code = f"{changed}from codi_tui.server.main import main\nraise SystemExit(main())"
        self._log_path = data.with_name(f"{data.name}.log")
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*under, sys.executable, "-c", code, "--data", str(data), "--port", "0", "--log", "json", *words],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
            )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first, self._log_path.read_text()
        self.origin = json.loads(first)["url"]

    def token(self, *permissions: str, seconds: int = HOUR) -> str:
        """A token with permissions."""
        return create_token(DataFolder(str(self.data)).database, permissions, seconds)[0]

    def client(self, *permissions: str) -> httpx.Client:
        """A client with a token of these permissions; without any, a client without a token."""
        headers = {"accept-encoding": "identity"}
        if permissions:
            headers["authorization"] = f"Bearer {self.token(*permissions)}"
        return httpx.Client(base_url=self.origin, headers=headers, timeout=20, trust_env=False)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it by a signal; returns its exit status."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=20)
        self.log = [json.loads(line) for line in out.splitlines()]
        return self.process.returncode


def trust_file(folder: Path, data: bytes | None = None) -> Sequence[str]:
    """The words that give a server its first trust document."""
    path = folder / "trust.json"
    path.write_bytes(trust() if data is None else data)
    return ("--trust", str(path))


def put(client: httpx.Client, document: bytes, name: str = "demo", version: str = "1.0.0") -> httpx.Response:
    """Publish a document."""
    headers = {"content-type": "application/json"}
    return client.put(f"/api/v1/libraries/{name}/{version}", content=document, headers=headers)


def release(sequence: int, name: str = "demo", **members: Any) -> bytes:
    """A release `1.SEQUENCE.0` of a library, well signed."""
    from support.libraries import manifest

    return signed(manifest(name, f"1.{sequence}.0", **members), sequence=sequence)
