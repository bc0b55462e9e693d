"""The second wall: what the kernel refuses whoever runs a guest, should the guest ever get out of its sandbox (ADR 0014).

It stands once all that codi needs is open, and before the guest's first instruction. Each part stands where the kernel
offers it; where it does not, the run goes on behind the first wall. Nothing here raises.
"""

from __future__ import annotations

import ctypes
import os
import sys

from codi_tui.limits import RUN_OPEN_FILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PR_SET_NO_NEW_PRIVS = 38
_UNLIMITED = 1 << 20
_ROOM = 64
"""Descriptors that are kept from the guest where no more than `RUN_OPEN_FILES` can be had."""


def put_up_round_thread(readable: Iterable[bytes], writable: Iterable[bytes] = (), *, network: bool = False) -> None:
    """Wall off the calling thread, which is to be the guest's, and the threads that it starts.

    The process's other threads keep their files, for they have to clean up and to write down what happened. They too
    start no program and open no socket any more.

    Args:
        readable, writable: the folders that were conferred, to read and to write.
        network: whether another thread uses sockets in the guest's name; the guest's own thread never does.
    """
    libc = _libc()
    if libc is None:
        return
    from codi_tui.execute import landlock, seccomp

    _limit(keep_room=True)
    seccomp.refuse_to_process(libc, network=network)
    landlock.restrict(libc, readable, writable)
    seccomp.refuse_to_guest(libc, every_thread=False)


def put_up_round_process(readable: Iterable[bytes], writable: Iterable[bytes] = ()) -> None:
    """Wall off a process that is there for the guest alone; from here on it opens, writes and starts nothing.

    Called by its main thread. A thread that runs already has to call `give_up_files` itself.

    Args:
        readable, writable: the folders that were conferred, to read and to write.
    """
    libc = _libc()
    if libc is None:
        return
    from codi_tui.execute import landlock, seccomp

    _limit()
    landlock.restrict(libc, readable, writable)
    seccomp.refuse_to_process(libc)
    seccomp.refuse_to_guest(libc, every_thread=True)


def give_up_files() -> None:
    """Of the calling thread alone: it can open nothing any more, and can still signal its process's children."""
    libc = _libc()
    if libc is not None:
        from codi_tui.execute import landlock

        landlock.restrict(libc, (), signals=False)


class Part:
    """One part of the wall.

    Attributes:
        name: what it keeps the guest from.
        there: whether this machine offers it.
        reason: why not, in a sentence; empty when it is there.
        hint: what to do about that, if anything.
    """

    __slots__ = ("hint", "name", "reason", "there")

    def __init__(self, name: str, reason: str = "", hint: str = "") -> None:
        self.name, self.reason, self.hint = name, reason, hint
        self.there = not reason


def report() -> list[Part]:
    """Every part, and whether this machine offers it. Changes nothing."""
    names = ("programs and sockets (seccomp)", "files (Landlock)", "TCP (Landlock)", "signals (Landlock)")
    if sys.platform != "linux":
        return [Part(name, "only Linux has it", "the sandbox itself holds here too") for name in names]
    from codi_tui.execute import landlock, seccomp

    libc = ctypes.CDLL(None, use_errno=True)
    calls, files, tcp, signals = names
    reason = seccomp.absent(libc)
    parts = [Part(calls) if reason is None else Part(calls, reason, "a container's profile may have to allow it")]
    offered = landlock.version(libc)
    if not offered:
        reason, hint = _why_no_landlock(ctypes.get_errno())
        return parts + [Part(name, reason, hint) for name in (files, tcp, signals)]
    parts.append(Part(files))
    for name, needed, since in ((tcp, 4, "6.7"), (signals, 6, "6.12")):
        newer = (f"the kernel's Landlock is version {offered}, and it came with {needed}", f"Linux {since} has it")
        parts.append(Part(name) if offered >= needed else Part(name, *newer))
    return parts


def _why_no_landlock(error: int) -> tuple[str, str]:
    import errno

    if error == errno.EOPNOTSUPP:
        return "Landlock is switched off", "add landlock to the kernel's lsm= parameter"
    if error == errno.ENOSYS:
        return "the kernel has no Landlock", "Linux 5.13 has it, where it is built in"
    return f"the kernel refuses Landlock: {os.strerror(error)}", "a container's profile may have to allow it"


def _libc() -> ctypes.CDLL | None:
    """The C library, with `no_new_privs` set for the calling thread; None where there is no wall."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return libc


def make_room() -> None:
    """Let the process open more files than a guest may, which may hold all of those: what is left to do needs some."""
    if sys.platform != "linux":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _limit(*, keep_room: bool = False) -> None:
    """No memory of a guest in a core dump, and a bound on open files, which `make_room` can lift where there is room."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = _UNLIMITED if hard == resource.RLIM_INFINITY else hard
    if keep_room:
        bound = min(RUN_OPEN_FILES, max(highest - _ROOM, highest * 3 // 4))
        if soft == resource.RLIM_INFINITY or soft > bound:
            resource.setrlimit(resource.RLIMIT_NOFILE, (bound, hard))
    elif soft == resource.RLIM_INFINITY or soft > RUN_OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (RUN_OPEN_FILES, RUN_OPEN_FILES))
