"""`codi config`."""

from __future__ import annotations

from codi_tui.manual.config_grants import GRANTS
from codi_tui.manual.verb import JSON, Option, Verb, Word

_KEY = Word("KEY", "such as log.level; codi config list has them all")
_ALIAS = Word("NAME", "lower-case letters, digits and hyphens; never that of a built-in")
_SECRET = Word("NAME", "as the permission secret:NAME has it")

_GET = Verb(
    "config get",
    "what a setting is here and now: of the settings file, of the project, or the default",
    words=(_KEY,),
    options=(JSON,),
    statuses=((66, "there is no such setting"),),
    examples=("codi config get log.level", "codi config get servers --json | jq -r '.[].url'"),
)

_SET = Verb(
    "config set",
    "write a setting into the settings file",
    words=(_KEY, Word("VALUE", "a text, a number, or true or false")),
    text="""
        Comments and the order of the file stay. What the file would say is checked before it is replaced, and it is
        replaced whole or not at all. A server and the keys that count for it are not set by name: codi config edit.
    """,
    statuses=((66, "there is no such setting"), (78, "the file would be wrong")),
    examples=("codi config set log.level debug", "codi config set run.timeout 60"),
)

_UNSET = Verb(
    "config unset",
    "take a setting out of the settings file, so that its default counts again",
    words=(_KEY,),
    statuses=((66, "the file does not have it"),),
    examples=("codi config unset run.timeout",),
)

_LIST = Verb(
    "config list",
    "every setting, and what it is here and now",
    options=(Option("--origin", "also where it comes from: which line of which file, or the default"), JSON),
    examples=("codi config list", "codi config list --origin", "codi config list --json | jq '.[] | select(.line)'"),
)

_PATH = Verb(
    "config path",
    "every file and folder that codi uses",
    options=(JSON,),
    examples=("codi config path", 'less "$(codi config path --json | jq -r .log)"'),
)

_SCHEMA = Verb(
    "config schema",
    "the JSON Schema of the settings file, for editors and checks",
    options=(Option("--project", "of a project's codi.toml instead"),),
    examples=("codi config schema > codi.schema.json",),
)

_EDIT = Verb(
    "config edit",
    "open the settings file in your editor: $VISUAL, else $EDITOR, else vi",
    text="""
        You edit a copy. It takes the file's place only when codi can read it; if it cannot, codi says what is wrong and
        offers to go on. What you wrote is never thrown away: when it is not taken, codi says where it is.
    """,
    statuses=((78, "what was written is wrong, and was not taken"),),
    examples=("codi config edit",),
)

_ALIASES = Verb(
    "config alias",
    "names for command lines that you write often",
    text="""
        An alias stands for words behind codi: codi gst runs what gst stands for, with what follows it. No shell reads it,
        and nothing in it is expanded. It never takes the place of a command or of a built-in. codi run takes no aliases, so
        that a script does what it says everywhere.
    """,
    examples=("codi config alias set failed 'session list --failed'", "codi config alias list"),
    verbs=(
        Verb(
            "config alias list",
            "the aliases, and what they stand for",
            options=(JSON,),
            examples=("codi config alias list",),
        ),
        Verb(
            "config alias set",
            "let a name stand for a command line",
            words=(_ALIAS, Word("LINE", "as you would type it behind codi, as one word of your shell")),
            examples=(
                "codi config alias set failed 'session list --failed'",
                "codi config alias set w 'text.wrap --width 60'",
            ),
        ),
        Verb("config alias unset", "forget an alias", words=(_ALIAS,), examples=("codi config alias unset failed",)),
    ),
)

_SECRETS = Verb(
    "config secret",
    "the secrets that commands may be granted, each in a file that only you can read",
    examples=("codi config secret set API_TOKEN", "codi config secret list"),
    verbs=(
        Verb(
            "config secret list",
            "their names, never their values",
            options=(JSON,),
            examples=("codi config secret list",),
        ),
        Verb(
            "config secret set",
            "store a secret, in the place of one of that name",
            words=(_SECRET,),
            text="""
                The value is asked on the terminal and not shown, or read from standard input where that is no terminal; a line
                end behind it is not part of it. It stands in no command line, no log and no history.
            """,
            examples=("codi config secret set API_TOKEN", "codi config secret set API_TOKEN < token.txt"),
        ),
        Verb(
            "config secret remove",
            "delete a secret",
            words=(_SECRET,),
            statuses=((66, "it is not stored"),),
            examples=("codi config secret remove API_TOKEN",),
        ),
    ),
)

COMPLETION = Verb(
    "config completion",
    "what your shell needs to complete codi's commands, options and values at the tab key",
    words=(Word("SHELL", "bash, zsh or fish"),),
    behind="-- the words of a line, the last to be completed",
    text="""
        With -- and the words of a line it is what the shell asks: how the line can go on. It opens no socket, and names of
        commands come from the libraries that are here. Text of a library never reaches the shell as code.
    """,
    examples=(
        'eval "$(codi config completion bash)"          # in ~/.bashrc',
        'eval "$(codi config completion zsh)"           # in ~/.zshrc',
        "codi config completion fish > ~/.config/fish/completions/codi.fish",
    ),
)

_DOCTOR = Verb(
    "config doctor",
    "whether all is well: terminal, settings, cache, trust, clock, network, toolchains, walls; and what to do if not",
    options=(
        Option("--network", "also ask each server of the settings whether it is there; nothing else opens a socket"),
        JSON,
    ),
    statuses=((0, "nothing is broken, though there may be warnings"), (78, "something is")),
    examples=(
        "codi config doctor",
        "codi config doctor --network",
        "codi config doctor --json | jq '.[] | select(.state != \"ok\")'",
    ),
)

CONFIG = Verb(
    "config",
    "the settings, what was granted to libraries, secrets, completion, and a look at whether all is well",
    text="""
        The settings are one TOML file. A project's codi.toml, in the working folder or above it, can make runs in that
        project stricter, never more trusting.
    """,
    examples=(
        "codi config list --origin",
        "codi config doctor",
        "codi config grants add deploy net:api.example.com:443",
    ),
    verbs=(_GET, _SET, _UNSET, _LIST, _PATH, _SCHEMA, _EDIT, _ALIASES, _SECRETS, GRANTS, COMPLETION, _DOCTOR),
)
