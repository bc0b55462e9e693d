"""Start the workspace by the README's first set-up line, in a clean copy and on a real terminal, and quit it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.terminal import terminal  # noqa: E402 - found by the line above

_PATIENCE_SECONDS = 300.0


def main() -> int:
    """Returns the exit status."""
    line = subprocess.run(["scripts/readme-line", "start"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), f"{folder}/codi"], check=True)
        with terminal("bash", "-c", f"cd {folder}/codi && {line}", HOME=folder) as screen:
            screen.until("all verified", _PATIENCE_SECONDS)
            screen.press("q")
            status = screen.finish()
            print(f"{line.strip()}: the workspace came up, and ended with {status}")
            return status


if __name__ == "__main__":
    sys.exit(main())
