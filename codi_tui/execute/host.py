"""What a guest may ask of codi beyond WASI: the functions of the import module `codi` (docs/modules.md).

A question returns the size of its answer, which codi holds until `take` copies it, so that the guest can make room.
"""

from __future__ import annotations

from codi_tui.execute.program import GuestFault
from codi_tui.limits import HTTP_REQUEST_MAX_BYTES, KIB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from codi_tui.execute.program import GuestMemory, HostCall

_ABSENT = -1
_NAME_MAX_BYTES = 1 * KIB


class HostFunctions:
    """The functions of one run."""

    def __init__(self, environment: dict[bytes, bytes], http: Callable[[bytes], bytes] | None) -> None:
        """
        Args:
            environment: the variables and secrets that were granted.
            http: performs one request, or None where none was granted.
        """
        self._environment = environment
        self._http = http
        self._answer: bytes | None = None

    def functions(self) -> Iterator[tuple[bytes, int, int, HostCall]]:
        """Each with its name, how many `i32` it takes, and whether it returns one."""
        yield b"env", 2, 1, self._ask_env
        yield b"take", 1, 0, self._take
        if self._http is not None:
            yield b"http", 2, 1, self._ask_http

    def _ask_env(self, memory: GuestMemory, arguments: Sequence[int]) -> int:
        """`env(name, size) -> size`, or -1 for what is not there or was not granted."""
        pointer, size = arguments
        self._answer = self._environment.get(memory.read(pointer, min(size, _NAME_MAX_BYTES)))
        return _ABSENT if self._answer is None else len(self._answer)

    def _ask_http(self, memory: GuestMemory, arguments: Sequence[int]) -> int:
        """`http(request, size) -> size`."""
        pointer, size = arguments
        if size > HTTP_REQUEST_MAX_BYTES:
            raise GuestFault(f"its HTTP request is larger than {HTTP_REQUEST_MAX_BYTES} bytes")
        assert self._http is not None
        self._answer = self._http(memory.read(pointer, size))
        return len(self._answer)

    def _take(self, memory: GuestMemory, arguments: Sequence[int]) -> None:
        """`take(into)`: all of the answer to the last question, once."""
        if self._answer is None:
            raise GuestFault("it took an answer that there is not")
        answer, self._answer = self._answer, None
        memory.write(arguments[0], answer)
