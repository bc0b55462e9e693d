"""A database's folder and file: private, ours, and of the shape that this version writes."""

from __future__ import annotations

import os
import sqlite3
import stat
import time

from codi_tui.errors import CacheError, CodiError
from codi_tui.limits import CACHE_BUSY_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA = (
    # The record, section 5, to the letter.
    """CREATE TABLE command_libraries (
id TEXT NOT NULL,
version TEXT NOT NULL,
library_json BLOB NOT NULL,
metadata TEXT NOT NULL,
loaded_at INTEGER NOT NULL,
expires_at INTEGER,
size_bytes INTEGER NOT NULL,
hash TEXT NOT NULL,
PRIMARY KEY (id, version)
)""",
    "CREATE INDEX idx_library_loaded ON command_libraries(loaded_at)",
    "CREATE TABLE modules (digest TEXT PRIMARY KEY, data BLOB NOT NULL, size_bytes INTEGER NOT NULL)",
    "CREATE TABLE command_index (command TEXT PRIMARY KEY, id TEXT NOT NULL, description TEXT NOT NULL)",
)

_DAMAGE = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})


class Layout:
    """What a database holds, and how codi speaks of it when something is wrong.

    Attributes:
        name: as in "the cache".
        schema: the statements that make its tables.
        error: raised for whatever is wrong with it.
        code: the error's code; with `_PERMS` it is not safely this user's, with `_DAMAGED` not of this schema.
        hint: what to do about damage.
        older: how many of the schema's statements earlier versions had; such a database gets the rest when it is opened.
        wal: whether writers work beside readers; a reader then needs room on the disk for its share of that.
    """

    __slots__ = ("code", "error", "hint", "name", "older", "schema", "wal")

    def __init__(
        self,
        name: str,
        schema: Sequence[str],
        error: Callable[..., CodiError] = CacheError,
        code: str = "E_CACHE",
        hint: str | None = None,
        *,
        older: Sequence[int] = (),
        wal: bool = True,
    ) -> None:
        self.name = name
        self.schema = schema
        self.error = error
        self.code = code
        self.hint = hint
        self.older = older
        self.wal = wal


CACHE = Layout("the cache", SCHEMA)


def open_database(path: str, layout: Layout = CACHE) -> sqlite3.Connection:
    """Open a database, creating folder (0700), file (0600) and tables where they are missing.

    Raises:
        CodiError: the layout's error. `E_…_PERMS`, a symbolic link or another user's file stands there; `E_…_DAMAGED`,
            it is not a database, or not with the layout's tables; `E_…`, it cannot be opened.
    """
    try:
        return _open(path, layout)
    except CodiError:
        if not os.path.lexists(f"{path}.lock"):
            raise
    try:
        with _Exclusive(f"{path}.lock"):  # somebody may have been moving it aside under our hands
            pass
    except OSError:
        pass
    return _open(path, layout)


def _open(path: str, layout: Layout) -> sqlite3.Connection:
    try:
        prepare_folder(os.path.dirname(path))
        _create_private(path)
        connection = sqlite3.connect(path, timeout=CACHE_BUSY_SECONDS, isolation_level=None, cached_statements=16)
        connection.text_factory = _text
    except CacheError as error:
        raise layout.error(error.message, code=f"{layout.code}_PERMS", hint=error.hint) from None
    except (OSError, sqlite3.Error) as error:
        raise layout.error(f"{layout.name} cannot be opened: {error}", hint=f"look at {path}") from None
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        if not _has_schema(connection, layout):
            _create_schema(connection, layout)
    except sqlite3.Error as error:
        connection.close()
        raise translated(error, layout) from None
    except CodiError:
        connection.close()
        raise
    return connection


def _text(data: bytes) -> str:
    """Text that is not UTF-8 is somebody's tampering: it is read, so that it can be refused."""
    return data.decode(errors="replace")


def translated(error: sqlite3.Error, layout: Layout = CACHE) -> CodiError:
    """A database error as codi says it, with `E_…_DAMAGED` for what only a rebuild mends."""
    if getattr(error, "sqlite_errorname", "").startswith(tuple(_DAMAGE)):
        return layout.error(f"{layout.name}: {error}", code=f"{layout.code}_DAMAGED", hint=layout.hint)
    return layout.error(f"{layout.name}: {error}", code=layout.code)


def prepare_folder(folder: str) -> None:
    """Make a folder that only its owner can enter; refuse one that is a link or someone else's.

    Raises:
        CacheError: `E_CACHE_PERMS`.
        OSError: it cannot be made.
    """
    _make_folders(folder)
    status = check_ours(folder, stat.S_ISDIR)
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        os.chmod(folder, 0o700)


def _make_folders(folder: str) -> None:
    """Make what is missing of a path, private from the first missing folder on, whatever the umask."""
    if os.path.lexists(folder):
        return
    _make_folders(os.path.dirname(folder))
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass


def check_ours(path: str, is_kind: Callable[[int], bool]) -> os.stat_result:
    """The status of a path that is of the kind, not a symbolic link, and the user's own.

    Raises:
        CacheError: `E_CACHE_PERMS`.
        OSError: there is nothing.
    """
    status = os.lstat(path)
    if not is_kind(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):
        raise CacheError(
            f"{path} is a link or belongs to someone else", code="E_CACHE_PERMS", hint="move it away, then try again"
        )
    return status


def replace_file(path: str, data: bytes) -> None:
    """Write a private file (0600) whole, or leave what was there.

    Raises:
        OSError: it cannot be written.
    """
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise


def _create_private(path: str) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        status = check_ours(path, stat.S_ISREG)
        if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
            os.chmod(path, 0o600)


def _has_schema(connection: sqlite3.Connection, layout: Layout = CACHE) -> bool:
    """Whether the tables are there; False for an empty database, and for one of an earlier version.

    Raises:
        CodiError: `E_…_DAMAGED`, there is something else, such as a view or a trigger.
    """
    return not _missing(connection, layout)


def _missing(connection: sqlite3.Connection, layout: Layout) -> Sequence[str]:
    """The statements of the schema that a database does not have yet.

    Raises:
        CodiError: as for `_has_schema`.
    """
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    count = len(rows) if len(rows) in (0, *layout.older) else len(layout.schema)
    if [sql for (sql,) in rows] != list(layout.schema[:count]):
        raise layout.error(
            f"{layout.name} was made by another version, or changed", code=f"{layout.code}_DAMAGED", hint=layout.hint
        )
    return layout.schema[count:]


def _create_schema(connection: sqlite3.Connection, layout: Layout) -> None:
    if layout.wal:
        _switch_to_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _missing(connection, layout):
            connection.execute(statement)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Two that switch at once are refused without the usual waiting, so it is waited for here."""
    deadline = time.monotonic() + CACHE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def move_aside(path: str, layout: Layout = CACHE) -> str | None:
    """Move a damaged database out of the way, for a look at it later; returns its new path.

    Processes that find the damage at the same time take turns; None says that another one has mended it already.

    Raises:
        CacheError: `E_CACHE`, it cannot be moved.
    """
    try:
        with _Exclusive(f"{path}.lock"):
            if not _is_damaged(path, layout):
                return None
            stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{time.time_ns() % 10**9:09d}"
            aside = f"{os.path.splitext(path)[0]}.corrupt-{stamp}"
            for suffix in ("-wal", "-shm", ""):  # the database last: once it is gone, a new one may begin beside us
                if os.path.lexists(path + suffix):
                    os.replace(path + suffix, aside + suffix)
            return aside
    except OSError as error:
        raise layout.error(
            f"what is damaged of {layout.name} cannot be moved aside: {error}", hint=f"move {path} away"
        ) from None


def _is_damaged(path: str, layout: Layout) -> bool:
    """Whether a database still has to be moved; it is not created."""
    if not os.path.lexists(path):
        return False
    check_ours(path, stat.S_ISREG)
    connection = sqlite3.connect(path, timeout=CACHE_BUSY_SECONDS)
    try:
        _has_schema(connection, layout)
    except sqlite3.Error as error:
        return translated(error, layout).code == f"{layout.code}_DAMAGED"
    except CodiError:
        return True
    finally:
        connection.close()
    return False


class _Exclusive:
    """A lock between processes, as long as the block runs (none on Windows, which refuses to move an open file anyway)."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.name == "posix":
            import fcntl

            fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
