"""Take each check out of a copy of the tree, and see that a named test misses it.

Every row names a file, the exact text of one check, what stands there without it, and the test that has to fail then.
A text that is not found exactly once is an error: the table follows the code. A test that neither fails nor passes
within its seconds is one too: a check is missed by a test that says so, not by one that hangs. Prints one line a row,
and the slowest rows; exits with 1 if a check could be removed unseen.

    python scripts/remove_checks.py             the tests with every check in place first, then without each
    python scripts/remove_checks.py --share N   every Nth check, which ones is the commit's luck, and no more: the whole
                                                suite has just passed
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from pathlib import Path

import warm_pytest
from checks import CHECKS
from checks.check import Check

ROOT = Path(__file__).resolve().parent.parent
ROW_SECONDS = 60.0
FILE_SECONDS = 300.0
WORKERS = 3  # two cores: tests wait for the processes that they start
SLOWEST = 10


def main() -> int:
    """Run the table; 1 when a check could be removed unseen."""
    began = time.monotonic()
    for check in CHECKS:
        _removed(ROOT, check)
    shares = int(sys.argv[2]) if sys.argv[1:2] == ["--share"] else 1
    checks = _share(shares)
    fork = multiprocessing.get_context("fork")
    with (
        tempfile.TemporaryDirectory(prefix="codi-remove-checks-") as folder,
        ProcessPoolExecutor(WORKERS, fork, warm_pytest.enter_copy, (ROOT, folder)) as pool,
    ):
        if shares == 1 and not all(list(pool.map(_passes, _by_file({check.test for check in checks})))):
            print("the tests do not pass with every check in place")
            return 1
        results = list(pool.map(_is_missed, checks))
    print(f"the slowest {SLOWEST}:")
    slowest = sorted(zip(results, checks, strict=True), key=lambda row: row[0][1], reverse=True)[:SLOWEST]
    for (_, seconds), check in slowest:
        print(f"{seconds:6.1f} s  {check.name}: {check.test}")
    missed = sum(is_missed for is_missed, _ in results)
    print(f"{missed} of {len(checks)} checks are missed, of {len(CHECKS)} in all, {time.monotonic() - began:.0f} s")
    return 0 if missed == len(checks) else 1


def _share(shares: int) -> tuple[Check, ...]:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return CHECKS[int(commit[:8], 16) % shares :: shares]


def _by_file(tests: Iterable[str]) -> list[list[str]]:
    return [list(of_file) for _, of_file in groupby(sorted(tests), key=lambda test: test.partition("::")[0])]


def _removed(tree: Path, check: Check) -> str:
    """The file's text without the check."""
    text = (tree / "codi_tui" / check.file).read_text()
    found = text.count(check.text)
    if found != 1:
        raise SystemExit(f"{check.name}: found {found} times in {check.file}: {check.text}")
    changed = text.replace(check.text, check.without)
    compile(changed, check.file, "exec")
    return changed


def _passes(tests: list[str]) -> bool:
    """In a worker: whether these tests pass with every check in place."""
    status, output, _ = warm_pytest.run(tests, FILE_SECONDS)
    if status != 0:
        print(output, flush=True)
    return status == 0


def _is_missed(check: Check) -> tuple[bool, float]:
    """In a worker, whose folder is its copy: whether the test fails without the check, and the seconds that it took."""
    path = Path("codi_tui", check.file)
    original = path.read_text()
    path.write_text(_removed(Path(), check))
    try:
        status, output, seconds = warm_pytest.run([check.test], ROW_SECONDS)
    finally:
        path.write_text(original)
    missed = status == 1
    word = {1: "missed", 0: "UNSEEN", None: "HANGS"}.get(status, "BROKEN")  # pytest's other statuses are no findings
    line = f"{word}  {check.name}: {check.file}, {check.test.rpartition('::')[2]}"
    print(line if missed else f"{line}\n{output}", flush=True)
    return missed, seconds


if __name__ == "__main__":
    sys.exit(main())
