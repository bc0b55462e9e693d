"""The help of `codi session`: one text for each verb."""

from __future__ import annotations

SESSION_USAGE = "usage: codi session list | show RUN | resume RUN | export RUN | rm RUN…"
SESSION = f"""The runs that were: when, what, with which arguments, by whom it was signed, how it ended; and their recorded output.

{SESSION_USAGE}

  list      the latest runs, or those that you look for
  show      all that is known of a run
  resume    run it again, with the same arguments
  export    its recorded output, as text, JSON lines, Markdown or an asciicast to replay
  rm        forget runs

RUN is a number from codi session list, or last. Every run of codi run, of codi COMMAND and of the workspace is recorded,
with secret arguments taken out. Output is recorded by codi run --record, and in the workspace unless the settings say
otherwise. What is kept, and for how long, is in the settings: [session].

Each has its own help: codi session list --help

Examples:
  codi session list --failed
  codi session resume last
  codi session export 12 --format markdown > run.md
"""

LIST_USAGE = "usage: codi session list [WORD…] [--command NAME] [--failed] [--since AGE] [--limit N] [--json]"
LIST = f"""The latest runs, the latest first.

{LIST_USAGE}

  WORD             only runs with this word in their command, library, arguments or error, in whatever case
  --command NAME   only this command, or all of a group: text.count, text
  --failed         only those that did not end with exit status 0
  --since AGE      begun no earlier: 90m, 12h, 7d, 2w
  --limit N        at most so many (the default is 20)
  --json           the same as a JSON list, with everything that is known

Examples:
  codi session list --failed --since 1d
  codi session list deploy staging
  codi session list --json | jq '.[0].duration_ms'
"""

SHOW_USAGE = "usage: codi session show RUN [--json]"
SHOW = f"""All that is known of a run.

{SHOW_USAGE}

Examples:
  codi session show last
  codi session show 12 --json
"""

RESUME_USAGE = "usage: codi session resume RUN [-- the command's own flags]"
RESUME = f"""Run it again, with the same arguments.

{RESUME_USAGE}

Flags behind -- win over the recorded arguments; a secret was not recorded and has to be given there. Standard input was
not recorded either: it is this command's own. The library is fetched, verified and authorised as for any run; when it
comes from another server now the run is refused (77), and a new release is said. A run on a server that still goes on
cannot be taken up from another process: it is begun anew, as codi says.

Examples:
  codi session resume last
  codi session resume 12 -- --token "$TOKEN"
"""

EXPORT_USAGE = "usage: codi session export RUN [--format text|jsonl|markdown|asciicast]"
EXPORT = f"""The recorded output of a run, on stdout.

{EXPORT_USAGE}

  --format text       what it wrote, safe on a terminal (the default)
  --format jsonl      the run, then each piece of output with its time, one JSON object a line: nothing is left out
  --format markdown   a page with the run's facts and its output
  --format asciicast  a recording to replay: asciinema play FILE

Of a run that wrote very much, the first and the last part were kept; what is missing between them is said.

Examples:
  codi session export last
  codi session export 12 --format asciicast > run.cast
"""

RM_USAGE = "usage: codi session rm RUN… | --older AGE | --all [--yes]"
RM = f"""Forget runs and their output.

{RM_USAGE}

  --older AGE   all that were begun earlier: 90m, 12h, 7d, 2w
  --all         all; asked about on the terminal
  --yes         do not ask

Examples:
  codi session rm 12 13
  codi session rm --older 30d
"""
