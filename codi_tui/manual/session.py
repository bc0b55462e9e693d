"""`codi session`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, YES, Option, Verb, Word

FORMATS = ("text", "jsonl", "markdown", "asciicast")

_RUN = Word("RUN", "a number from codi session list, or last")

SESSION = Verb(
    "session",
    "the runs that were: when, what, with which arguments, who signed it, how it ended; and their recorded output",
    text="""
        RUN is a number from codi session list, or last. Every run of codi run, of codi COMMAND and of the workspace is
        recorded, with secret arguments taken out. Output is recorded by codi run --record, and in the workspace unless the
        settings say otherwise. What is kept, and for how long, is in the settings: [session].
    """,
    examples=(
        "codi session list --failed",
        "codi session resume last",
        "codi session export 12 --format markdown > run.md",
    ),
    verbs=(
        Verb(
            "session list",
            "the latest runs, or those that you look for, the latest first",
            words=(
                Word(
                    "WORD",
                    "only runs with this word in their command, library, arguments or error, in whatever case",
                    optional=True,
                    many=True,
                ),
            ),
            options=(
                Option("--command", "only this command, or all of a group: text.count, text", value="NAME"),
                Option("--failed", "only those that did not end with exit status 0"),
                Option("--since", "begun no earlier: 90m, 12h, 7d, 2w", value="AGE"),
                Option("--limit", "at most so many (the default is 20)", value="N"),
                JSON,
            ),
            examples=(
                "codi session list --failed --since 1d",
                "codi session list deploy staging",
                "codi session list --json | jq '.[0].duration_ms'",
            ),
        ),
        Verb(
            "session show",
            "all that is known of a run",
            words=(_RUN,),
            options=(JSON,),
            statuses=((66, "there is no such run"),),
            examples=("codi session show last", "codi session show 12 --json"),
        ),
        Verb(
            "session resume",
            "run it again, with the same arguments",
            words=(_RUN,),
            behind="-- the command's own flags",
            text="""
                Flags behind -- win over the recorded arguments; a secret was not recorded and has to be given there.
                Standard input was not recorded either: it is this command's own. The library is fetched, verified and
                authorised as for any run; when it comes from another server now the run is refused (77), and a new release
                is said. A run on a server that still goes on cannot be taken up from another process: it is begun anew, as
                codi says.
            """,
            examples=("codi session resume last", 'codi session resume 12 -- --token "$TOKEN"'),
        ),
        Verb(
            "session export",
            "the recorded output of a run, on stdout",
            words=(_RUN,),
            options=(
                Option(
                    "--format",
                    "text: what it wrote, safe on a terminal (the default). jsonl: the run, then each piece of output with "
                    "its time, one JSON object a line: nothing is left out. markdown: a page with the run's facts and its "
                    "output. asciicast: a recording to replay: asciinema play FILE",
                    choices=FORMATS,
                ),
            ),
            text="""
                Of a run that wrote very much, the first and the last part were kept; what is missing between them is said.
            """,
            examples=("codi session export last", "codi session export 12 --format asciicast > run.cast"),
        ),
        Verb(
            "session rm",
            "forget runs and their output",
            words=(Word("RUN", _RUN.meaning, optional=True, many=True),),
            options=(
                Option("--older", "all that were begun earlier: 90m, 12h, 7d, 2w", value="AGE"),
                Option("--all", "all; asked about on the terminal"),
                YES,
            ),
            examples=("codi session rm 12 13", "codi session rm --older 30d"),
        ),
    ),
)
