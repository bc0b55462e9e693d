"""What granted permissions confer on a guest: folders and files, environment variables, secrets.

Only what is both declared and granted comes here (`Permissions`). A run of a library that declares none of these kinds
does not import this module.
"""

from __future__ import annotations

import os
import stat

from codi_tui.errors import ConfigError, GrantError, InputError
from codi_tui.limits import SECRET_MAX_BYTES
from codi_tui.model.permission import Permission, parse_permission

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codi_tui.execute.staging import Staging


def confer_paths(permissions: Iterable[str], staging: Staging, own_folders: Sequence[str]) -> None:
    """Give a run the folders and files that were granted, each at the path that its permission names.

    A folder is opened itself. A file is staged, so that nothing beside it can be reached: for this guest its folder
    holds nothing but the files that were granted there. What is not there is not conferred.

    What lies in a folder that may be written is conferred by that folder, and not followed: the guest may have put
    something else there since it was granted.

    Raises:
        GrantError: `E_PERMISSION`, a folder holds, or is in, one of codi's own.
        InputError: `E_INPUT`, `E_CREATE`: something that is there cannot be opened or written.
    """
    held = [item for item in map(parse_permission, permissions) if item.kind.startswith("fs:")]
    writable = [_host_path(item) for item in held if item.kind == "fs:write" and item.target.endswith("/")]
    held = [item for item in held if not _is_guest_made(_host_path(item), writable)]
    folders = [item for item in held if item.target.endswith("/")]
    for item in sorted(folders, key=lambda item: item.kind):  # of two rights to one folder, that to write stands
        _confer_folder(item, staging, own_folders)
    files: dict[str, list[Permission]] = {}
    for item in held:
        if item not in folders and not any(_in_folder(item, folder) for folder in folders):
            files.setdefault(os.path.dirname(item.target), []).append(item)
    for at, (folder, items) in enumerate(sorted(files.items())):
        _confer_files(folder, items, staging, str(at))


def _in_folder(item: Permission, folder: Permission) -> bool:
    """Whether a folder that was granted confers a file already."""
    return folder.kind in (item.kind, "fs:write") and item.target.startswith(folder.target)


def _is_guest_made(path: str, writable: Sequence[str]) -> bool:
    """Whether some part of a path is an entry of a folder that the guest can write to, or of one below it."""
    from codi_tui.execute.outputs import is_below

    parents = set()
    while writable and path != os.path.dirname(path):
        path = os.path.dirname(path)
        parents.add(os.path.realpath(path))
    return any(is_below(parent, folder) for parent in parents for folder in writable)


def _host_path(item: Permission) -> str:
    return os.path.expanduser(item.target.rstrip("/"))


def _confer_folder(item: Permission, staging: Staging, own_folders: Sequence[str]) -> None:
    from codi_tui.execute.outputs import is_below

    path = os.path.expanduser(item.target)
    if not os.path.isdir(path):
        return
    real = os.path.realpath(path)
    if any(is_below(real, own) or is_below(os.path.realpath(own), real) for own in own_folders):
        raise GrantError(
            f"{item} holds what is codi's own, which no command is given",
            hint="only the library's author can declare a narrower folder",
        )
    if not os.access(real, os.R_OK | os.X_OK):
        raise InputError(f"cannot read {path}: Permission denied")
    guest = _guest_path(item.target.rstrip("/"))
    staging.folders.pop(guest, None)
    (staging.writable if item.kind == "fs:write" else staging.folders)[guest] = os.fsencode(real)


def _confer_files(folder: str, items: list[Permission], staging: Staging, name: str) -> None:
    """The files that were granted in one folder."""
    to_write = {item.target for item in items if item.kind == "fs:write"}
    made = None
    for target in sorted({item.target for item in items}):
        path = os.path.expanduser(target)
        if target in to_write:
            output = staging.stage_output(path, "granted", name)
            output.prefill()
            made = output.folder
        elif os.path.isfile(path):
            try:
                # beside a file to write, one to read is a copy: the guest could write to it, to no effect
                made = staging.stage_file(path, "granted", name, link=not to_write)
            except OSError as error:
                raise InputError(f"cannot read {path}: {error.strerror}") from None
    if made is not None:
        guest = _guest_path(folder)
        staging.folders.pop(guest, None)
        (staging.writable if to_write else staging.folders)[guest] = os.fsencode(made)


def guest_environment(permissions: Iterable[str], secrets_folder: str) -> dict[str, str]:
    """The environment variables and secrets that were granted; a secret takes the place of a variable of its name.

    Raises:
        InputError: `E_INPUT`, a variable is not text in UTF-8.
        ConfigError: `E_SECRET`, a secret is not stored, or not safely.
    """
    environment, secrets = {}, {}
    for item in map(parse_permission, permissions):
        if item.kind == "env" and item.target in os.environ:
            environment[item.target] = _text(item.target, os.environ[item.target])
        elif item.kind == "secret":
            secrets[item.target] = read_secret(secrets_folder, item.target)
    return {**environment, **secrets}


def read_secret(folder: str, name: str) -> str:
    """A secret from its file, which holds it alone; a line end behind it is not part of it.

    Raises:
        ConfigError: `E_SECRET`; nothing of the value is in the message.
    """
    path = os.path.join(folder, name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise _secret_error(name, "is not stored", f"codi config secret set {name}") from None
    except OSError as error:
        raise _secret_error(name, f"cannot be read: {error.strerror}", f"it is in {path}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise _secret_error(name, "is not yours alone", f"chmod 600 {path}")
        data = os.read(descriptor, SECRET_MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > SECRET_MAX_BYTES or b"\0" in data:
        raise _secret_error(name, f"is larger than {SECRET_MAX_BYTES} bytes, or holds a NUL", f"it is in {path}")
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise _secret_error(name, "is not text in UTF-8", f"it is in {path}") from None


def _secret_error(name: str, reason: str, hint: str) -> ConfigError:
    return ConfigError(f"the secret {name} {reason}", code="E_SECRET", hint=hint)


def _text(name: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError(f"the environment variable {name} is not text in UTF-8") from None
    return value


def _guest_path(path: str) -> bytes:
    """Where a guest sees a path: `/data` there, `~/notes` at `/~/notes`, which is what `~/notes` means to it."""
    return (path if path.startswith("/") else f"/{path}").encode()
