"""Every check that the sources have, with the test that misses it when it is gone: a file for each room."""

from __future__ import annotations

import pkgutil
from importlib import import_module

CHECKS = tuple(
    check
    for part in pkgutil.iter_modules(__path__)
    if part.name != "check"
    for check in import_module(f"{__name__}.{part.name}").CHECKS
)
