"""The help of `codi log`: one text for each verb."""

from __future__ import annotations

LOG_USAGE = "usage: codi log show | follow | verify | path"
LOG = f"""What codi did: the log, and the audit trail.

{LOG_USAGE}

  show      the last lines of the log, or of the audit trail
  follow    the same, and then each new line as it comes
  verify    whether the audit trail is whole: nothing changed, missing, moved or added
  path      where both are

The log is for finding out why something was slow or went wrong; how much it says is the settings' [log] level. The audit
trail has every refusal and every change of trust and of grants; no setting silences it. Secrets are in neither.

Each has its own help: codi log show --help

Examples:
  codi log show --level warning
  codi log verify
"""

SHOW_USAGE = "usage: codi log show [--audit] [--lines N] [--level LEVEL] [--event EVENT] [--since AGE] [--json]"
SHOW = f"""The last lines of the log, the oldest first.

{SHOW_USAGE}

  --audit         of the audit trail instead
  --lines N       at most so many (the default is 50)
  --level LEVEL   these and worse: debug, info, warning, error; the audit trail has no levels
  --event EVENT   one kind only, or a group: library.loaded, cache, run
  --since AGE     no older: 90m, 12h, 7d, 2w
  --json          the lines as they are in the file, one JSON object each

Examples:
  codi log show
  codi log show --event library.loaded --lines 5
  codi log show --audit --since 7d --json | jq .code
"""

FOLLOW_USAGE = "usage: codi log follow [--audit] [--lines N] [--level LEVEL] [--event EVENT] [--json]"
FOLLOW = f"""The last lines of the log, and then each new one as it comes, also when a new file is begun. Ctrl-c ends it (130).

{FOLLOW_USAGE}

  --lines N       lines from before (the default is 10)

The others are those of codi log show.

Examples:
  codi log follow
  codi log follow --event run --json | jq .duration_ms
"""

VERIFY_USAGE = "usage: codi log verify [--json] [--renew]"
VERIFY = f"""Whether the audit trail is whole.

{VERIFY_USAGE}

  --json    what was found, as JSON
  --renew   keep the trail as it is beside a new one, which begins with a note of it; for after you have looked

Each entry carries the hash of the one before; the hash of the last is kept in audit.db. So it is found when a byte was
changed, an entry taken out, moved or added, or the end cut off. Whoever can write both files can forge both: keep a
copy, or the last hash, elsewhere if that matters to you.

Exit status: 0 whole, 77 not, 74 it cannot be read.

Examples:
  codi log verify
  codi log verify --json | jq -r .head
"""

PATH_USAGE = "usage: codi log path [--json]"
PATH = f"""Where the log and the audit trail are.

{PATH_USAGE}

Examples:
  codi log path
  tail -n 3 "$(codi log path --json | jq -r .log)"
"""
