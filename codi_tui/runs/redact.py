"""Redaction: what may be secret is taken out of a text before it is written down.

Three ways, each for what the others miss: by the value (secrets that this process was given), by the name (`token: …`),
by the shape (a URL's user and query, bearer tokens, keys that announce themselves). A guest that writes a secret in
another form than it was given is not seen through.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match, Pattern

    from codi_tui.model.manifest import SubcommandDefinition

HIDDEN = "[redacted]"
_SHORTEST = 4
"""Characters of a secret that is looked for inside other texts; a shorter one would blot out half of what is written."""
_SIGNS = ("://", "bearer", "auth", "eyj", "ghp_", "gho_", "ghs_", "github_pat", "glpat", "sk-", "xox", "akia", "-----begin",
          "password", "passwd", "token", "secret", "api_key", "apikey", "api-key")  # fmt: skip
"""A text without any of them has nothing that the patterns would find: no run pays for compiling them."""
_URL = r"\b([a-z][a-z0-9+.-]{0,20}://)([^\s/?#\"'<>]*@)?([^\s?#\"'<>]*)(\?[^\s#\"'<>]*)?(#[^\s\"'<>]*)?"
_SHAPES = (
    r"(\bbearer\s+)[\w.~+/=-]{6,}",
    r"(\bauthorization\b[\"']?\s*[:=]\s*)[^\n]*",
    r"(\b[\w-]{0,40}(?:password|passwd|token|secret|api[_-]?key)[\"']?\s*[:=]\s*)(?:\"[^\"\n]*\"|'[^'\n]*'|\S+)",
    r"()\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?",
    r"()\b(?:gh[opsu]_|github_pat_|glpat-|sk-|xox[abprs]-)[\w-]{8,}",
    r"()\bAKIA[0-9A-Z]{12,}",
    r"()-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*",
)
_NAMES = ("secret", "token", "password", "passwd", "passphrase", "authorization", "apikey", "credential", "cookie")


class Redactor:
    """Takes secrets out. One for each process; it learns the secrets of its runs."""

    def __init__(self) -> None:
        self._secrets: list[str] = []
        self._patterns: tuple[Pattern[str], Pattern[str]] | None = None

    def learn(self, value: object) -> None:
        """Take a secret out of every later text; of a list or an object, all texts in it."""
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                self.learn(item)
        elif isinstance(value, str) and len(value) >= _SHORTEST and value not in self._secrets:
            self._secrets.append(value)
            self._secrets.sort(key=len, reverse=True)

    @property
    def secrets(self) -> list[str]:
        """What was learned, the longest first."""
        return self._secrets

    def text(self, text: str) -> str:
        """A text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        lower = text.lower()
        return self._by_shape(text) if any(sign in lower for sign in _SIGNS) else text

    def value(self, value: object, name: str = "") -> object:
        """A JSON value without secrets, at any depth; `name` is the member's that holds it."""
        if isinstance(value, str):
            return HIDDEN if value and is_secret_name(name) else self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, name) for item in value]
        return value

    def arguments(self, definition: SubcommandDefinition, values: dict[str, object]) -> dict[str, object]:
        """A command's arguments without secrets, after learning those that its definition calls secret."""
        secret = {item.name for item in definition.parameters if item.document.get("secret")}
        for name in secret & values.keys():
            self.learn(values[name])
        return {name: HIDDEN if name in secret else self.value(value, name) for name, value in values.items()}

    def _by_shape(self, text: str) -> str:
        import re

        if self._patterns is None:
            self._patterns = (
                re.compile(_URL, re.IGNORECASE),
                re.compile("|".join(_SHAPES), re.IGNORECASE | re.DOTALL),
            )
        url, shapes = self._patterns
        return shapes.sub(_hidden, url.sub(_without_parts, text))


def is_secret_name(name: str) -> bool:
    """Whether a text under this name is secret wherever it occurs."""
    plain = name.lower().replace("_", "").replace("-", "")
    return plain.endswith(_NAMES)


def _without_parts(match: Match[str]) -> str:
    scheme, user, place, query, fragment = match.groups()
    return "".join(
        (
            *(scheme, f"{HIDDEN}@" if user else "", place),
            *(f"?{HIDDEN}" if query else "", f"#{HIDDEN}" if fragment else ""),
        )
    )


def _hidden(match: Match[str]) -> str:
    return f"{next((group for group in match.groups() if group), '')}{HIDDEN}"
