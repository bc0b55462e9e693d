"""Thirty lines as people write them in scripts, in a real bash with jq."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import CODI, IN_CI

SCRIPT = Path(__file__).parents[1] / "support/one_liners.sh"


def test_each_line_does_what_it_says(home: Path) -> None:
    if shutil.which("jq") is None:
        if IN_CI:
            pytest.fail("jq is not here")
        pytest.skip("jq is not here")
    path = f"{Path(CODI).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(SCRIPT)],
        cwd=home,
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = int(done.stdout.split()[-2])
    assert lines >= 30
    assert done.stdout == f"{lines} lines\n"
