"""The one way to the network that a module has: `codi.http`.

A thread of its own performs the requests, started before the guest's: the guest's thread never needs a socket, and can
be kept from having one. The guest waits meanwhile, and ends with the process at any of its limits.

A request is one line of JSON, `{"method", "url", "headers"}`, then its body; so is an answer, `{"status", "url",
"headers"}` or `{"error": {"code", "message"}}`.
"""

from __future__ import annotations

import _thread
import json
import time

from codi_tui.errors import CodiError, FetchError, ProtocolError
from codi_tui.limits import HTTP_HEAD_MAX_BYTES, HTTP_HEADERS_MAX, HTTP_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from codi_tui.execute.http_exchange import Request


class HttpBroker:
    """Performs the requests of one run."""

    def __init__(self, permissions: Iterable[str], wall_seconds: float, *, offline: bool = False) -> None:
        """
        Args:
            permissions: what the run may do.
            wall_seconds: how long it may take; no request outlasts it.
            offline: whether no socket may be opened.
        """
        self._permissions = [item for item in permissions if item.startswith("net:")]
        self._end = time.monotonic() + wall_seconds
        self._offline = offline
        self._request = self._answer = b""
        self._asked, self._answered = _thread.allocate_lock(), _thread.allocate_lock()
        self._asked.acquire()
        self._answered.acquire()
        _thread.start_new_thread(self._serve, ())

    def ask(self, request: bytes) -> bytes:
        """Called on the guest's thread, which waits for the answer."""
        self._request = request
        self._asked.release()
        self._answered.acquire()
        return self._answer

    def _serve(self) -> None:
        while True:
            self._asked.acquire()
            self._answer = self.perform(self._request)
            self._answered.release()

    def perform(self, message: bytes) -> bytes:
        """One request, from its message to its answer's; nothing is raised."""
        try:
            if self._offline:
                raise FetchError("codi is offline", code="E_OFFLINE")
            request = _read(message)
            from codi_tui.execute.http_exchange import exchange

            answer = exchange(request, self._permissions, min(self._end, time.monotonic() + HTTP_SECONDS))
        except CodiError as error:
            return _line({"error": {"code": error.code, "message": error.message}})
        except Exception as error:  # noqa: BLE001 - the guest waits for an answer
            return _line({"error": {"code": "E_INTERNAL", "message": f"codi failed: {type(error).__name__}"}})
        head = {"status": answer.status, "url": str(answer.url), "headers": answer.headers}
        return _line(head) + answer.body


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(message: bytes) -> Request:
    """A request from its message.

    Raises:
        ProtocolError: `E_PROTOCOL`.
    """
    from codi_tui.errors import DocumentError
    from codi_tui.execute.http_exchange import Request
    from codi_tui.trust.canonical import loads_strict

    line, _, body = message.partition(b"\n")
    try:
        head = loads_strict(line) if len(line) <= HTTP_HEAD_MAX_BYTES else None
    except DocumentError:
        head = None
    if not isinstance(head, dict) or not head.keys() <= {"method", "url", "headers"} or "url" not in head:
        raise ProtocolError("a request begins with a line of JSON: method, url, headers")
    method, url, headers = head.get("method", "GET"), head["url"], head.get("headers", [])
    pairs = isinstance(headers, list) and all(isinstance(item, list) and len(item) == 2 for item in headers)
    if not pairs or len(headers) > HTTP_HEADERS_MAX:
        raise ProtocolError(f"headers are at most {HTTP_HEADERS_MAX} pairs of a name and a value")
    texts = [method, url, *(part for item in headers for part in item)]
    if not all(isinstance(item, str) for item in texts):
        raise ProtocolError("method, url, names and values are texts")
    return Request(method, url, [(name, value) for name, value in headers], body)
