"""`codi connect`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, YES, Option, Verb, Word

_NAME = Word("NAME", "a server of the settings: its host and port, or its whole address")

FINGERPRINT = Option(
    "--fingerprint",
    "the root's fingerprint as its operator gave it to you; another one is refused (77)",
    value="HEX",
)
TOKEN_STDIN = Option("--token-stdin", "read a token for it from standard input, and keep it when the server takes it")

CONNECT = Verb(
    "connect",
    "library servers: add, list, use, remove",
    words=(Word("URL", "https, host and port; http on this machine; or file:///a/folder"),),
    options=(
        FINGERPRINT,
        Option("--yes", "do not ask: for scripts, which have to name the fingerprint that they accept"),
        TOKEN_STDIN,
    ),
    text="""
        Shows a server's trust root, who may sign what there, and what it offers; asks; then pins its trust document and
        writes the server into the settings. The first server of the settings is the current one.

        Compare the fingerprint with the operator's by a way that you trust: the server itself is not one. A server that wants
        a token has it asked for at the terminal, without echo.
    """,
    statuses=((69, "it cannot be reached"), (77, "refused, or not accepted"), (78, "the settings cannot be changed")),
    examples=(
        "codi connect https://libraries.example.com",
        "codi connect https://libraries.example.com --yes --fingerprint 5c0f… --token-stdin < token",
        "codi connect list",
    ),
    verbs=(
        Verb(
            "connect list",
            "the servers of the settings, the current one first, and who decides for each",
            options=(JSON,),
            text="Nothing is asked of any server.",
            examples=("codi connect list", "codi connect list --json"),
        ),
        Verb(
            "connect use",
            "make a server the current one",
            words=(_NAME,),
            text="""
                The current server is asked first for a command that is not here yet, and runs what a bundled library leaves to
                a server.
            """,
            examples=("codi connect use libraries.example.com",),
        ),
        Verb(
            "connect remove",
            "take a server out of the settings, with its keys, its trust document and its token",
            words=(_NAME,),
            options=(YES,),
            text="""
                Its libraries stay in the cache and are run no more. Which releases were accepted stays known, so that an older
                one is refused when it is connected again.
            """,
            examples=("codi connect remove libraries.example.com",),
        ),
    ),
)
