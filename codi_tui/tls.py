"""The one TLS context of every client here: certifi's authorities, which the environment cannot add to (attack H8)."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def client_context() -> ssl.SSLContext:
    """Verifies certificates and names against certifi's authorities alone."""
    import certifi

    return ssl.create_default_context(cafile=certifi.where())
