"""One run of a module as a WASI preview 1 command."""

from __future__ import annotations

from ctypes import byref, c_char_p

from codi_tui.execute.c_api import Bytes, EngineError
from codi_tui.execute.program import GuestFault, Program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from codi_tui.execute.c_api import Instance
    from codi_tui.execute.engine import Module
    from codi_tui.execute.host import HostFunctions
    from codi_tui.execute.program import GuestMemory

_WASI = b"wasi_snapshot_preview1"
_NOT_PERMITTED = 63


class WasiCommand(Program):
    """One run of a module as a WASI preview 1 command, with exactly the rights that its arguments name."""

    def __init__(
        self,
        module: Module,
        *,
        argv: list[bytes],
        environment: dict[bytes, bytes],
        stdin: bytes | None,
        stdout_path: bytes,
        stderr_path: bytes,
        folders: dict[bytes, bytes],
        writable: dict[bytes, bytes],
        host: HostFunctions | None,
        memory_bytes: int,
        table_elements: int,
    ) -> None:
        """
        Args:
            stdin: what the guest reads, or None for the process's own stdin.
            stdout_path, stderr_path: opened for writing here; pipes as `/dev/fd/N`.
            folders: guest path → host folder, read-only.
            writable: guest path → host folder, to read and write.
            host: what there is beyond WASI, or None for nothing.

        Raises:
            EngineError: a path cannot be opened.
        """
        super().__init__(module, memory_bytes=memory_bytes, table_elements=table_elements)
        self._host, self._can_write = host, bool(writable)
        api = self._api
        wasi = api.wasi_config_new()
        opened = api.wasi_config_set_argv(wasi, len(argv), _strings(argv)) and api.wasi_config_set_env(
            wasi, len(environment), _strings(list(environment)), _strings(list(environment.values()))
        )
        if stdin is None:
            api.wasi_config_inherit_stdin(wasi)
        else:
            data = Bytes()
            api.wasm_byte_vec_new(byref(data), len(stdin), stdin)
            api.wasi_config_set_stdin_bytes(wasi, byref(data))
        opened = opened and api.wasi_config_set_stdout_file(wasi, stdout_path)
        opened = opened and api.wasi_config_set_stderr_file(wasi, stderr_path)
        for mutable, preopens in ((False, folders), (True, writable)):
            for guest, host_folder in preopens.items():
                opened = opened and api.wasi_config_preopen_dir(wasi, host_folder, guest, mutable)
        if not opened:
            raise EngineError("the run's files cannot be opened")
        self._engine.check(api.wasmtime_context_set_wasi(self._context, wasi))

    def _link(self, linker: int) -> None:
        self._engine.check(self._api.wasmtime_linker_define_wasi(linker))
        self._api.wasmtime_linker_allow_shadowing(linker, True)
        self._define(linker, _WASI, b"proc_exit", 1, 0, self._leave)
        if self._can_write:  # a link would be followed later, by codi or any program, as if its user had made it
            self._define(linker, _WASI, b"path_symlink", 5, 1, lambda *_: _NOT_PERMITTED)
        if self._host is not None:
            for name, parameters, results, call in self._host.functions():
                self._define(linker, b"codi", name, parameters, results, call)

    def _leave(self, _: GuestMemory, arguments: Sequence[int]) -> None:
        """A `proc_exit` that keeps its status; the engine's own refuses those from 126."""
        self._exit_status = arguments[0]
        raise GuestFault("exit")

    def _enter(self, instance: Instance) -> int:
        self._call(instance, b"_start")
        return 0


def _strings(values: list[bytes]) -> Any:
    return (c_char_p * len(values))(*values)
