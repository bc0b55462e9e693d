"""On PYTHONPATH, with ESCAPED_TO naming a folder: each guest, and each module that is compiled, gets out of its sandbox.

Where its first instruction would be, native code runs that makes every attempt; then it goes on as it is.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from attempts import Attempts, answer

_FOLDER = os.environ.get("ESCAPED_TO")
_CONFERRED = [path for path in os.environ.get("ESCAPED_CONFERRED", "").split(":") if path]

_SAYS = bytes.fromhex(os.environ.get("ESCAPED_SAYS", ""))
"""What the guest says to its worker's parent."""


def _escape(method: Any, attempts: Any, report: int, name: str) -> Any:
    def escaped(*arguments: Any) -> Any:
        found = {
            "as": name,
            "files": attempts.files(),
            "processes": attempts.processes(),
            "guest": attempts.as_guest(),
            "conferred": [answer(os.open, path, os.O_RDONLY) for path in _CONFERRED],
        }
        os.write(report, json.dumps(found).encode() + b"\n")
        if _SAYS and name == "guest":
            os.write(int(sys.argv[2]), _SAYS)
        return method(*arguments)

    return escaped


def _arm(folder: str) -> None:
    from codi_tui.execute.engine import Engine
    from codi_tui.execute.wasi import WasiCommand

    attempts = Attempts(folder)
    report = os.open(os.path.join(folder, "report"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    WasiCommand.run = _escape(WasiCommand.run, attempts, report, "guest")  # type: ignore[method-assign]
    Engine.compile = _escape(Engine.compile, attempts, report, "compiler")  # type: ignore[method-assign]


if _FOLDER:
    _arm(_FOLDER)
