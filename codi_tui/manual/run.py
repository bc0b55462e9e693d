"""`codi run`. Its words are read in `cli.run`, which has no time to import this."""

from __future__ import annotations

from codi_tui.manual.verb import Option, Verb, Word

RUN = Verb(
    "run",
    "run one command of a library",
    words=(Word("COMMAND", "such as text.count; codi help lists them"),),
    behind="the command's own flags",
    options=(
        Option(
            "--output",
            "text: for people, safe on a terminal, unchanged in a pipe (the default). json: the result as one JSON value. "
            "jsonl: every event of the run, one JSON object a line. raw: the command's own bytes, whatever they are",
            choices=("text", "json", "jsonl", "raw"),
        ),
        Option("--json", "the same as --output json"),
        Option(
            "--args",
            "the command's arguments as a JSON object; @FILE reads them from a file, @- from standard input. Flags win",
            value="JSON",
        ),
        Option("--ask", "ask on the terminal for what is missing; a secret is not shown"),
        Option("--offline", "never open a socket"),
        Option("--dry-run", "resolve, load, verify and check the arguments; say what would run and may do, and stop"),
        Option("--allow", "grant a permission for this one run", value="PERMISSION", many=True),
        Option("--timeout", "stop the run after so long", value="SECONDS"),
        Option("--record", "keep what the run writes, too: codi session"),
        Option(
            "--allow-expired",
            "on a terminal: run a library that was accepted before it expired, when no newer one is to be had",
        ),
    ),
    text="""
        codi's own options stand before the command, the command's behind it. codi COMMAND … is the same without options.

        The command's flags: --name VALUE or --name=VALUE; -n VALUE or -nVALUE, and -abc for -a -b -c; --name and --no-name
        for true and false; again for each value where several are taken; all behind -- are arguments. A flag has no other
        default than the one that codi help COMMAND shows: no environment variable gives it a value.
    """,
    examples=(
        "codi run text.count < notes.txt",
        "codi run --output json text.count < notes.txt",
        "codi run --args '{\"width\": 60}' text.wrap < notes.txt >> wrapped.txt",
        "codi run --ask prompt.generate",
    ),
)
