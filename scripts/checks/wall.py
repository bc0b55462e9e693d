"""Of the second wall (ADR 0014)."""

from __future__ import annotations

from checks.check import Check

_TESTS = "tests/integration/test_wall.py::"
_RUN = _TESTS + "test_a_guest_and_a_compiler_that_escape_codi_run_meet_the_wall"
_WORKER = _TESTS + "test_a_guest_that_escapes_in_a_worker_meets_the_wall_and_the_parent_tidies_up"
_SECCOMP = _TESTS + "test_seccomp_refuses_programs_processes_sockets_and_the_kernels_weak_spots"
_LANDLOCK = _TESTS + "test_landlock_refuses_files_tcp_signals_and_abstract_sockets"

CHECKS = (
    Check(
        "wall round the guest's thread",
        "execute/guest.py",
        "                self._wall()",
        "                pass",
        _RUN,
    ),
    Check(
        "wall round the worker",
        "execute/wasm.py",
        "            wall.put_up_round_process(readable, writable)",
        "            pass",
        _WORKER,
    ),
    Check(
        "wall round the worker's other thread",
        "execute/worker.py",
        "    give_up_files()",
        "    pass",
        _TESTS + "test_the_worker_s_other_thread_opens_nothing_and_can_end_the_compiler",
    ),
    Check(
        "wall round the compiler",
        "execute/compile.py",
        "    put_up_round_process(())",
        "    pass",
        _RUN,
    ),
    Check(
        "wall, programs and sockets, of every thread",
        "execute/wall.py",
        "    seccomp.refuse_to_process(libc, network=network)",
        "    pass",
        _RUN,
    ),
    Check(
        "wall, a new process is not a thread",
        "execute/seccomp.py",
        "[(_ANY_BIT, 1, 0, _CLONE_THREAD), _error(_EPERM)]",
        "[(_ANY_BIT, 1, 0, _CLONE_THREAD), _LET]",
        _SECCOMP,
    ),
    Check(
        "wall, typing into the terminal",
        "execute/seccomp.py",
        "typed += [(_EQUAL, 0, 1, request), _error(_EPERM)]",
        "typed += [(_EQUAL, 0, 1, request), _LET]",
        _SECCOMP,
    ),
    Check(
        "wall, calls of newer kernels",
        "execute/seccomp.py",
        "    newer.append(_error(_ENOSYS))",
        "    newer.append(_LET)",
        _SECCOMP,
    ),
    Check(
        "wall, signals without Landlock",
        "execute/seccomp.py",
        "[(_EQUAL, 1, 0, os.getpid()), _error(_EPERM)]",
        "[(_EQUAL, 1, 0, os.getpid()), _LET]",
        _SECCOMP,
    ),
    Check(
        "wall, TCP without seccomp",
        "execute/landlock.py",
        "_TCP if offered >= 4 else 0",
        "0",
        _LANDLOCK,
    ),
    Check(
        "wall, signals and abstract sockets",
        "execute/landlock.py",
        "scoped if offered >= 6 else 0",
        "0",
        _LANDLOCK,
    ),
    Check(
        "wall, conferred is not writable",
        "execute/landlock.py",
        "(readable, _READ)",
        "(readable, _READ | _WRITE)",
        _LANDLOCK,
    ),
    Check(
        "wall, no symbolic link where it may write",
        "execute/landlock.py",
        "1 << 8 | 1 << 13",
        "1 << 8 | 1 << 12 | 1 << 13",
        _LANDLOCK,
    ),
    Check(
        "wall, no socket on the guest's thread",
        "execute/seccomp.py",
        "_NOT_BY_A_GUEST + _SOCKETS)",
        "_NOT_BY_A_GUEST)",
        _TESTS + "test_where_the_network_is_granted_only_the_guest_s_thread_is_kept_from_it",
    ),
)
