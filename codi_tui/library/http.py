"""The HTTP transport, over httpx (trust facts F3 to F5): identity encoding, raw reads, a cap and one deadline."""

from __future__ import annotations

import asyncio
import ssl

import httpx

from codi_tui.errors import DocumentError, FetchError, ProtocolError
from codi_tui.limits import EXCHANGE_SECONDS
from codi_tui.tls import client_context


class HttpResponse:
    """A whole answer, bounded."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class HttpTransport:
    """GET on an event loop. Environment variables for proxies and certificates are not read."""

    def __init__(self, *, deadline_seconds: float = EXCHANGE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds

    async def get(self, url: str, *, limit_bytes: int) -> HttpResponse:
        """Fetch a URL whole.

        Raises:
            FetchError: `E_NETWORK`, unreachable, cut off, or slower than the deadline.
            DocumentError: `E_TOO_LARGE`, it is larger than what was asked for can be.
            ProtocolError: `E_ENCODING`, the body is content-encoded, which was not asked for.
        """
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._exchange(url, limit_bytes)
        except TimeoutError:
            raise FetchError(
                f"no whole answer from {_host(url)} within {self._deadline_seconds:g} s", hint="try again later"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ExceptionGroup) as error:
            raise FetchError(
                f"cannot reach {_host(url)}: {str(error) or type(error).__name__}",
                hint="check the address and your connection; cached commands still run",
            ) from None

    async def _exchange(self, url: str, limit_bytes: int) -> HttpResponse:
        headers = {"accept-encoding": "identity", "accept": "application/json, application/wasm", "user-agent": "codi"}
        async with (
            # The one deadline stands round the whole exchange; httpx's own timeouts are per read.
            httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=None, verify=_tls(url)) as client,  # noqa: S113
            client.stream("GET", url, headers=headers) as response,
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
        import threading

        answers: list[HttpResponse | BaseException] = []
        answered = threading.Event()

        async def exchange() -> None:
            try:
                answers.append(await self._transport.get(url, limit_bytes=limit_bytes))
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


def _tls(url: str) -> ssl.SSLContext | bool:
    """Certifi's authorities: the system's could be changed by the environment. None are loaded for plain loopback."""
    return client_context() if url.startswith("https:") else False


def _host(url: str) -> str:
    return url.split("/")[2]
