"""`codi help`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, Option, Verb, Word

HELP = Verb(
    "help",
    "built-ins and library commands, and how each is used",
    words=(Word("WORD", "a command, or a built-in and its verbs", optional=True, many=True),),
    options=(
        Option("-k", "list what has this in its name or description", value="TEXT"),
        Option("--fetch", "of a command that is not here yet: fetch its library from its server"),
        JSON,
    ),
    text="""
        Nothing is asked of any server, except with --fetch. On a terminal, what is longer than the screen goes through
        $PAGER, or less where there is none.
    """,
    statuses=((66, "there is no such command here"),),
    examples=("codi help", "codi help text.wrap", "codi help session list", "codi help -k json"),
)
