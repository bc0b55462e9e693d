"""Whether all is well here: each thing that a run needs is looked at, and where it is not well there is what to do.

Looking repairs nothing and opens no socket; asking the servers is `operations.reachable`, on the user's word.
"""

from __future__ import annotations

import os
import stat

from codi_tui.cache.files import CACHE, open_database
from codi_tui.errors import CodiError
from codi_tui.limits import MIB
from codi_tui.runtime import RuntimeMode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from codi_tui.cache.files import Layout
    from codi_tui.config import Settings
    from codi_tui.operations.core import Core
    from codi_tui.operations.trust import Trusted

OK, WARN, FAIL = "ok", "warn", "fail"
_ROOM_BYTES = 100 * MIB


class Finding:
    """What was found of one thing.

    Attributes:
        subject: `cache`.
        state: `OK`, `WARN`, or `FAIL`: something that codi needs does not work.
        said: a sentence without its full stop.
        hint: what to do, or nothing.
    """

    __slots__ = ("hint", "said", "state", "subject")

    def __init__(self, subject: str, state: str, said: str, hint: str = "") -> None:
        self.subject = subject
        self.state = state
        self.said = said
        self.hint = hint


def failed(subject: str, error: CodiError) -> Finding:
    """An error as a finding."""
    return Finding(subject, FAIL, f"{error.message} ({error.code})", error.hint or "")


def look_at_settings(settings: Settings) -> Iterator[Finding]:
    """The settings, which were read."""
    path = RuntimeMode.detect().settings_path()
    count = len(settings.servers)
    said = f"{path}, {count} server{'' if count == 1 else 's'}" if os.path.exists(path) else "no file: the defaults"
    yield Finding("settings", OK, said)
    if settings.project is not None:
        yield Finding("project", OK, settings.project)
    if settings.foreign is not None:
        yield Finding(
            "project", WARN, f"{settings.foreign} is someone else's, or others may write to it, so it is not read"
        )


def look_at_secrets() -> Iterator[Finding]:
    """The secrets' files."""
    from codi_tui.operations.secrets import list_secrets, secrets_folder

    try:
        secrets = list_secrets()
    except CodiError as error:
        yield failed("secrets", error)
        return
    bad = [name for name, usable in secrets if not usable]
    if bad:
        where = " ".join(os.path.join(secrets_folder(), name) for name in bad)
        yield Finding("secrets", WARN, f"not yours alone, so not used: {', '.join(bad)}", f"chmod 600 {where}")
    elif secrets:
        yield Finding("secrets", OK, f"{len(secrets)} stored")


def look_at_folder() -> Iterator[Finding]:
    """The folder of what codi keeps, its databases, and the room there."""
    from codi_tui.runs.history import HISTORY, HISTORY_FILE
    from codi_tui.state.database import STATE, STATE_FILE

    mode = RuntimeMode.detect()
    folder = mode.data_folder()
    if not os.path.isdir(folder):
        yield Finding("data", OK, f"{folder} is not there yet; the first run makes it")
        return
    yield _folder(folder)
    yield _database("cache", mode.cache_path(), CACHE, "codi rebuilds it at the next run")
    yield _database("state", os.path.join(folder, STATE_FILE), STATE, "")
    yield _database("history", os.path.join(folder, HISTORY_FILE), HISTORY, "")


def _folder(folder: str) -> Finding:
    status = os.stat(folder)
    if os.name == "posix" and status.st_uid != os.geteuid():
        return Finding("data", FAIL, f"{folder} belongs to someone else", "move it away")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        return Finding("data", WARN, f"others may look into {folder}", f"chmod 700 {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("data", FAIL, f"{folder} cannot be written to", f"chmod 700 {folder}")
    if hasattr(os, "statvfs"):
        room = os.statvfs(folder)
        free = room.f_bavail * room.f_frsize
        if free < _ROOM_BYTES:
            return Finding("data", WARN, f"{free // MIB} MiB are free for {folder}", "make room")
    return Finding("data", OK, folder)


def _database(subject: str, path: str, layout: Layout, remedy: str) -> Finding:
    if not os.path.lexists(path):
        return Finding(subject, OK, "not there yet")
    try:
        open_database(path, layout).close()
    except CodiError as error:
        return Finding(subject, FAIL, f"{error.message} ({error.code})", error.hint or remedy)
    return Finding(subject, OK, f"opens; {os.path.getsize(path) / MIB:.1f} MiB")


def look_at_audit() -> Iterator[Finding]:
    """The audit trail."""
    from codi_tui.operations.audit import verify
    from codi_tui.state.audit import AUDIT_FILE

    try:
        verdict = verify(os.path.join(RuntimeMode.detect().data_folder(), AUDIT_FILE))
    except CodiError as error:
        yield failed("audit", error)
        return
    if verdict.whole:
        yield Finding("audit", OK, f"whole, {verdict.lines} entries")
    else:
        yield Finding("audit", FAIL, "the audit trail is not what codi wrote", "codi log verify")


async def look_at_trust(core: Core, settings: Settings) -> list[Finding]:
    """Who decides for each server, and this machine's clock."""
    from codi_tui.operations.trust import list_trusted

    findings = [Finding("trust", OK, "the key of the bundled libraries is here")]
    try:
        await core.trust.observe_time()
        now = core.trust.clock()
        findings += [_trusted(entry, now) for entry in await list_trusted(core)]
    except CodiError as error:
        findings.append(failed("trust", error))
    for server in settings.servers:
        if any(key.accept_v0 for key in server.keys):
            findings.append(
                Finding("trust", WARN, f"{server.origin} may send manifests of the oldest form", "drop accept_v0")
            )
    behind = core.trust.clock.is_behind
    said = "more than a day behind what was verified before" if behind else "not behind what was verified before"
    findings.append(Finding("clock", FAIL if behind else OK, said, "set this machine's clock right" if behind else ""))
    return findings


def _trusted(entry: Trusted, now: float) -> Finding:
    document = entry.document
    if document is None and not entry.keys:
        return Finding(
            "trust",
            WARN,
            f"{entry.origin}: nobody decides, so nothing of it runs",
            f"codi auth trust add {entry.origin}",
        )
    if document is None:
        return Finding("trust", OK, f"{entry.origin}: keys in the settings")
    try:
        document.check_expiry(now)
    except CodiError as error:
        return Finding("trust", FAIL, error.message, f"codi auth trust refresh {entry.origin}")
    return Finding("trust", OK, f"{entry.origin}: trust document {document.version}, good until {document.expires_at}")


def look_at_toolchains() -> Iterator[Finding]:
    """What authors need; no command does."""
    import importlib.util
    import shutil

    names = {"zig": "zig", "go": "go", "node": "node", "npm": "npm"}
    found = [name for name, program in names.items() if shutil.which(program)]
    if "zig" not in found and importlib.util.find_spec("ziglang") is not None:
        found.append("zig (ziglang)")
    said = f"{', '.join(found)}" if found else "none"
    yield Finding("toolchains", OK, f"{said}; only authors of libraries need any")


def look_at_sandbox() -> Iterator[Finding]:
    """The engine, and each part of the second wall."""
    from importlib.metadata import PackageNotFoundError, version

    from codi_tui.execute import wall

    try:
        yield Finding("sandbox", OK, f"wasmtime {version('wasmtime')}")
    except PackageNotFoundError:
        yield Finding("sandbox", FAIL, "the engine is not installed", "reinstall codi")
    for part in wall.report():
        state = OK if part.there else WARN
        yield Finding("wall", state, part.name if part.there else f"{part.name}: {part.reason}", part.hint)
