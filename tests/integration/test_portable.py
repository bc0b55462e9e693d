"""Nothing that only POSIX has is needed to import codi: every module, in a process where such modules are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import codi_tui

PACKAGE = Path(codi_tui.__file__).parent
MISSING = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty", "uvloop", "_posixsubprocess")
"""What CPython does not have on Windows (its library reference), and the loop of the server that is for POSIX."""
ATTRIBUTES = {
    "os": "chown chroot fork forkpty fchmod fchown getegid geteuid getgid getpgid getpgrp getpriority getuid killpg mkfifo "
    "nice openpty setpgid setsid setuid sysconf tcgetpgrp tcsetpgrp uname wait3 wait4 "
    "O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK WNOHANG",
    "select": "poll epoll",
    "signal": "SIGALRM SIGHUP SIGKILL SIGQUIT SIGTSTP SIGTTIN SIGTTOU SIGUSR1 SIGUSR2 SIGWINCH SIGCHLD SIGPIPE alarm "
    "pthread_sigmask setitimer",
    "socket": "AF_UNIX SCM_RIGHTS",
}
PROBE = f"""
import asyncio, builtins, importlib, os, pathlib, select, signal, socket, subprocess, sys, tempfile, threading
import platformdirs, sqlite3, httpx, pydantic, nacl.signing, wasmtime, websockets.asyncio.client, zstandard
import textual.app, textual.widgets, starlette.routing, uvicorn
missing, attributes = {MISSING!r}, {ATTRIBUTES!r}
real_import, seen = builtins.__import__, []

def importing(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {{}}).get("__name__", "")
    if importer.startswith("codi_tui") and name.partition(".")[0] in missing:
        raise ImportError(f"{{importer}} imports {{name}}")
    return real_import(name, globals, locals, fromlist, level)

class Lacking:
    def __init__(self, module, names):
        self.__dict__.update(_module=module, _names=names.split())
    def __getattr__(self, name):
        importer = sys._getframe(1).f_globals.get("__name__", "")
        if name in self._names and importer.startswith("codi_tui"):
            raise AttributeError(f"{{importer}} needs {{self._module.__name__}}.{{name}}")
        return getattr(self._module, name)
    def __setattr__(self, name, value):
        setattr(self._module, name, value)

builtins.__import__ = importing
for name, names in attributes.items():
    sys.modules[name] = Lacking(sys.modules[name], names)
failed = 0
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except (ImportError, AttributeError) as error:
        failed = 1
        print(f"{{name}}: {{error}}")
sys.exit(failed)
"""


def modules() -> list[str]:
    """Every module that a user's codi or codi-registry may import."""
    paths = sorted(PACKAGE.rglob("*.py"))
    names = [".".join(["codi_tui", *path.relative_to(PACKAGE).with_suffix("").parts]) for path in paths]
    return [
        name.removesuffix(".__init__") for name in names if "templates" not in name and not name.endswith("__main__")
    ]


def test_every_module_is_imported_without_what_only_posix_has() -> None:
    names = modules()
    assert len(names) > 200
    done = subprocess.run([sys.executable, "-c", PROBE, *names], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
