"""The errors that a user can meet, each with a stable code.

```
CodiError
├── UsageError            E_USAGE         wrong or missing arguments, every problem at once
├── NotFoundError         E_NOT_FOUND     no such library or command
├── InputError            E_INPUT         a file that the user named cannot be read
├── ConfigError           E_CONFIG        the settings file
├── CacheError            E_CACHE…        the cache cannot be used safely
├── StateError            E_STATE…        what codi must not forget (marks, trust, grants) cannot be read: fails closed
├── HistoryError          E_RUNS…         the history of runs cannot be used: never a run's own failure
├── FetchError            E_NETWORK…      a library server: unreachable, or answering wrongly
├── RefusedError          E_…             anything wrong with a library: fails closed
│   ├── DocumentError     E_JSON…         the document is not what the profile or the schema allows
│   ├── TrustError        E_SIGNATURE…    signature, key, scope, name, time, digest; trust documents
│   ├── ModuleError       E_WASM_…        the module's bytes, format or imports
│   └── GrantError        E_PERMISSION    declared and granted do not cover what is asked
├── LimitError            E_WASM_TIME…    a run was stopped at a limit
├── HandlerError          E_HANDLER       the handler crashed
├── UnavailableError      E_UNAVAILABLE   the handler cannot be reached now: a fallback may serve
└── ProtocolError         E_PROTOCOL      a peer broke the protocol
```

Which exit status belongs to which error is the command line's affair (`codi_tui.cli.exits`).
"""

from __future__ import annotations


class CodiError(Exception):
    """The root: one plain sentence, a stable code, and what to do next."""

    default_code: str = "E_CODI"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str | None = None, library: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.library = library


class UsageError(CodiError):
    """The command line or the arguments are wrong; `problems` lists all of it, `usage` is the line to show."""

    default_code = "E_USAGE"

    def __init__(self, problems: list[str], *, usage: str | None = None, hint: str | None = None) -> None:
        super().__init__("; ".join(problems), hint=hint)
        self.problems = problems
        self.usage = usage


class NotFoundError(CodiError):
    """There is no such library or command."""

    default_code = "E_NOT_FOUND"


class InputError(CodiError):
    """A file that the user named is missing, unreadable or malformed."""

    default_code = "E_INPUT"


class ConfigError(CodiError):
    """The settings file is malformed or contradicts itself."""

    default_code = "E_CONFIG"


class CacheError(CodiError):
    """The cache or its folder cannot be used, or not safely."""

    default_code = "E_CACHE"


class StateError(CodiError):
    """The state database cannot be used. It is never rebuilt silently: that would forget marks and grants."""

    default_code = "E_STATE"


class HistoryError(CodiError):
    """The history of runs cannot be read or written. A run goes on without it."""

    default_code = "E_RUNS"


class FetchError(CodiError):
    """A library server cannot be reached, is not to be asked (offline), or answers wrongly."""

    default_code = "E_NETWORK"


class RefusedError(CodiError):
    """Something is wrong with a library: it is not run, not stored, not shown as trusted."""

    default_code = "E_REFUSED"


class DocumentError(RefusedError):
    """The document breaks the strict JSON profile, a size limit, or the manifest's schema."""

    default_code = "E_JSON"


class TrustError(RefusedError):
    """Signature, key, scope, name, time or digest do not hold.

    `facts` are what an audit needs beside the sentence, such as the two digests of an equivocation.
    """

    default_code = "E_SIGNATURE"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        library: str | None = None,
        facts: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, library=library)
        self.facts = facts or {}


class ModuleError(RefusedError):
    """The module is not what the manifest promised, or not one that codi runs."""

    default_code = "E_WASM_MODULE"


class GrantError(RefusedError):
    """The command needs a permission that is not declared, or not granted; or its library has changed (`E_CHANGED`).

    `lines` says, raw, what a person would have been asked.
    """

    default_code = "E_PERMISSION"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        library: str | None = None,
        lines: list[str] | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, library=library)
        self.lines = lines or []


class LimitError(CodiError):
    """A run was stopped at one of its limits."""

    default_code = "E_LIMIT"


class HandlerError(CodiError):
    """The handler crashed."""

    default_code = "E_HANDLER"


class UnavailableError(CodiError):
    """The handler is not available now; only this error lets a fallback run."""

    default_code = "E_UNAVAILABLE"


class ProtocolError(CodiError):
    """A peer broke the protocol."""

    default_code = "E_PROTOCOL"
