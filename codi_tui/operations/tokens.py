"""Tokens of library servers: each belongs to one origin, and goes nowhere else.

A token comes from the environment (`CODI_TOKEN_LIBRARIES_EXAMPLE_COM`), which decides, or from where `codi auth login`
has put it: the system's keyring, or else `tokens.json` beside the settings, mode 0600. That file also says which origins
have a token in the keyring, so that nobody else's is asked for one.
"""

from __future__ import annotations

import os
import stat

from codi_tui.errors import ConfigError, InputError
from codi_tui.limits import TOKEN_MAX_CHARACTERS, TOKENS_MAX_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from codi_tui.runs.redact import Redactor

TOKENS_FILE = "tokens.json"
ENVIRONMENT, KEYRING, FILE = "environment", "keyring", "file"
_SERVICE = "codi"
_PREFIX = "CODI_TOKEN_"
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class Tokens:
    """This user's tokens. Whatever is read is taken out of all that is written down."""

    def __init__(self, folder: str, redactor: Redactor, environment: Mapping[str, str] = os.environ) -> None:
        """
        Args:
            folder: of the settings.
        """
        self._path = os.path.join(folder, TOKENS_FILE)
        self._redactor = redactor
        self._environment = environment
        self._tried: dict[str, str] = {}

    def of(self, origin: str) -> str | None:
        """The token of exactly this origin; none for one that is reached neither by TLS nor on loopback.

        Raises:
            ConfigError: `E_SECRET`, a token is stored and cannot be read, or others can read it.
        """
        if not may_have_token(origin):
            return None
        token = self._tried.get(origin) or self._environment.get(environment_name(origin))
        if not token:
            kept = self._kept().get(origin)
            token = self._from_keyring(origin) if kept == "" else kept
        if token is not None:
            self._redactor.learn(check_token(token))
        return token

    def try_out(self, origin: str, token: str | None) -> None:
        """Use a token for an origin from now on, and keep it nowhere; None ends that."""
        if token is None:
            self._tried.pop(origin, None)
        else:
            self._redactor.learn(token)
            self._tried[origin] = token

    def place(self, origin: str) -> str | None:
        """Where the token of an origin is: `environment`, `keyring` or `file`; None without one.

        Raises:
            ConfigError: `E_SECRET`, as for `of`.
        """
        if not may_have_token(origin):
            return None
        if self._environment.get(environment_name(origin)):
            return ENVIRONMENT
        kept = self._kept().get(origin)
        return None if kept is None else FILE if kept else KEYRING

    def origins(self) -> list[str]:
        """The origins that a token is stored for.

        Raises:
            ConfigError: `E_SECRET`.
        """
        return sorted(self._kept())

    def store(self, origin: str, token: str) -> str:
        """Keep a token instead of the one before; returns where.

        Raises:
            ConfigError: `E_SECRET`, it cannot be kept.
            InputError: the origin is reached in the clear.
        """
        from codi_tui.operations.system_keyring import keep_secret

        if not may_have_token(origin):
            raise InputError(f"a token is sent by https, or on this machine, and {origin} is neither")
        self._redactor.learn(token)
        in_keyring = keep_secret(_SERVICE, origin, token)
        self._write({**self._kept(), origin: "" if in_keyring else token})
        return KEYRING if in_keyring else FILE

    def forget(self, origin: str) -> bool:
        """Whether there was a stored token, which is gone now.

        Raises:
            ConfigError: `E_SECRET`, it cannot be taken away.
        """
        kept = self._kept()
        if origin not in kept:
            return False
        if kept.pop(origin) == "":
            from codi_tui.operations.system_keyring import drop_secret

            if not drop_secret(_SERVICE, origin):
                raise _error(f"the keyring keeps the token of {origin}", f"delete {_SERVICE}/{origin} there yourself")
        self._write(kept)
        return True

    @property
    def path(self) -> str:
        """The file."""
        return self._path

    def _from_keyring(self, origin: str) -> str:
        from codi_tui.operations.system_keyring import read_secret

        token = read_secret(_SERVICE, origin)
        if token is None:
            raise _error(f"the keyring does not give the token of {origin}", f"unlock it, or: codi auth login {origin}")
        return token

    def _kept(self) -> dict[str, str]:
        """Origin → token; the empty text for one in the keyring."""
        import json

        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _error(f"{self._path} cannot be read: {error.strerror}", "move it away, and log in again") from None
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
                raise _error(f"{self._path} is not yours alone", f"chmod 600 {self._path}, and have its tokens revoked")
            data = file.read(TOKENS_MAX_BYTES + 1)
        try:
            document = json.loads(data) if len(data) <= TOKENS_MAX_BYTES else None
        except ValueError:
            document = None
        if not isinstance(document, dict) or not all(isinstance(token, str) for token in document.values()):
            raise _error(f"{self._path} is damaged", "move it away, and log in again")
        return document

    def _write(self, kept: dict[str, str]) -> None:
        import json

        from codi_tui.cache.files import replace_file

        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            replace_file(self._path, f"{json.dumps(kept, indent=1, sort_keys=True)}\n".encode())
        except OSError as error:
            raise _error(f"{self._path} cannot be written: {error.strerror}", "make its folder writable") from None


def may_have_token(origin: str) -> bool:
    """Whether a token may be sent to an origin: by https, or on this machine."""
    return origin.startswith("https://") or (
        origin.startswith("http://")
        and any(origin in (host, f"{host}:{origin.rpartition(':')[2]}") for host in _LOOPBACK)
    )


def environment_name(origin: str) -> str:
    """The variable of an origin's token: host and port in capitals, `-` as `__`, all else that is no letter as `_`."""
    authority = origin.partition("://")[2].upper().replace("-", "__")
    return _PREFIX + "".join(char if char.isalnum() else "_" for char in authority)


def check_token(token: str) -> str:
    """A token as it can stand in a header.

    Raises:
        InputError: it cannot; nothing of it is in the message.
    """
    if not token or len(token) > TOKEN_MAX_CHARACTERS or not all("!" <= char <= "~" for char in token):
        raise InputError(f"a token has 1 to {TOKEN_MAX_CHARACTERS} visible ASCII characters, and this has not")
    return token


def _error(message: str, hint: str) -> ConfigError:
    return ConfigError(message, code="E_SECRET", hint=hint)
