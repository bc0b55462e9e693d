"""`codi config grants`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, Option, Verb, Word

_LIBRARY = Word("LIBRARY", "a name, or ORIGIN/NAME where several servers have one of that name")

GRANTS = Verb(
    "config grants",
    "what was granted to libraries",
    text="""
        A grant belongs to the server, the library and the trust rule that covers it: a new key under the same rule
        does not ask again.
    """,
    examples=("codi config grants list", "codi config grants revoke deploy"),
    verbs=(
        Verb(
            "config grants list",
            "everything that is remembered",
            options=(JSON,),
            examples=("codi config grants list", "codi config grants list --json | jq -r '.[].permission'"),
        ),
        Verb(
            "config grants add",
            "grant what the library declares, for all its commands",
            words=(_LIBRARY, Word("PERMISSION", "such as net:api.example.com:443", many=True)),
            examples=("codi config grants add deploy net:api.example.com:443",),
        ),
        Verb(
            "config grants revoke",
            "take grants back; without a permission, all of the library's",
            words=(_LIBRARY, Word("PERMISSION", "one that was granted", optional=True, many=True)),
            examples=("codi config grants revoke deploy", "codi config grants revoke deploy env:HOME"),
        ),
        Verb(
            "config grants approve",
            "approve the library as it is now, after it has changed",
            words=(_LIBRARY,),
            options=(Option("--digest", "only if it is this one: a refused run says which", value="DIGEST"),),
            examples=("codi config grants approve deploy",),
        ),
    ),
)
