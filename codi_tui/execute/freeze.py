"""Stopping a thread where it is: the engine cannot interrupt a guest that is at its limit, and the process still has to end.

The thread is sent a signal whose handler is the C library's own `pause`, which never returns. It may hold a lock of the
engine then, so this is for a process that is about to end and that ends even if its other threads stand still.
"""

from __future__ import annotations

import ctypes
import os
import signal


def freeze_thread(native_id: int) -> None:
    """Stop a thread of this process for good; where the system has no way to, it goes on.

    Args:
        native_id: the kernel's number of it; one that has ended is nothing.
    """
    libc = ctypes.PyDLL(None)  # the interpreter's lock stays with the caller, so the thread stops without it
    if not hasattr(libc, "tgkill"):
        return
    libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    libc.signal.restype = ctypes.c_void_p
    libc.signal(signal.SIGUSR2, ctypes.cast(libc.pause, ctypes.c_void_p))
    libc.tgkill(os.getpid(), native_id, signal.SIGUSR2)
