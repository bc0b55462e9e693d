"""Write libraries/data-tools/src/category_table.h: the general category of every character, as runs.

Each run is one number: its first character times 32 plus the category's place in CATEGORIES. The standard library's
Unicode version is the table's.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

CATEGORIES = [
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "Mn",
    "Mc",
    "Me",
    "Nd",
    "Nl",
    "No",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Zs",
    "Zl",
    "Zp",
    "Cc",
    "Cf",
    "Co",
    "Cn",
    "Cs",
]
TARGET = Path(__file__).resolve().parent.parent / "libraries/data-tools/src/category_table.h"


def main() -> None:
    runs, before = [], None
    for code in range(sys.maxunicode + 1):
        category = CATEGORIES.index(unicodedata.category(chr(code)))
        if category != before:
            runs.append(code * 32 + category)
            before = category
    rows = [",".join(str(run) for run in runs[at : at + 16]) for at in range(0, len(runs), 16)]
    names = " ".join(CATEGORIES)
    TARGET.write_text(
        f"/* Written by scripts/unicode_categories.py: Unicode {unicodedata.unidata_version}. */\n"
        f'static const char category_names[] = "{names} ";\n\n'
        "static const uint32_t category_runs[] = {\n" + ",\n".join(rows) + ",\n};\n"
    )


if __name__ == "__main__":
    main()
