"""The one TLS context of every client here: certifi's authorities and those of the settings.

The environment cannot add to them (attack H8).
"""

from __future__ import annotations

import functools
import ssl

from codi_tui.errors import ConfigError


@functools.cache
def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Verifies certificates and names against certifi's authorities, and those of a file.

    Raises:
        ConfigError: there are no certificates in the file.
    """
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = "it has no certificates in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            raise ConfigError(f"ca_file, {ca_file}, cannot be used: {reason}", hint="mend [network] ca_file") from None
    return context
