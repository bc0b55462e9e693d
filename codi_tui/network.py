"""How codi reaches servers: authorities, proxy and tokens, from the settings and the user alone, never the environment's."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


_HTTP = {"wss": "https", "ws": "http"}


class Network:
    """What every connection to a server goes by.

    Attributes:
        proxy: `http://host:port`, which TLS is tunnelled through; None connects directly. What is not TLS is on this
            machine, and never goes there.
        ca_file: certificates (PEM) that are trusted beside certifi's.
    """

    __slots__ = ("_token_of", "ca_file", "proxy")

    def __init__(
        self,
        proxy: str | None = None,
        ca_file: str | None = None,
        token_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """
        Args:
            token_of: the token of an origin, or None.
        """
        self.proxy = proxy
        self.ca_file = ca_file
        self._token_of = token_of

    def proxy_for(self, url: str) -> str | None:
        """The proxy for a URL."""
        return self.proxy if url.startswith(("https:", "wss:")) else None

    def tls(self, url: str) -> ssl.SSLContext | None:
        """What verifies a URL's server; None for plain loopback.

        Raises:
            ConfigError: `ca_file` cannot be read.
        """
        if not url.startswith(("https:", "wss:")):
            return None
        from codi_tui.tls import client_context

        return client_context(self.ca_file)

    def headers(self, url: str) -> dict[str, str]:
        """`Authorization`, when there is a token of exactly this URL's origin."""
        token = self._token_of(origin_of(url))
        return {} if token is None else {"Authorization": f"Bearer {token}"}


def origin_of(url: str) -> str:
    """The origin of a URL that codi built: scheme, host and port, with `ws` as the `http` that it begins as."""
    scheme, _, rest = url.partition("://")
    return f"{_HTTP.get(scheme, scheme)}://{rest.partition('/')[0]}"


DIRECT = Network()
"""No proxy, no authorities but certifi's, no token."""
