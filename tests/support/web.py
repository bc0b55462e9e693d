"""A web server for a module's requests: it answers as a test says, and remembers what it was sent."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Sent:
    """One request, as it came."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes


Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """A running server."""

    scheme: str
    port: int
    respond: Respond
    requests: list[Sent] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def permission(self) -> str:
        return f"net:localhost:{self.port}"


def answer(status: int = 200, body: bytes = b"ok", **headers: str) -> Respond:
    """Always the same."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return respond


@contextlib.contextmanager
def web(respond: Respond, context: ssl.SSLContext | None = None) -> Iterator[Web]:
    """Serve on localhost, with TLS when there is a context."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            with contextlib.suppress(OSError):
                super().handle_one_request()

        def log_message(self, *_: object) -> None:
            pass

        def __getattr__(self, name: str) -> Callable[[], None]:
            if not name.startswith("do_"):
                raise AttributeError(name)
            return self._serve

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            running.requests.append(Sent(self.command, self.path, list(self.headers.items()), body))
            running.respond(self)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running = Web("http" if context is None else "https", server.server_address[1], respond)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
