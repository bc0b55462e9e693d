"""The system's keyring, where one works. The package `keyring` is optional, and slow to import."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_secret(service: str, name: str) -> str | None:
    """A secret, or None when there is none, or no keyring that opens."""
    keyring = _package()
    try:
        return None if keyring is None else keyring.get_password(service, name)
    except Exception:  # noqa: BLE001 - backends are plug-ins: locked, absent or broken, there is no secret in them
        return None


def keep_secret(service: str, name: str, secret: str) -> bool:
    """Whether the keyring took a secret and gives it back."""
    keyring = _package()
    if keyring is None:
        return False
    try:
        keyring.set_password(service, name, secret)
    except Exception:  # noqa: BLE001 - as above
        return False
    return read_secret(service, name) == secret


def drop_secret(service: str, name: str) -> bool:
    """Whether the keyring no longer has a secret."""
    keyring = _package()
    if keyring is None:
        return False
    try:
        keyring.delete_password(service, name)
    except Exception:  # noqa: BLE001 - as above
        return read_secret(service, name) is None
    return True


def _package() -> Any:
    try:
        import keyring
    except ImportError:
        return None
    return keyring
