"""`codi auth`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, YES, Option, Verb, Word

_URL = Word("URL", "a library server of the settings")

TRUST = Verb(
    "auth trust",
    "who may sign which libraries of which server",
    examples=("codi auth trust add https://libraries.example.com", "codi auth trust explain deploy"),
    verbs=(
        Verb(
            "auth trust list",
            "each library server of the settings, and what decides there: keys in the settings, or a trust document",
            options=(Option("--json", "the same as JSON, with keys, rules and times"),),
            text="""
                Nothing is asked of any server. A trust document that has expired is marked so: until a newer one is there,
                nothing of its server is accepted.
            """,
            examples=("codi auth trust list", "codi auth trust list --json"),
        ),
        Verb(
            "auth trust add",
            "show a server's trust document, ask, and let it decide for that server from then on",
            words=(_URL,),
            options=(
                Option(
                    "--fingerprint",
                    "the root's fingerprint as its operator gave it to you; another one is refused (77)",
                    value="HEX",
                ),
                Option("--yes", "do not ask: for scripts, which have to name the fingerprint that they accept"),
                Option(
                    "--bundle", "take the document from what codi sync export wrote; no socket is opened", value="FILE"
                ),
            ),
            text="""
                The server has to be in the settings (78); codi connect does both at once. It needs no keys there. Compare the fingerprint with the operator's by a way that you trust: the server itself is not one. The answer
                is read from the terminal. Without one, and without --yes, the document is shown and nothing is accepted (64).
            """,
            examples=(
                "codi auth trust add https://libraries.example.com",
                "codi auth trust add https://libraries.example.com --yes --fingerprint 5c0f…",
            ),
        ),
        Verb(
            "auth trust remove",
            "give a server's trust document up",
            words=(_URL,),
            options=(YES,),
            text="""
                From then on the keys that the settings name for the server decide; without any its libraries are refused.
                Which releases were accepted before stays known, so that an older one is refused when trust is added again.
            """,
            examples=("codi auth trust remove https://libraries.example.com",),
        ),
        Verb(
            "auth trust refresh",
            "follow the trust documents of one server, or of all, to the newest, and say what changed",
            words=(Word("URL", _URL.meaning, optional=True),),
            text="""
                One server's failure does not keep the others from being asked; the exit status is then that of the first
                failure. codi also does this by itself when it fetches a library and last asked more than an hour ago.
            """,
            examples=("codi auth trust refresh", "codi auth trust refresh https://libraries.example.com"),
        ),
        Verb(
            "auth trust explain",
            "why a library is, or is not, trusted now: every check of a run, in its order, with what it goes by",
            words=(
                Word(
                    "LIBRARY",
                    "a name, ORIGIN/NAME where several servers have one of that name, or a command such as text.count",
                ),
            ),
            options=(Option("--json", "the steps as JSON"),),
            text="No server is asked: it is about the copy that is here.",
            statuses=((0, "trusted"), (77, "not"), (66, "nothing of it is here")),
            examples=(
                "codi auth trust explain text-tools",
                "codi auth trust explain deploy.start",
                "codi auth trust explain https://libraries.example.com/deploy --json",
            ),
        ),
    ),
)

_SERVER = Word(
    "SERVER", "a server of the settings: its host and port, or its address; else the current one", optional=True
)

_TOKENS = (
    Verb(
        "auth login",
        "keep a token for a server, which is asked first whether it takes it",
        words=(_SERVER,),
        options=(Option("--token-stdin", "read the token from standard input, for scripts"),),
        text="""
            The token is asked for at the terminal, without echo. It is kept in the system's keyring, or, where there is none,
            in tokens.json beside the settings, which only you can read. It is sent to exactly this server, by https, or on
            this machine; never along a redirect.

            In CI no login is needed: CODI_TOKEN_LIBRARIES_EXAMPLE_COM is the token of https://libraries.example.com. The name
            is the host, and the port if there is one, in capitals, with - as __ and . and : as _.
        """,
        statuses=((69, "the server cannot be reached"), (77, "it does not take the token"), (78, "it cannot be kept")),
        examples=("codi auth login", "codi auth login libraries.example.com --token-stdin < token"),
    ),
    Verb(
        "auth logout",
        "forget a server's token",
        words=(_SERVER,),
        text="The token counts on until it expires or its operator revokes it.",
        examples=("codi auth logout", "codi auth logout libraries.example.com"),
    ),
    Verb(
        "auth status",
        "where the servers' tokens are, what they permit, and until when; never the tokens",
        words=(_SERVER,),
        options=(JSON, Option("--offline", "ask no server")),
        statuses=((69, "a server cannot be reached"), (77, "a server no longer takes its token")),
        examples=("codi auth status", "codi auth status --json"),
    ),
)

AUTH = Verb(
    "auth",
    "tokens for servers, and whom codi trusts",
    examples=("codi auth status", "codi auth trust list", "codi auth trust explain text.count"),
    verbs=(*_TOKENS, TRUST),
)
