"""The worker: one run in a process of its own, for front doors that live on.

`main` is the worker's: it reads its orders from one descriptor and writes what happens to another, both named in argv. It believes neither cache nor parent about the library: the signed message comes along and is verified again
here. It ends when its control pipe does, so that no run outlives its parent.
"""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import time

from codi_tui.errors import CodiError, TrustError
from codi_tui.execute import frames
from codi_tui.execute.invocation import Invocation
from codi_tui.execute.wall import give_up_files
from codi_tui.execute.wasm import WasmSandbox
from codi_tui.model.events import RunEvent
from codi_tui.trust import CommandLibrary, Keyring, Permissions, SecurityValidator, TrustedKey, VerifiedModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_STREAM_FRAMES = {"stdout": frames.STDOUT, "stderr": frames.STDERR}


def main() -> NoReturn:
    """Run what the control pipe orders, once."""
    control, events = int(sys.argv[1]), int(sys.argv[2])
    request = json.loads(_read_frame(control))
    message, module = _read_frame(control), _read_frame(control)
    _thread.start_new_thread(_end_with, (control,))
    try:
        _run(request, message, module, events).send(None)
    except StopIteration:
        pass
    except BrokenPipeError:
        pass
    os._exit(0)


async def _run(request: dict[str, Any], message: bytes, module: bytes, events: int) -> None:
    try:
        library, validator = await _verify(request, message)
        definition = library.manifest.find(request["command"])
        if definition is None:
            raise TrustError("the library does not have the command", code="E_DIGEST", library=library.name)

        async def load_module(library: CommandLibrary) -> VerifiedModule:
            return validator.verify_module(library, module)

        handler = definition.handler
        for _ in range(request["fallbacks"]):
            handler = handler.fallback or handler
        permissions = Permissions(library, definition.path, request["granted"])
        invocation = Invocation(
            library,
            definition,
            request["arguments"],
            permissions,
            request["wall_seconds"],
            output_bytes=request["output_bytes"],
        )
        sandbox = WasmSandbox(
            request["modules_folder"],
            load_module,
            request["runs_folder"],
            own_process=True,
            own_folders=request["own_folders"],
            environment=lambda _: request["environment"],
            offline=request["offline"],
        )
        async for event in sandbox.run(invocation, handler):
            _send(events, event)
            if event.type in ("completed", "failed"):
                os._exit(0)  # not the sandbox's own way out, which removes files: that is the parent's, behind the wall
    except CodiError as error:
        _send(events, RunEvent.failed(error))


async def _verify(request: dict[str, Any], message: bytes) -> tuple[CommandLibrary, SecurityValidator]:
    origin, name = request["origin"], request["library"]
    keys = [TrustedKey(key, [name], accept_v0=request["v0"]) for key in request["public_keys"]]
    keyring = Keyring({origin: keys}, threshold=request["threshold"])
    validator = SecurityValidator(keyring, lambda: max(time.time(), request["verified_at"]))
    library = await validator.verify_stored(message, request["signature"], keys[0].key_id, origin=origin, name=name)
    if library.digest != request["digest"]:
        raise TrustError("the worker was given another library than it was told", code="E_DIGEST", library=name)
    return library, validator


def _send(descriptor: int, event: RunEvent) -> None:
    if event.type == "output":
        frame = frames.encode(_STREAM_FRAMES[event.fields["stream"]], event.data)
    else:
        frame = frames.encode(frames.EVENT, json.dumps([event.type, event.fields]).encode())
    frames.write(descriptor, frame)


def _read_frame(descriptor: int) -> bytes:
    _, size = frames.decode_header(_read_exactly(descriptor, frames.HEADER_BYTES))
    return _read_exactly(descriptor, size)


def _read_exactly(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(descriptor, min(size, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _end_with(control: int) -> None:
    """End the process, and a compiler of its own, when the parent closes the control pipe, or dies."""
    give_up_files()
    while os.read(control, 1):
        pass
    try:
        os.killpg(0, signal.SIGKILL)
    except PermissionError:
        os._exit(1)  # behind the wall there is no other process of ours any more
