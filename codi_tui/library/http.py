"""The HTTP transport, over httpx (trust facts F3 to F5): identity encoding, raw reads, a cap and one deadline."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import httpx

from codi_tui.errors import DocumentError, FetchError, ProtocolError
from codi_tui.limits import ANSWER_MAX_BYTES, EXCHANGE_SECONDS
from codi_tui.network import DIRECT, Network


class HttpResponse:
    """A whole answer, bounded."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class HttpTransport:
    """GET and PUT on an event loop. Environment variables for proxies and certificates are not read."""

    def __init__(self, network: Network = DIRECT, *, deadline_seconds: float = EXCHANGE_SECONDS) -> None:
        self._network = network
        self._deadline_seconds = deadline_seconds

    async def get(self, url: str, *, limit_bytes: int) -> HttpResponse:
        """Fetch a URL whole.

        Raises:
            FetchError: `E_NETWORK`, unreachable, cut off, or slower than the deadline; `E_TLS`, its certificate does
                not hold.
            DocumentError: `E_TOO_LARGE`, it is larger than what was asked for can be.
            ProtocolError: `E_ENCODING`, the body is content-encoded, which was not asked for.
            ConfigError: what the settings say of the network, or a stored token, cannot be used.
        """
        return await self._within_deadline("GET", url, limit_bytes)

    async def put(self, url: str, body: bytes) -> HttpResponse:
        """Send a JSON document. Raises as `get` does."""
        return await self._within_deadline("PUT", url, ANSWER_MAX_BYTES, body)

    async def _within_deadline(
        self, method: str, url: str, limit_bytes: int, body: bytes | None = None
    ) -> HttpResponse:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._exchange(method, url, limit_bytes, body)
        except TimeoutError:
            raise FetchError(
                f"no whole answer from {_host(url)} within {self._deadline_seconds:g} s", hint="try again later"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ExceptionGroup) as error:
            raise _unreachable(error, _host(url)) from None

    async def _exchange(self, method: str, url: str, limit_bytes: int, body: bytes | None) -> HttpResponse:
        network = self._network
        headers = {
            "accept-encoding": "identity",
            "accept": "application/json, application/wasm",
            "user-agent": "codi",
            **({} if body is None else {"content-type": "application/json"}),
            **await asyncio.to_thread(network.headers, url),  # a keyring may ask its owner first
        }
        tls, proxy = network.tls(url) or False, network.proxy_for(url)
        async with (
            # The one deadline stands round the whole exchange; httpx's own timeouts are per read.
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=None, verify=tls, proxy=proxy) as client,  # noqa: S113
            client.stream(method, url, headers=headers, content=body) as response,
        ):
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ProtocolError(f"{_host(url)} sent an encoded body", code="E_ENCODING")
            parts, total = [], 0
            async for part in response.aiter_raw():
                total += len(part)
                if total > limit_bytes:
                    raise DocumentError(f"{_host(url)} sent more than {limit_bytes} bytes", code="E_TOO_LARGE")
                parts.append(part)
            return HttpResponse(response.status_code, dict(response.headers), b"".join(parts))


class BlockingTransport:
    """The same exchange for a process without an event loop: its coroutine never suspends."""

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport

    async def get(self, url: str, *, limit_bytes: int) -> HttpResponse:
        return self._on_a_thread(url, lambda: self._transport.get(url, limit_bytes=limit_bytes))

    async def put(self, url: str, body: bytes) -> HttpResponse:
        return self._on_a_thread(url, lambda: self._transport.put(url, body))

    def _on_a_thread(self, url: str, begin: Callable[[], Awaitable[HttpResponse]]) -> HttpResponse:
        import threading

        answers: list[HttpResponse | BaseException] = []
        answered = threading.Event()

        async def exchange() -> None:
            try:
                answers.append(await begin())
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
                answers.append(error)
            answered.set()  # before the loop closes: it would wait for a resolver that hangs

        def run() -> None:
            try:
                asyncio.run(exchange())
            except OSError as error:  # no loop could be made
                answers.append(FetchError(f"cannot reach {_host(url)}: {error.strerror}"))
            finally:
                answered.set()

        threading.Thread(target=run, daemon=True).start()
        answered.wait()
        if isinstance(answers[0], BaseException):
            raise answers[0]
        return answers[0]


def _unreachable(error: Exception, host: str) -> FetchError:
    """What kept an exchange from taking place."""
    broken = _certificate_error(error)
    if broken is not None:
        return FetchError(
            f"the certificate of {host} does not hold: {broken.verify_message}",
            code="E_TLS",
            hint="whoever runs the server can mend that, or [network] ca_file is missing, or this machine's clock is "
            "wrong, or a network's login page stands between; do not go round it",
        )
    if isinstance(error, httpx.ProxyError):
        return FetchError(f"the proxy does not lead to {host}: {error}", hint="mend [network] proxy in the settings")
    if isinstance(error, httpx.RemoteProtocolError):
        return FetchError(f"{host} broke off: {error}", hint="try again; cached commands still run")
    return FetchError(
        f"cannot reach {host}: {str(error) or type(error).__name__}",
        hint="check the address and your connection; cached commands still run",
    )


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _host(url: str) -> str:
    return url.split("/")[2]
