"""`codi-registry diff`: what a user who updates from one release to another will be asked, in the same words."""

from __future__ import annotations

from pathlib import Path

from codi_tui.errors import DocumentError, InputError
from codi_tui.model.manifest import LibraryManifest
from codi_tui.model.schema import validate_manifest
from codi_tui.operations.question import bounded, difference_lines, question_title
from codi_tui.registry.outcome import Outcome
from codi_tui.registry.project import open_project, read_source
from codi_tui.trust.changes import changes, surface


def diff(old: Path, new: Path) -> Outcome:
    """Compare two releases; either may be a library's folder. The status is 1 when an updating user is asked.

    Raises:
        InputError: one of them is no manifest, or they are of two libraries.
        OSError: it cannot be read.
    """
    before, after = _manifest(old), _manifest(new)
    if before.library.name != after.library.name:
        raise InputError(f"{before.library.name} and {after.library.name} are two libraries, not two releases of one")
    found = changes(surface(before), surface(after))
    asked = [change for change in found if change.widens]
    told = [change for change in found if not change.widens]
    name = f"{after.library.name} {after.library.version}"
    lines = []
    if asked:
        lines += [f"asked before it runs: {question_title(name, found, before.library.version)}"]
        lines += [f"  {line}" for line in bounded(difference_lines(asked))]
    if told:
        lines += ["told, and not asked:", *(f"  {line}" for line in bounded(difference_lines(told)))]
    if not found:
        lines = [f"{name}: nothing is asked and nothing told; it does what {before.library.version} did, for its users"]
    facts = {
        "old": before.library.version,
        "new": after.library.version,
        "asked": difference_lines(asked),
        "told": difference_lines(told),
    }
    return Outcome(facts, lines, 1 if asked else 0)


def _manifest(path: Path) -> LibraryManifest:
    if path.is_dir():
        return LibraryManifest(open_project(path).manifest)
    source = read_source(path)
    source.pop("build", None)
    try:
        validate_manifest(source)
    except DocumentError as error:
        raise InputError(f"{path}: {error.message}", code=error.code) from None
    return LibraryManifest(source)
