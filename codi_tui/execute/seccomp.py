"""What the kernel is not asked for while a guest runs: a seccomp filter (seccomp(2), Linux 3.17).

A refused call fails with EPERM; one that is newer than the lists here, with ENOSYS, as on an older kernel, so that
whoever makes it falls back. Nothing is killed. The numbers are the kernel's own, of `asm/unistd_64.h` and
`asm-generic/unistd.h`.
"""

from __future__ import annotations

import ctypes
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Instruction = tuple[int, int, int, int]

# name:number on x86-64:number on AArch64
_BY_NOBODY = (
    # programs
    "execve:59:221 execveat:322:281 uselib:134: fork:57: vfork:58: "
    # other processes
    "ptrace:101:117 process_vm_readv:310:270 process_vm_writev:311:271 kcmp:312:272 migrate_pages:256:238 "
    "move_pages:279:239 tkill:200:130 rt_sigqueueinfo:129:138 rt_tgsigqueueinfo:297:240 setpgid:109:154 "
    # memory and queues of others
    "shmget:29:194 shmat:30:196 shmctl:31:195 msgget:68:186 msgsnd:69:189 msgrcv:70:188 msgctl:71:187 "
    "semget:64:190 semop:65:193 semtimedop:220:192 semctl:66:191 mq_open:240:180 mq_unlink:241:181 "
    # file systems
    "mount:165:40 umount2:166:39 pivot_root:155:41 chroot:161:51 unshare:272:97 setns:308:268 "
    "fanotify_init:300:262 fanotify_mark:301:263 name_to_handle_at:303:264 open_by_handle_at:304:265 mknod:133: "
    "mknodat:259:33 "
    # who one is
    "setuid:105:146 setgid:106:144 setreuid:113:145 setregid:114:143 setresuid:117:147 setresgid:119:149 "
    "setfsuid:122:151 setfsgid:123:152 setgroups:116:159 capset:126:91 "
    # the machine
    "reboot:169:142 kexec_load:246:104 kexec_file_load:320:294 init_module:175:105 finit_module:313:273 "
    "delete_module:176:106 swapon:167:224 swapoff:168:225 acct:163:89 quotactl:179:60 syslog:103:116 "
    "sethostname:170:161 setdomainname:171:162 settimeofday:164:170 clock_settime:227:112 adjtimex:159:171 "
    "clock_adjtime:305:266 vhangup:153:58 iopl:172: ioperm:173: "
    # what kernels were broken through
    "bpf:321:280 perf_event_open:298:241 userfaultfd:323:282 io_setup:206:0 io_submit:209:2 add_key:248:217 "
    "request_key:249:218 keyctl:250:219 personality:135:92 modify_ldt:154: lookup_dcookie:212:18 "
)
"""In a process that runs a guest; each of these is a way out of it, or round the wall."""
_SOCKETS = "socket:41:198 connect:42:203 accept:43:202 accept4:288:242 bind:49:200 listen:50:201 "
"""The network, and whoever listens on a socket of this machine."""
_NOT_BY_A_GUEST = (
    "chmod:90: fchmod:91:52 fchmodat:268:53 chown:92: fchown:93:55 lchown:94: fchownat:260:54 setxattr:188:5 "
    "lsetxattr:189:6 fsetxattr:190:7 removexattr:197:14 lremovexattr:198:15 fremovexattr:199:16 "
    "setrlimit:160:164 "
)
"""Of the guest's own threads; whoever stores that the guest ran may want them."""
_NEWER = frozenset({436, 437, 439, 441, 444, 445, 446, 449})
"""Allowed of the calls that every machine numbers alike, from 424: close_range, openat2, faccessat2, epoll_pwait2,
Landlock's own, futex_waitv. Not io_uring, which does what is refused here; nor clone3, whose flags no filter can read.
"""


class _Machine:
    """What differs between processors.

    Attributes:
        column: of the lists above.
        audit: the kernel's name of it.
        last: the highest number below the common ones.
    """

    def __init__(
        self, column: int, audit: int, last: int, seccomp: int, clone: int, ioctl: int, kills: set[int]
    ) -> None:
        self.column, self.audit, self.last = column, audit, last
        self.seccomp, self.clone, self.ioctl, self.kills = seccomp, clone, ioctl, kills


_MACHINES = {
    "x86_64": _Machine(1, 0xC000003E, 334, seccomp=317, clone=56, ioctl=16, kills={62, 234}),
    "aarch64": _Machine(2, 0xC00000B7, 294, seccomp=277, clone=220, ioctl=29, kills={129, 131}),
}
_SET_MODE_FILTER, _GET_ACTION_AVAILABLE = 1, 2
_EVERY_THREAD = 1
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x10000
_INPUT_TO_TERMINAL = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: they type into whatever reads the terminal next, a shell perhaps."""
_NUMBER, _AUDIT, _FIRST, _SECOND = 0, 4, 16, 24
_LOAD, _EQUAL, _GREATER, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_LET = (_RETURN, 0, 0, _ALLOW)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _machine() -> _Machine | None:
    return _MACHINES.get(os.uname().machine) if ctypes.sizeof(ctypes.c_void_p) == 8 else None


def absent(libc: ctypes.CDLL) -> str | None:
    """Why there is no filter here, or None where there is."""
    machine = _machine()
    if machine is None:
        return f"codi has no list of system calls for {os.uname().machine}"
    action = ctypes.c_uint32(_ERROR)
    if libc.syscall(machine.seccomp, _GET_ACTION_AVAILABLE, 0, ctypes.byref(action)) != 0:
        return f"the kernel refuses seccomp: {os.strerror(ctypes.get_errno())}"
    return None


def refuse_to_process(libc: ctypes.CDLL, *, network: bool = False) -> bool:
    """Put up the filter round every thread of this process, and all that they start; needs `no_new_privs`.

    Args:
        network: whether a thread that is not the guest's may use sockets.

    Returns:
        Whether it stands.
    """
    machine = _machine()
    refused = _BY_NOBODY if network else _BY_NOBODY + _SOCKETS
    return machine is not None and _put_up(libc, machine, _by_process(machine, refused), _EVERY_THREAD)


def refuse_to_guest(libc: ctypes.CDLL, *, every_thread: bool) -> bool:
    """Put up, beside the other filter, what keeps a guest from sockets, others' files' attributes, and signals.

    Args:
        every_thread: of this process, else of this thread; the threads that these start have it too.

    Returns:
        Whether it stands.
    """
    machine = _machine()
    flags = _EVERY_THREAD if every_thread else 0
    return machine is not None and _put_up(libc, machine, _by_guest(machine), flags)


def _put_up(libc: ctypes.CDLL, machine: _Machine, instructions: list[Instruction], flags: int) -> bool:
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = _Program(len(instructions), code)
    stands: int = libc.syscall(machine.seccomp, _SET_MODE_FILTER, flags, ctypes.byref(program))
    return stands == 0


def _by_process(machine: _Machine, refused: str) -> list[Instruction]:
    """A filter's instructions. A jump names how many of them it skips, if it holds and if not."""
    newer: list[Instruction] = []
    for number in sorted(_NEWER):
        newer += [(_EQUAL, 0, 1, number), _LET]
    newer.append(_error(_ENOSYS))
    typed: list[Instruction] = []
    for request in _INPUT_TO_TERMINAL:
        typed += [(_EQUAL, 0, 1, request), _error(_EPERM)]
    return [
        (_LOAD, 0, 0, _AUDIT),
        (_EQUAL, 1, 0, machine.audit),
        _error(_EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER, 0, len(newer), machine.last),
        *newer,
        *_refused(machine, refused),
        *_only(machine.clone, _FIRST, [(_ANY_BIT, 1, 0, _CLONE_THREAD), _error(_EPERM)]),
        *_only(machine.ioctl, _SECOND, typed),
        _LET,
    ]


def _by_guest(machine: _Machine) -> list[Instruction]:
    """What comes beside the other filter; signals, only to its own process."""
    program = [(_LOAD, 0, 0, _NUMBER), *_refused(machine, _NOT_BY_A_GUEST + _SOCKETS)]
    for kill in sorted(machine.kills):
        program += _only(kill, _FIRST, [(_EQUAL, 1, 0, os.getpid()), _error(_EPERM)])
    return [*program, _LET]


def _refused(machine: _Machine, names: str) -> list[Instruction]:
    columns = [name.split(":")[machine.column] for name in names.split()]
    program: list[Instruction] = []
    for first, last in _ranges(sorted(int(column) for column in columns if column)):
        program += [(_AT_LEAST, 0, 2, first), (_GREATER, 1, 0, last), _error(_EPERM)]
    return program


def _only(number: int, argument: int, refusals: list[Instruction]) -> list[Instruction]:
    """One call, of which the lower half of an argument decides: the kernel looks at no more of these either."""
    return [(_EQUAL, 0, len(refusals) + 2, number), (_LOAD, 0, 0, argument), *refusals, _LET]


def _ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Sorted numbers as runs of neighbours: far fewer to compare with."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _error(number: int) -> Instruction:
    return (_RETURN, 0, 0, _ERROR | number)
