"""`codi sync`."""

from __future__ import annotations

from codi_tui.manual.verb import JSON, YES, Option, Verb, Word

_LIBRARY = "a name, or ORIGIN/NAME"
_OFFLINE = Option("--offline", "never open a socket")
_NO_COMPILE = Option("--no-compile", "leave compiling to the first run")
_OUTCOMES = Option("--json", "what became of each, as JSON")

SYNC = Verb(
    "sync",
    "the local copy of libraries: fetch, look over, pin, tidy, and carry to a machine without a network",
    text="Which releases were accepted, what is granted, pinned and trusted outlives evict, prune and clear.",
    examples=("codi sync pull", "codi sync status"),
    verbs=(
        Verb(
            "sync pull",
            "fetch libraries; verify, store and compile each, so that it runs offline and its first run is fast",
            words=(
                Word(
                    "LIBRARY",
                    f"{_LIBRARY}; without any, what codi.lock names, else all that the servers offer",
                    optional=True,
                    many=True,
                ),
            ),
            options=(
                Option("--lock", "write what was fetched into codi.lock, found upwards from here, or made here"),
                Option("--frozen", "for CI: exactly the digests in codi.lock, or failure"),
                _NO_COMPILE,
                _OFFLINE,
                _OUTCOMES,
            ),
            text="""
                One that fails keeps no other from being fetched; the exit status is then that of the first failure. After
                ctrl-c, or a line that dropped, what was done stays done: pull again. A pinned library stays at its pin.
            """,
            examples=("codi sync pull", "codi sync pull deploy --lock", "codi sync pull --frozen"),
        ),
        Verb(
            "sync status",
            "what is in the cache, verified now, and how current it is; servers are asked what is newest",
            options=(_OFFLINE, JSON),
            text="""
                fresh: its server was asked within the hour. stale: that was longer ago; it runs. update: its server has another
                version. pinned, locked: chosen with codi sync pin, or by codi.lock. newer: it does not run, since another
                release is chosen. older: a release before the newest one here. bundled: part of codi.

                expired, revoked, refused: it does not run, and codi auth trust explain LIBRARY says why.
            """,
            examples=("codi sync status", "codi sync status --offline --json"),
        ),
        Verb(
            "sync verify",
            "verify every cached library, module and compiled module, as of now; no server is asked, nothing is changed",
            options=(JSON,),
            text="A compiled module that does not hold is never run: it is compiled again.",
            statuses=((0, "all of it holds"), (77, "something does not")),
            examples=("codi sync verify", "codi sync verify --json"),
        ),
        Verb(
            "sync pin",
            "run this release of a library from now on, not the newest",
            words=(Word("LIBRARY", "LIBRARY or LIBRARY@VERSION; without a version, the release that runs now"),),
            options=(
                Option("--lock", "write it into codi.lock, for this folder and all below it"),
                YES,
                _OFFLINE,
            ),
            text="""
                It is verified first. That it is older is no refusal, for it is chosen; what its publisher has withdrawn, or a
                revoked key has signed, is refused all the same. Pins are in the audit trail.
            """,
            examples=("codi sync pin deploy@1.2.0", "codi sync pin deploy --lock --yes"),
        ),
        Verb(
            "sync unpin",
            "give a pin up: the newest release of the library runs again",
            words=(Word("LIBRARY", _LIBRARY),),
            examples=("codi sync unpin deploy",),
        ),
        Verb(
            "sync evict",
            "drop a library from the cache, with its module and what was compiled of it",
            words=(Word("LIBRARY", "LIBRARY or LIBRARY@VERSION"),),
            text="It is fetched again when it is wanted.",
            examples=("codi sync evict deploy", "codi sync evict deploy@1.1.0"),
        ),
        Verb(
            "sync prune",
            "drop from the cache what was stored long ago, or is large; never what is pinned or locked",
            options=(
                Option("--older-than", "stored longer ago: 12h, 30d, 8w", value="AGE"),
                Option(
                    "--larger-than",
                    "manifest, module and compiled module together: 500kB, 10MB; with both, what is both",
                    value="SIZE",
                ),
                Option("--dry-run", "say what would be dropped"),
                Option("--json", "what was dropped, as JSON"),
            ),
            examples=("codi sync prune --older-than 30d", "codi sync prune --larger-than 10MB --dry-run"),
        ),
        Verb(
            "sync clear",
            "drop everything from the cache, compiled modules too",
            options=(YES,),
            text="""
                Offline, nothing but the bundled commands runs then. Which releases were accepted stays known, so that older ones
                are refused; grants, pins and trust stay.
            """,
            examples=("codi sync clear",),
        ),
        Verb(
            "sync export",
            "write cached libraries, with modules, signatures and trust documents, into one file",
            words=(
                Word("FILE", "must not be there yet"),
                Word(
                    "LIBRARY",
                    f"{_LIBRARY}; without any, all that came from servers, as they would run here",
                    optional=True,
                    many=True,
                ),
            ),
            options=(Option("--offline", "do not ask servers for the trust documents before the present one"),),
            text="Its receiver believes nothing of it: codi sync import verifies all of it.",
            examples=("codi sync export libraries.codi", "codi sync export deploy.codi deploy"),
        ),
        Verb(
            "sync import",
            "take libraries in from a file that codi sync export wrote, each verified as if it came from its server",
            words=(Word("FILE"),),
            options=(_NO_COMPILE, _OUTCOMES),
            text="""
                No socket is opened, and nothing comes to be trusted by it: the server has to be in the settings, and its keys
                or its trust document be accepted here before. Where that is missing, the step to take is said.
            """,
            examples=("codi sync import libraries.codi",),
        ),
    ),
)
