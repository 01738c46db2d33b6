"""A SQLite file that keeps what it acknowledged: write-ahead log, full sync, one writer at a time.

The file lock around every write, checkpoint, open and close does two things that SQLite's own busy wait does
not: writers of several processes are served in turn, and no two connections checkpoint and write at once, which
corrupts databases in SQLite before 3.51.3 (the WAL-reset fault).
"""

from __future__ import annotations

import atexit
import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from palyra_kernel.durable.files import check_owner_unopened, create_file
from palyra_kernel.durable.folders import fsync_folder
from palyra_kernel.durable.lock import FileLock
from palyra_kernel.durable.oserrors import translated
from palyra_kernel.errors import IntegrityError, PalyraError, UnavailableError
from palyra_kernel.values.deadline import Deadline

_OPEN_SECONDS = 30.0
_FORMAT_STEP = 0x01010101
"""The format stands in all four bytes of ``user_version``: a flipped byte is damage, not a newer format."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
)
_SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""SQLite quotes a damaged schema in its message, which the module then cannot decode."""
_MACOS_PRAGMAS = ("PRAGMA fullfsync=ON", "PRAGMA checkpoint_fullfsync=ON")


class DurableDatabase:
    """One connection to the SQLite file *path*, which is born 0600 and checked when opened.

    *schema* is run once, in the transaction that also stores *format* (1 to 127). The lock file is *path* with
    ``.lock`` behind it; it is created and stays. Safe for threads. A connection belongs to the process that opened
    it: after ``fork`` every use raises :class:`UnavailableError` ``forked``.
    """

    def __init__(self, path: Path, *, schema: Sequence[str], format: int) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._mutex = threading.RLock()
        self._watching = threading.Lock()
        self._watch: sqlite3.Connection | None = None
        self._pid = os.getpid()
        try:
            with self._lock.held(Deadline.after(_OPEN_SECONDS)):
                _create_or_check(path)
                with self._translated("opening"):
                    self._connection = _connect(path)
                _open_databases.add(self)
                try:
                    with self._translated("opening"):
                        self._prepare(schema, format)
                except BaseException:
                    self._close_connection()
                    raise
        except BaseException:
            self._lock.close()
            raise

    def _prepare(self, schema: Sequence[str], format: int) -> None:
        connection = self._connection
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found % _FORMAT_STEP:
            raise _damaged(f"opening {self.path}", "user_version")
        if found > format * _FORMAT_STEP:
            raise UnavailableError(
                "newer_format",
                f"{self.path} has format {found // _FORMAT_STEP}; this version reads up to {format}",
                hint="upgrade palyra-kernel",
            )
        for pragma in (*_PRAGMAS, *(_MACOS_PRAGMAS if sys.platform == "darwin" else ())):
            connection.execute(pragma).fetchall()
        if found == 0:
            connection.execute("BEGIN IMMEDIATE")
            for statement in schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={format * _FORMAT_STEP:d}")
            connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Any]:
        """Run a query and return all its rows."""
        self._check_process()
        with self._mutex:
            try:
                return self._connection.execute(sql, parameters).fetchall()
            except _SQLITE_ERRORS as error:
                raise self._ours(error, "reading") from error

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Run a query and return its first row, or None."""
        self._check_process()
        with self._mutex:
            try:
                return self._connection.execute(sql, parameters).fetchone()
            except _SQLITE_ERRORS as error:
                raise self._ours(error, "reading") from error

    def exclusive(self, deadline: Deadline) -> AbstractContextManager[None]:
        """Keep other writers out during the block; :meth:`transaction` works inside."""
        self._check_process()
        return self._lock.held(deadline)

    @contextmanager
    def transaction(self, deadline: Deadline) -> Iterator[sqlite3.Connection]:
        """Write in the block, all or nothing: durable when the block has ended, unchanged if it raised."""
        with self.exclusive(deadline), self._mutex, self._translated("writing"):
            if self._connection.in_transaction:  # an interrupt hit the ROLLBACK of the one before
                self._connection.execute("ROLLBACK")
            try:  # an interrupt may come right behind BEGIN
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._check_process()
                self._lock.check_in_place()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._pid == os.getpid() and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def check(self) -> list[str]:
        """Ask SQLite to check its own structure; return what it says, nothing if all is well."""
        return [str(line) for (line,) in self.rows("PRAGMA integrity_check(20)") if line != "ok"]

    def data_version(self) -> int:
        """A number that changes when another connection has committed."""
        (version,) = self.row("PRAGMA data_version")
        return int(version)

    def moment(self) -> int:
        """A number that changes when anybody has committed, through this object too. It has a connection of its own,
        opened when it is first asked for: so it never waits for a commit of another thread, and an event loop may ask.
        """
        self._check_process()
        watch = self._watch or self._begin_to_watch()
        with self._watching, self._translated("reading"):
            (version,) = watch.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _begin_to_watch(self) -> sqlite3.Connection:
        # The locks in the order of close(): whoever writes may ask for the moment too.
        with self._lock.held(Deadline.after(_OPEN_SECONDS)), self._watching, self._translated("opening"):
            if self._watch is None:
                self._watch = _connect(self.path)
                self._watch.execute("PRAGMA data_version").fetchone()  # SQLite opens the file now, not before
            return self._watch

    def close(self) -> None:
        """Close the connection, which may move the log into the file, under the lock. Twice is fine."""
        if self._pid != os.getpid() or self._connection not in _open_connections:
            return  # closed before; and a forked child leaves the parent's connection alone
        try:
            with self._lock.held(Deadline.after(_OPEN_SECONDS)), self._mutex, self._translated("closing"):
                self._close_connection()
        finally:
            self._lock.close()

    def _close_connection(self) -> None:
        with self._watching:
            for each in (self._watch, self._connection):  # the last one moves the log
                if each is not None:
                    _open_connections.remove(each)
                    each.close()

    def _check_process(self) -> None:
        if self._pid != os.getpid():
            raise UnavailableError(
                "forked",
                "this vault was opened before a fork",
                hint="open a Kernel in the process that uses it",
            )

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except _SQLITE_ERRORS as error:
            raise self._ours(error, doing) from error

    def _ours(self, error: Exception, doing: str) -> PalyraError:
        files = [self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal", "-shm")]
        closed = [file for file in files if file.exists() and not os.access(file, os.R_OK | os.W_OK)]
        if closed:
            return UnavailableError(
                "os_denied", f"{doing}: {closed[0]} cannot be read and written", hint="chmod 600 it"
            )
        return from_sqlite_error(error, f"{doing} {self.path}")


def from_sqlite_error(error: Exception, doing: str) -> PalyraError:
    """Return the error of ours for *error*, which happened while *doing*."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if name.startswith("SQLITE_FULL"):
        return UnavailableError(
            "disk_full", f"{doing}: the disk is full", hint="free some space and try again"
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        return UnavailableError(
            "locked", f"{doing}: another program holds the file", hint="find it, then try again"
        )
    if name in ("SQLITE_IOERR_SHORT_READ", "SQLITE_READONLY"):  # the files are writable
        return _damaged(doing, name)
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_NOMEM")):
        return UnavailableError(
            "os_error", f"{doing}: {name}", hint="check the disk and the file's owner and mode"
        )
    if isinstance(error, sqlite3.ProgrammingError):
        return UnavailableError(
            "closed", f"{doing}: it is closed", hint="the Kernel was closed; open it again"
        )
    return _damaged(doing, name)


def _damaged(doing: str, name: str) -> IntegrityError:
    return IntegrityError(
        "damaged", f"{doing}: the file is damaged ({name})", hint="restore it from a backup"
    )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=5.0, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    _open_connections.append(connection)
    return connection


def _create_or_check(path: Path) -> None:
    with translated(f"opening {path}"):
        if not check_owner_unopened(path, forbidden=0o077):
            create_file(path, b"")  # SQLite would give it the mode of the umask
            fsync_folder(path.parent)


def _close_all() -> None:
    """A connection that the interpreter closes at its end moves the log without the lock; so close it before."""
    for database in list(_open_databases):
        # There is nobody left to tell, and nothing is lost: the log stays.
        with suppress(PalyraError, KeyboardInterrupt):
            database.close()


atexit.register(_close_all)
_open_databases: weakref.WeakSet[DurableDatabase] = weakref.WeakSet()
_open_connections: list[sqlite3.Connection] = []
"""Keeps connections alive in a forked child, where closing one could touch the parent's log."""
