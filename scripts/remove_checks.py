"""Take each check out of a copy of the tree, and see that a named test misses it.

Every row names a file, the exact text of one check, what stands there without it, and the test that has to fail then.
A text that is not found exactly once is an error: the table follows the code. Prints one line a row; exits with 1 if a
check could be removed unseen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks import CHECKS
from checks.check import Check

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("codi_tui", "tests", "libraries", "styles", "pyproject.toml")
SECONDS = 60
WORKERS = 2
GUARD = """
import pathlib, codi_tui
def pytest_configure(config):
    here = pathlib.Path(__file__).resolve().parent
    assert pathlib.Path(codi_tui.__file__).resolve().is_relative_to(here), "the copy is not what is imported"
"""


def main() -> int:
    """Run the table; 1 when a check could be removed unseen."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codi-remove-checks-") as folder, ThreadPoolExecutor(WORKERS) as pool:
        copies = [_copy(Path(folder, str(number))) for number in range(WORKERS)]
        for check in CHECKS:
            _removed(copies[0], check)
        status, output = _tests(copies[0], sorted({check.test for check in CHECKS}))
        if status != 0:
            print(output)
            print("the tests do not pass with every check in place")
            return 1
        shares = [CHECKS[number::WORKERS] for number in range(WORKERS)]
        missed = sum(pool.map(_count_missed, copies, shares))
    print(f"{missed} of {len(CHECKS)} checks are missed, {time.monotonic() - began:.0f} s")
    return 0 if missed == len(CHECKS) else 1


def _copy(target: Path) -> Path:
    """A copy of the tree without compiled files, for one worker."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(ROOT / name, target / name)
    (target / "remove_checks_guard.py").write_text(GUARD)
    return target


def _count_missed(copy: Path, checks: Sequence[Check]) -> int:
    return sum(_is_missed(copy, check) for check in checks)


def _removed(copy: Path, check: Check) -> str:
    """The file's text without the check."""
    text = (copy / "codi_tui" / check.file).read_text()
    found = text.count(check.text)
    if found != 1:
        raise SystemExit(f"{check.name}: found {found} times in {check.file}: {check.text}")
    changed = text.replace(check.text, check.without)
    compile(changed, check.file, "exec")
    return changed


def _is_missed(copy: Path, check: Check) -> bool:
    path = copy / "codi_tui" / check.file
    original = path.read_text()
    path.write_text(_removed(copy, check))
    try:
        status, output = _tests(copy, [check.test])
    finally:
        path.write_text(original)
    missed = status == 1  # tests failed; anything else is an accident of pytest's, not a finding
    print(
        f"{'missed' if missed else 'UNSEEN'}  {check.name}: {check.file}, {check.test.rpartition('::')[2]}", flush=True
    )
    if not missed:
        print(output)
    return missed


def _tests(copy: Path, tests: list[str]) -> tuple[int, str]:
    vectors = os.environ.get("CODI_VECTORS") or str(ROOT.parent / "shared/vectors")
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        **({"CODI_VECTORS": vectors} if Path(vectors).is_dir() else {}),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "remove_checks_guard", *tests],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS * max(1, len(tests) // 10),
        check=False,
    )
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
