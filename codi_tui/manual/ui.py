"""`codi ui`."""

from __future__ import annotations

from codi_tui.manual.verb import Option, Verb, Word

UI = Verb(
    "ui",
    "the workspace: browse, fill a form, run, watch",
    words=(Word("COMMAND", "open the form of a command at once", optional=True),),
    options=(
        Option("--plain", "ASCII only, the terminal's own colours, nothing that moves"),
        Option("--no-mouse", "leave the mouse to the terminal"),
        Option("--offline", "never open a socket"),
    ),
    text="Press ? in it for its keys.",
    examples=("codi ui", "codi ui json.query"),
)
