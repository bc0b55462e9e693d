"""From a compiled module to what can be run of it, by format."""

from __future__ import annotations

import os

from codi_tui.execute.module import engine
from codi_tui.limits import RUN_TABLE_ELEMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.execute.host import HostFunctions
    from codi_tui.execute.invocation import Invocation
    from codi_tui.execute.program import Program
    from codi_tui.execute.staging import Staging
    from codi_tui.model.manifest import HandlerDefinition, WasmFormat


def make_program(
    wasm_format: WasmFormat,
    code: bytes,
    invocation: Invocation,
    handler: HandlerDefinition,
    *,
    arguments: dict[str, object],
    document: bytes,
    environment: dict[bytes, bytes],
    stdout: int,
    stderr: int,
    staging: Staging,
    host: HostFunctions | None,
    memory_bytes: int,
) -> Program:
    """One run of a module, with exactly the rights that its arguments name.

    Args:
        code: the compiled module.
        arguments: as the guest sees them.
        document: the invocation, as JSON.
        environment: the variables and secrets that were granted.
        stdout, stderr: pipes to write to; they stay the caller's.
        staging: the folders that are conferred.
        host: what there is beyond WASI, or None for nothing.

    Raises:
        EngineError: the run cannot be set up.
    """
    module = engine(wasm_format).deserialize(code)
    if wasm_format == "core":
        from codi_tui.execute.core_module import CoreModule

        return CoreModule(
            module,
            function=str(handler.function),
            invocation=document,
            stdout=os.dup(stdout),
            stderr=os.dup(stderr),
            host=host,
            memory_bytes=memory_bytes,
            table_elements=RUN_TABLE_ELEMENTS,
        )
    from codi_tui.execute.wasi import WasiCommand

    command: type[WasiCommand] = WasiCommand
    if wasm_format == "component":
        from codi_tui.execute.component import ComponentCommand

        command = ComponentCommand
    argv, stdin = _given(invocation, handler, arguments)
    return command(
        module,
        argv=argv,
        environment={**environment, b"CODI_INVOCATION": document},
        stdin=stdin,
        stdout_path=f"/dev/fd/{stdout}".encode(),
        stderr_path=f"/dev/fd/{stderr}".encode(),
        folders=staging.folders,
        writable=staging.writable,
        host=host,
        memory_bytes=memory_bytes,
        table_elements=RUN_TABLE_ELEMENTS,
    )


def _given(
    invocation: Invocation, handler: HandlerDefinition, arguments: dict[str, object]
) -> tuple[list[bytes], bytes | None]:
    """The program's argv, and its stdin when that is not the user's."""
    argv, stdin = [invocation.library.name, str(handler.function)], None
    if handler.argv is not None or handler.stdin is not None:
        from codi_tui.model.template import expand_argv, fill_stdin

        parameters = invocation.definition.parameters
        if handler.argv is not None:
            argv = expand_argv(handler.argv, parameters, arguments)
        if handler.stdin is not None:
            stdin = fill_stdin(handler.stdin, parameters, arguments)
    return [word.encode(errors="surrogateescape") for word in argv], stdin
