"""Which exit status belongs to which code (design, section 5; sysexits). Everything else is a refusal: 77."""

from __future__ import annotations

OK = 0
NOT_FOUND = 66
CRASHED = 70
BROKE_PROTOCOL = 76
INTERRUPTED = 130
REFUSED = 77

GUEST_MAX = 63
"""A command's own statuses up to here are passed through; its others become `CRASHED`."""

_STATUS = {
    64: ("E_USAGE", "E_TERMINAL"),
    65: ("E_INPUT", "E_LOCK", "E_BUNDLE"),
    NOT_FOUND: ("E_NOT_FOUND",),
    69: ("E_NETWORK", "E_OFFLINE", "E_HTTP", "E_UNAVAILABLE"),
    CRASHED: ("E_HANDLER", "E_WASM_TRAP", "E_INTERNAL"),
    73: ("E_EXISTS", "E_CREATE"),
    74: (
        "E_CACHE",
        "E_CACHE_PERMS",
        "E_CACHE_DAMAGED",
        "E_ZSTD",
        "E_OUTPUT",
        "E_STATE",
        "E_STATE_PERMS",
        "E_STATE_DAMAGED",
        "E_RUNS",
        "E_RUNS_PERMS",
        "E_RUNS_DAMAGED",
    ),
    75: (
        "E_LIMIT",
        "E_WASM_TIME",
        "E_WASM_CPU",
        "E_WASM_MEMORY",
        "E_WASM_OUTPUT",
        "E_WASM_EVENTS",
        "E_WASM_STACK",
        "E_WASM_TABLES",
        "E_WASM_COMPILE",
    ),
    BROKE_PROTOCOL: ("E_PROTOCOL", "E_REDIRECT", "E_ENCODING"),
    78: ("E_CONFIG", "E_SECRET"),
}
_BY_CODE = {code: status for status, codes in _STATUS.items() for code in codes}


def status_of(code: str) -> int:
    """The exit status of an error code."""
    return _BY_CODE.get(code, REFUSED)


def status_of_guest(exit_status: int) -> int:
    """The exit status of a command that ended by itself."""
    return exit_status if 0 <= exit_status <= GUEST_MAX else CRASHED
