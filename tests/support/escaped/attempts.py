"""What a guest that is out of its sandbox would try, and what the kernel answers.

Without a wall none of them does harm. As a program, `attempts.py PART FOLDER`: behind that part of
the wall alone.
"""

from __future__ import annotations

import _thread
import ctypes
import errno
import fcntl
import json
import os
import pty
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
_PTRACE_PEEK, _SETUID = 2, 105
_MOUNT, _UNSHARE, _BPF, _KEYCTL, _PERF, _USERFAULTFD, _SHMGET, _IO_URING, _PIDFD_OPEN = (
    165,
    272,
    321,
    250,
    298,
    323,
    29,
    425,
    434,
)
_PTRACE, _PROCESS_VM_READV, _NEWEST = 101, 310, 500
_TIOCSTI = 0x5412


def call(number: int, *arguments: Any) -> None:
    """A system call, by its number on x86-64; OSError when it is refused."""
    if LIBC.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments)) < 0:
        raise OSError(ctypes.get_errno(), "")


def answer(attempt: Callable[..., Any], *arguments: Any) -> str:
    """`ok`, or the name of the error."""
    try:
        attempt(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "ok"


class Attempts:
    """Made ready before the wall stands, with all that has to be open or imported."""

    def __init__(self, folder: str) -> None:
        """
        Args:
            folder: of this user's, and not conferred.
        """
        self.folder = folder
        self.kept = os.path.join(folder, "kept")
        with open(self.kept, "w") as file:
            file.write("kept")
        self.writable = os.open(self.kept, os.O_RDWR)
        self.terminal = pty.openpty()[1]
        self.abstract = b"\0codi-" + os.urandom(8)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.abstract)
        self.listening.listen()
        self.unix, self.tcp = socket.socket(socket.AF_UNIX), socket.socket()
        answer(os.open, "/nowhere", os.O_RDONLY)

    def _fork(self) -> None:
        if os.fork() == 0:
            os._exit(0)
        os.wait()

    def _thread(self) -> None:
        done = _thread.allocate_lock()
        done.acquire()
        _thread.start_new_thread(done.release, ())
        if not done.acquire(timeout=10):
            raise OSError(errno.ETIMEDOUT, "")

    def files(self) -> dict[str, str]:
        """Files that nobody conferred; what a walled thread started tries it too."""
        inherited: list[str] = []
        done = threading.Event()

        def read() -> None:
            inherited.append(answer(os.open, "/etc/passwd", os.O_RDONLY))
            done.set()

        _thread.start_new_thread(read, ())
        done.wait(10)
        return {
            "read": answer(os.open, "/etc/passwd", os.O_RDONLY),
            "read, from a thread of its own": inherited[0],
            "list": answer(os.listdir, "/etc"),
            "write": answer(os.open, self.kept, os.O_WRONLY),
            "truncate": answer(os.truncate, self.kept, 0),
            "make": answer(os.open, os.path.join(self.folder, "made"), os.O_WRONLY | os.O_CREAT),
            "make a folder": answer(os.mkdir, os.path.join(self.folder, "made")),
            "link": answer(os.symlink, "/etc", os.path.join(self.folder, "link")),
            "remove": answer(os.unlink, self.kept),
            "its own memory": answer(os.open, "/proc/self/mem", os.O_RDWR),
        }

    def processes(self) -> dict[str, str]:
        """Programs, other processes, the network, the kernel."""
        parent = os.getppid()
        return {
            "fork": answer(self._fork),
            "exec": answer(os.execv, "/nowhere", ["nowhere"]),
            "socket": answer(socket.socket),
            "datagram": answer(socket.socket, socket.AF_INET, socket.SOCK_DGRAM),
            "unix socket": answer(socket.socket, socket.AF_UNIX),
            "connect": answer(self.tcp.connect, ("127.0.0.1", 9)),
            "ptrace": answer(call, _PTRACE, _PTRACE_PEEK, parent, 0, 0),
            "read a process": answer(call, _PROCESS_VM_READV, parent, 0, 0, 0, 0, 0),
            "type": answer(fcntl.ioctl, self.terminal, _TIOCSTI, b"x"),
            "type, upper half set": answer(call, 16, self.terminal, _TIOCSTI | 1 << 32, 0),
            "setuid": answer(call, _SETUID, 0),
            "mount": answer(call, _MOUNT, 0, 0, 0, 0, 0),
            "unshare": answer(call, _UNSHARE, 0),
            "bpf": answer(call, _BPF, 0, 0, 0),
            "keyctl": answer(call, _KEYCTL, 0, 0, 0),
            "perf": answer(call, _PERF, 0, 0, 0, 0, 0),
            "userfaultfd": answer(call, _USERFAULTFD, 0),
            "shared memory": answer(call, _SHMGET, 0xC0D1, 4096, 0),
            "io_uring": answer(call, _IO_URING, 1, 0),
            "pidfd": answer(call, _PIDFD_OPEN, parent, 0),
            "a call of tomorrow": answer(call, _NEWEST),
            "32 bits": answer(call, 0x40000000 | _SETUID, 0),
            "a thread": answer(self._thread),
        }

    def as_guest(self) -> dict[str, str]:
        """What only the guest's own threads are kept from, beside files."""
        return {
            "signal": answer(os.kill, os.getppid(), 0),
            "signal to itself": answer(os.kill, os.getpid(), 0),
            "mode": answer(os.fchmod, self.writable, 0o777),
            "write what is open": answer(os.write, self.writable, b"k"),
        }

    def beyond_files(self) -> dict[str, str]:
        """What Landlock keeps a guest from where there is no seccomp."""
        return {
            "signal": answer(os.kill, os.getppid(), 0),
            "connect": answer(self.tcp.connect, ("127.0.0.1", 9)),
            "bind": answer(socket.socket().bind, ("127.0.0.1", 0)),
            "abstract socket": answer(self.unix.connect, self.abstract),
        }


def _alone(part: str, folder: str) -> dict[str, str]:
    from codi_tui.execute import landlock, seccomp, wall

    attempts = Attempts(folder)
    if part == "control":
        return _on_the_control_thread(attempts)
    LIBC.prctl(38, 1, 0, 0, 0)
    if part == "landlock":
        read, write = (_conferred(folder, name) for name in ("read", "write"))
        landlock.restrict(LIBC, [read.encode()], [write.encode()])
        return {**attempts.files(), **attempts.beyond_files(), **_in(read, "read"), **_in(write, "write")}
    if part == "network":
        return _on_a_thread_of_its_own(lambda: wall.put_up_round_thread((), network=True), attempts)
    seccomp.refuse_to_process(LIBC)
    to_all = {**attempts.processes(), "mode, by another thread": answer(os.fchmod, attempts.writable, 0o600)}
    seccomp.refuse_to_guest(LIBC, every_thread=False)
    return {**to_all, **attempts.as_guest()}


def _conferred(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    os.mkdir(path)
    os.mkdir(os.path.join(path, "below"))
    for last in ("file", "other"):
        with open(os.path.join(path, last), "w") as file:
            file.write("x")
    return path


def _in(folder: str, name: str) -> dict[str, str]:
    """What can be done in a folder that was conferred."""

    def path(last: str) -> str:
        return os.path.join(folder, last)

    return {
        f"{name}: read": answer(os.open, path("file"), os.O_RDONLY),
        f"{name}: list": answer(os.listdir, folder),
        f"{name}: write": answer(os.open, path("file"), os.O_WRONLY | os.O_TRUNC),
        f"{name}: make": answer(os.open, path("made"), os.O_WRONLY | os.O_CREAT),
        f"{name}: make a folder": answer(os.mkdir, path("folder")),
        f"{name}: move": answer(os.rename, path("file"), path("below/file")),
        f"{name}: remove": answer(os.unlink, path("other")),
        f"{name}: make a pipe": answer(os.mkfifo, path("pipe")),
        f"{name}: make a link": answer(os.symlink, "/etc", path("link")),
    }


def _on_a_thread_of_its_own(put_up: Callable[[], None], attempts: Attempts) -> dict[str, str]:
    """What a walled thread, and then this one, gets."""
    found: dict[str, str] = {}
    done = threading.Event()

    def guest() -> None:
        put_up()
        found["guest: socket"] = answer(socket.socket)
        found["guest: read"] = answer(os.open, attempts.kept, os.O_RDONLY)
        done.set()

    _thread.start_new_thread(guest, ())
    done.wait(10)
    return {
        **found,
        "socket": answer(socket.socket),
        "read": answer(os.open, attempts.kept, os.O_RDONLY),
        "fork": answer(attempts._fork),
    }


def _on_the_control_thread(attempts: Attempts) -> dict[str, str]:
    """What the worker's thread that reads its control pipe can do while it reads."""
    from codi_tui.execute import worker

    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    found: dict[str, str] = {}
    done = threading.Event()

    def read(_descriptor: int, _size: int) -> bytes:
        found["end a child"] = answer(os.kill, child, signal.SIGKILL)
        found.update(attempts.files())
        done.set()
        time.sleep(60)
        return b""

    os.read = read
    _thread.start_new_thread(worker._end_with, (0,))
    done.wait(10)
    os.waitpid(child, 0)
    return found


if __name__ == "__main__":
    print(json.dumps(_alone(sys.argv[1], sys.argv[2])))
