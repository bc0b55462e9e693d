"""One run of a core module: no WASI, and nothing of the host but `codi.*` (docs/modules.md)."""

from __future__ import annotations

import os

from codi_tui.execute.c_api import EngineError
from codi_tui.execute.program import GuestFault, Program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from codi_tui.execute.c_api import Instance
    from codi_tui.execute.engine import Module
    from codi_tui.execute.host import HostFunctions
    from codi_tui.execute.program import GuestMemory

_STDOUT, _STDERR = 1, 2


class CoreModule(Program):
    """One call of one of a core module's functions."""

    def __init__(
        self,
        module: Module,
        *,
        function: str,
        invocation: bytes,
        stdout: int,
        stderr: int,
        host: HostFunctions | None,
        memory_bytes: int,
        table_elements: int,
    ) -> None:
        """
        Args:
            function: the export to call.
            invocation: what it is given, as JSON.
            stdout, stderr: descriptors of pipes; they are this run's, which closes them.
            host: what it may import beside `codi.emit`, or None for nothing.
        """
        super().__init__(module, memory_bytes=memory_bytes, table_elements=table_elements)
        self._function, self._invocation, self._host = function.encode(), invocation, host
        self._streams = {_STDOUT: stdout, _STDERR: stderr}

    def close(self) -> None:
        """As `Program.close`."""
        super().close()
        for descriptor in self._streams.values():
            os.close(descriptor)

    def _link(self, linker: int) -> None:
        self._define(linker, b"codi", b"emit", 3, 0, self._emit)
        for name, parameters, results, call in self._host.functions() if self._host else ():
            self._define(linker, b"codi", name, parameters, results, call)

    def _emit(self, memory: GuestMemory, arguments: Sequence[int]) -> None:
        """Write a part of the guest's memory to a stream, waiting while nobody reads."""
        stream, pointer, size = arguments
        if stream not in self._streams:
            raise GuestFault(f"it emitted to {stream}, and there are 1 and 2")
        data = memoryview(memory.read(pointer, size))
        while data:
            data = data[os.write(self._streams[stream], data) :]

    def _enter(self, instance: Instance) -> int:
        size = len(self._invocation)
        pointer = self._call(instance, b"codi_alloc", size, results=1)
        try:
            self._write(pointer, self._invocation)
        except GuestFault:
            raise EngineError("codi_alloc gave an address outside its memory", trap=-1) from None
        return self._call(instance, self._function, pointer, size, results=1)
