"""`codi log`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, Option, Verb

LEVELS = ("debug", "info", "warning", "error")

_AUDIT = Option("--audit", "of the audit trail instead")
_LEVEL = Option("--level", "these and worse; the audit trail has no levels", choices=LEVELS)
_EVENT = Option("--event", "one kind only, or a group: library.loaded, cache, run", value="EVENT")
_JSON = Option("--json", "the lines as they are in the file, one JSON object each")

LOG = Verb(
    "log",
    "what codi did: the log, and the audit trail",
    text="""
        The log is for finding out why something was slow or went wrong; how much it says is the settings' [log] level. The
        audit trail has every refusal and every change of trust and of grants; no setting silences it. Secrets are in neither.
    """,
    examples=("codi log show --level warning", "codi log verify"),
    verbs=(
        Verb(
            "log show",
            "the last lines of the log or of the audit trail, the oldest first",
            options=(
                _AUDIT,
                Option("--lines", "at most so many (the default is 50)", value="N"),
                _LEVEL,
                _EVENT,
                Option("--since", "no older: 90m, 12h, 7d, 2w", value="AGE"),
                _JSON,
            ),
            examples=(
                "codi log show",
                "codi log show --event library.loaded --lines 5",
                "codi log show --audit --since 7d --json | jq .code",
            ),
        ),
        Verb(
            "log follow",
            "the last lines, and then each new one as it comes",
            options=(
                _AUDIT,
                Option("--lines", "lines from before (the default is 10)", value="N"),
                _LEVEL,
                _EVENT,
                _JSON,
            ),
            text="Also when a new file is begun. Ctrl-c ends it (130).",
            examples=("codi log follow", "codi log follow --event run --json | jq .duration_ms"),
        ),
        Verb(
            "log verify",
            "whether the audit trail is whole: nothing changed, missing, moved or added",
            options=(
                Option("--renew", "keep the trail as it is beside a new one, which begins with a note of it"),
                JSON,
            ),
            text="""
                Each entry carries the hash of the one before; the hash of the last is kept in audit.db. So it is found when
                a byte was changed, an entry taken out, moved or added, or the end cut off. Whoever can write both files can
                forge both: keep a copy, or the last hash, elsewhere if that matters to you.

                --renew is for after you have looked.
            """,
            statuses=((0, "whole"), (77, "not"), (74, "it cannot be read")),
            examples=("codi log verify", "codi log verify --json | jq -r .head"),
        ),
        Verb(
            "log path",
            "where the log and the audit trail are",
            options=(JSON,),
            examples=("codi log path", 'tail -n 3 "$(codi log path --json | jq -r .log)"'),
        ),
    ),
)
