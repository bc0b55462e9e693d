"""A small HTTP proxy that tunnels (CONNECT, RFC 9110 9.3.6) and does nothing else."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy:
    """A running proxy.

    Attributes:
        url: for the settings.
        asked: the first lines and headers that came.
        refuses: what it answers instead of tunnelling, if anything.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses: bytes | None = None
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = b""
                while b"\r\n\r\n" not in head and (part := self.request.recv(4096)):
                    head += part
                proxy.asked.append(head.decode())
                if proxy.refuses is not None or not head.startswith(b"CONNECT "):
                    self.request.sendall(proxy.refuses or b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
                    return
                host, _, port = head.split()[1].decode().rpartition(":")
                with socket.create_connection((host, int(port))) as onward:
                    self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    back = threading.Thread(target=_pump, args=(onward, self.request), daemon=True)
                    back.start()
                    _pump(self.request, onward)
                    back.join(5)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := one.recv(65_536):
            other.sendall(part)
        other.shutdown(socket.SHUT_WR)


@contextmanager
def proxying() -> Iterator[Proxy]:
    """A proxy for the block."""
    proxy = Proxy()
    try:
        yield proxy
    finally:
        proxy.stop()
