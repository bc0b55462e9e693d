"""Write docs/reference.md: the help of every built-in and verb, as `codi … --help` prints it.

python scripts/reference.py            write the page
python scripts/reference.py --check    fail when the page is stale
"""

from __future__ import annotations

import sys
from pathlib import Path

from codi_tui.manual.pages import page
from codi_tui.manual.table import every_verb

PAGE = Path(__file__).resolve().parent.parent / "docs/reference.md"
HEAD = """# Reference

Every built-in and verb, as its `--help` prints it: `codi session list --help`, or `codi help session list`. Made by
`python scripts/reference.py`.
"""


def reference() -> str:
    """The whole page."""
    sections = (
        f"\n{'#' * (1 + len(verb.path.split()))} codi {verb.path}\n\n```text\n{page(verb)}```\n"
        for verb in every_verb()
    )
    return HEAD + "".join(sections)


def main() -> int:
    """Returns the exit status."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(reference(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == reference():
        return 0
    print("docs/reference.md is stale: python scripts/reference.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
