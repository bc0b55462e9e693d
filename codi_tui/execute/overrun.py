"""What is said of a run that was stopped at a limit: which, and how to get more where that can be had."""

from __future__ import annotations

from codi_tui.errors import LimitError
from codi_tui.limits import ASKED_MEMORY_BYTES_MAX, ASKED_OUTPUT_BYTES_MAX, RUN_EVENTS_PER_SECOND, RUN_STAGED_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.execute.invocation import Limits

_LONGER = "a longer limit: codi run --timeout SECONDS …"
_AUTHOR = "the library's author can ask for more, with {} in the handler's limits"


def too_long(limits: Limits) -> LimitError:
    return LimitError(f"stopped: it ran longer than {limits.wall_seconds:g} s", code="E_WASM_TIME", hint=_LONGER)


def too_much_cpu(limits: Limits) -> LimitError:
    return LimitError(
        f"stopped: it used more than {limits.cpu_seconds:g} s of processor time", code="E_WASM_CPU", hint=_LONGER
    )


def too_much_memory(limits: Limits) -> LimitError:
    return LimitError(
        f"stopped: it took more than {limits.memory_bytes >> 20} MiB of memory",
        code="E_WASM_MEMORY",
        hint=_AUTHOR.format("memory_bytes") if limits.memory_bytes < ASKED_MEMORY_BYTES_MAX else None,
    )


def too_much_written(limits: Limits, written_bytes: float) -> LimitError | None:
    """Of the files that it made, what `written_bytes` says of them."""
    if written_bytes == float("inf"):
        return LimitError(
            f"stopped: it made a folder or more than {RUN_STAGED_FILES} files where one was to be written, or had too many open",
            code="E_WASM_OUTPUT",
            hint="this is for the library's author to mend: nothing is kept but the file that was asked for",
        )
    return too_much_output(limits) if written_bytes > limits.output_bytes else None


def too_much_output(limits: Limits) -> LimitError:
    return LimitError(
        f"stopped: it wrote more than {limits.output_bytes} bytes of output",
        code="E_WASM_OUTPUT",
        hint=_AUTHOR.format("output_bytes") if limits.output_bytes < ASKED_OUTPUT_BYTES_MAX else None,
    )


def too_many_events() -> LimitError:
    return LimitError(
        f"stopped: it reported more than {RUN_EVENTS_PER_SECOND} events a second",
        code="E_WASM_EVENTS",
        hint="this is for the library's author to mend: fewer progress and log events, output in larger pieces",
    )


def stack_used_up() -> LimitError:
    return LimitError("stopped: it used up its stack", code="E_WASM_STACK")


def too_many_tables() -> LimitError:
    return LimitError("stopped: it asks for more tables than a command may have", code="E_WASM_TABLES")
