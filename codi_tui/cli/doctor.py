"""`codi config doctor`: one line for each thing that was looked at, with what to do where it is not well."""

from __future__ import annotations

import os

from codi_tui.cli.page import show_json, show_lines, writes_unicode
from codi_tui.errors import CodiError
from codi_tui.operations.doctor import (
    FAIL,
    OK,
    WARN,
    Finding,
    failed,
    look_at_audit,
    look_at_folder,
    look_at_sandbox,
    look_at_secrets,
    look_at_settings,
    look_at_toolchains,
    look_at_trust,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from codi_tui.config import Settings

BROKEN = 78
_LEAST_COLUMNS, _LEAST_LINES = 80, 24


def doctor(*, network: bool, as_json: bool) -> int:
    """Returns the exit status: 0 unless something is broken.

    Args:
        network: whether servers may be asked.
    """
    findings = list(_findings(network=network))
    if as_json:
        show_json([{name: getattr(finding, name) for name in Finding.__slots__} for finding in findings])
    else:
        show_lines(_lines(findings))
    return BROKEN if any(finding.state == FAIL for finding in findings) else 0


def _lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        hint = f": {finding.hint}" if finding.hint and finding.state != OK else ""
        yield f"{finding.state:<4}  {finding.subject:<10}  {finding.said}{hint}"
    counts = {state: sum(finding.state == state for finding in findings) for state in (FAIL, WARN)}
    yield f"{counts[FAIL]} broken, {counts[WARN]} to look at" if any(counts.values()) else "all is well"


def _findings(*, network: bool) -> Iterator[Finding]:
    from codi_tui.config import load_settings
    from codi_tui.runtime import RuntimeMode

    yield from _terminal()
    yield from look_at_secrets()
    yield from look_at_folder()
    yield from look_at_audit()
    try:
        settings = load_settings(RuntimeMode.detect().settings_path())
    except CodiError as error:
        yield failed("settings", error)
    else:
        yield from look_at_settings(settings)
        yield from _trust(settings)
        yield from _network(settings, asked=network)
    yield from look_at_toolchains()
    yield from look_at_sandbox()


def _terminal() -> Iterator[Finding]:
    if not os.isatty(1):
        yield Finding("terminal", OK, "standard output is none; the workspace needs one")
        return
    term = os.environ.get("TERM", "")
    size = os.get_terminal_size(1)
    if term in ("", "dumb", "unknown"):
        yield Finding("terminal", WARN, f"TERM={term or 'nothing'} draws no screen", "set TERM to what it is")
    elif not writes_unicode():
        yield Finding("terminal", WARN, "the locale has no UTF-8: signs are ASCII", "LANG=C.UTF-8")
    elif size.columns < _LEAST_COLUMNS or size.lines < _LEAST_LINES:
        said = f"{size.columns} columns and {size.lines} lines"
        yield Finding("terminal", WARN, said, f"the workspace is at home in {_LEAST_COLUMNS} by {_LEAST_LINES}")
    else:
        colours = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM") or "colours"
        yield Finding("terminal", OK, f"{term}, {size.columns} by {size.lines}, {colours}, UTF-8")


def _trust(settings: Settings) -> list[Finding]:
    from codi_tui.cli.with_core import with_core
    from codi_tui.operations.core import Core

    async def look(core: Core) -> list[Finding]:
        return await look_at_trust(core, settings)

    try:
        return with_core(look, offline=True)
    except CodiError as error:
        return [failed("trust", error)]


def _network(settings: Settings, *, asked: bool) -> list[Finding]:
    origins = [server.origin for server in settings.servers]
    if not origins:
        return [Finding("network", OK, "the settings have no server to ask")]
    if settings.run.offline:
        return [Finding("network", OK, "not asked: the settings say offline")]
    if not asked:
        return [Finding("network", OK, "not asked: codi config doctor --network asks the servers")]
    from codi_tui.operations.reachable import look_at_servers

    return look_at_servers(origins)
