"""One row of the table."""

from __future__ import annotations

from typing import NamedTuple


class Check(NamedTuple):
    """One check, and the test that misses it.

    Attributes:
        file: below `codi_tui`.
        text: the check, as it stands there exactly once.
        without: what stands there when it is taken out.
        test: the test that has to fail then.
    """

    name: str
    file: str
    text: str
    without: str
    test: str
