"""Which files, addresses and processes are out of reach while a guest runs: Landlock (landlock(7), Linux 5.13).

What is open already stays open. Versions of the interface: 1 files, 2 links across folders, 3 truncating, 4 TCP,
5 requests to devices, 6 signals and abstract sockets.
"""

from __future__ import annotations

import ctypes
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on every machine."""
_ASK_VERSION = 1
_PATH_BENEATH = 1
_READ = 1 << 2 | 1 << 3
_WRITE = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 13 | 1 << 14
"""Write, truncate, make, link and remove files and folders; no symbolic links, sockets, pipes or devices."""
_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = 1 << 0 | 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1


def version(libc: ctypes.CDLL) -> int:
    """The interface's version; 0 where there is none, and errno says why."""
    found: int = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(found, 0)


def restrict(
    libc: ctypes.CDLL, readable: Iterable[bytes], writable: Iterable[bytes] = (), *, signals: bool = True
) -> bool:
    """Restrict this thread, and the threads that it starts; needs `no_new_privs`.

    Args:
        readable, writable: folders of which everything may be read, and written; nothing else can be opened.
        signals: whether other processes are out of its reach too.

    Returns:
        Whether it stands.
    """
    offered = version(libc)
    if not offered:
        return False
    files = _FILES[max(since for since in _FILES if since <= offered)]
    scoped = _ABSTRACT_SOCKETS | (_SIGNALS if signals else 0)
    attributes = struct.pack("=QQQ", files, _TCP if offered >= 4 else 0, scoped if offered >= 6 else 0)
    ruleset: int = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return False
    try:
        for folders, rights in ((readable, _READ), (writable, _READ | _WRITE & files)):
            for folder in folders:
                _allow(libc, ruleset, folder, rights)
        stands: int = libc.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return stands == 0


def _allow(libc: ctypes.CDLL, ruleset: int, folder: bytes, rights: int) -> None:
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it went away since it was opened: then there is nothing in it
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)
