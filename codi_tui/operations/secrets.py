"""The secrets that commands may be granted: a file each, in a folder that only the user can enter (ADR 0016)."""

from __future__ import annotations

import os
import re
import stat

from codi_tui.cache.files import check_ours, prepare_folder, replace_file
from codi_tui.errors import CacheError, CodiError, ConfigError, NotFoundError, UsageError
from codi_tui.limits import SECRET_MAX_BYTES
from codi_tui.runtime import RuntimeMode

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)


def secrets_folder() -> str:
    """Beside the settings."""
    return os.path.join(os.path.dirname(RuntimeMode.detect().settings_path()), "secrets")


def check_name(name: str) -> None:
    """Whether a permission could name it.

    Raises:
        UsageError: none could.
    """
    if not _NAME.fullmatch(name):
        raise UsageError([f"{name[:80]!r} is no secret's name: letters, digits and underscores, such as API_TOKEN"])


def list_secrets() -> list[tuple[str, bool]]:
    """Each stored secret's name, and whether it would be used: a file that is the user's alone.

    Raises:
        ConfigError: `E_SECRET`, the folder cannot be read.
    """
    folder = secrets_folder()
    try:
        names = sorted(name for name in os.listdir(folder) if _NAME.fullmatch(name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"cannot read {folder}: {error.strerror}", code="E_SECRET") from None
    return [(name, _is_private(os.path.join(folder, name))) for name in names]


def _is_private(path: str) -> bool:
    try:
        status = check_ours(path, stat.S_ISREG)
    except (OSError, CacheError):
        return False
    return os.name != "posix" or not status.st_mode & 0o077


def store_secret(name: str, value: bytes) -> None:
    """Store a secret (0600), in the place of one of that name; a line end behind it is not kept.

    Raises:
        UsageError: it could not be used: too large, empty, with a NUL, or no text in UTF-8.
        CodiError: `E_CREATE`, it cannot be written. Nothing of the value is in a message.
    """
    check_name(name)
    value = value.removesuffix(b"\n").removesuffix(b"\r")
    if not value or len(value) > SECRET_MAX_BYTES or b"\0" in value:
        raise UsageError([f"a secret has 1 to {SECRET_MAX_BYTES} bytes, and no NUL"])
    try:
        value.decode()
    except UnicodeDecodeError:
        raise UsageError(["a secret is text in UTF-8"]) from None
    folder = secrets_folder()
    try:
        prepare_folder(folder)
        replace_file(os.path.join(folder, name), value)
    except (OSError, CacheError) as error:
        raise CodiError(f"cannot write to {folder}: {error}", code="E_CREATE") from None


def remove_secret(name: str) -> None:
    """Delete a secret.

    Raises:
        NotFoundError: it is not stored.
        CodiError: `E_CREATE`, it cannot be deleted.
    """
    check_name(name)
    try:
        os.unlink(os.path.join(secrets_folder(), name))
    except FileNotFoundError:
        raise NotFoundError(f"the secret {name} is not stored", hint="codi config secret list") from None
    except OSError as error:
        raise CodiError(f"cannot delete the secret {name}: {error.strerror}", code="E_CREATE") from None
