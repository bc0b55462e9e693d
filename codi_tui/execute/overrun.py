"""What is said of a run that was stopped at a limit: which, and how to get more where that can be had."""

from __future__ import annotations

from codi_tui.errors import LimitError
from codi_tui.limits import ASKED_MEMORY_BYTES_MAX, ASKED_OUTPUT_BYTES_MAX, RUN_EVENTS_PER_SECOND

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
