"""The database: one SQLite file in WAL mode, opened, guarded and written in whole transactions."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xxhash

from watcher.domain.errors import StateError
from watcher.store.place import make_place, open_private
from watcher.store.steps import STEPS, applied_steps, refuse_newer
from watcher.store.wal import CHECKPOINT_PAGES, Wal

FILE_NAME = "watcher.db"
BUSY_TIMEOUT_S = 30.0
_LEAVING_S = 1.0


class Database:
    """The state's SQLite file: a connection a thread for writing, and further ones for reading only.

    One write at a time: a lock of this process first, then SQLite's own, so that threads wait in turn
    instead of polling for SQLite's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.RLock()
        self.wal = Wal(path)
        self._local = threading.local()
        self._open_lock = threading.Lock()
        self._opened: list[tuple[threading.Thread, sqlite3.Connection]] = []
        _make_private(path)
        try:
            with named_errors(path), self.write() as connection:
                _migrate(connection, path)
                self._seed = _digest_seed(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one write transaction: all of it is stored on leaving, or, on an error, nothing.

        It begins IMMEDIATE: a deferred one that reads first and writes later fails at once when another one wrote
        in between, whatever the time-out.
        """
        connection = self.connection()
        with self._write_lock, named_errors(self.path):
            with _transaction(connection, "BEGIN IMMEDIATE"):
                yield connection
            self.wal.keep_small(connection, BUSY_TIMEOUT_S)

    @contextmanager
    def stage(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction over its TEMP tables, which takes no lock of the database."""
        connection = self.connection()
        with named_errors(self.path), _transaction(connection, "BEGIN"):
            yield connection

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, outside any transaction; its TEMP tables are its own."""
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            known = _connect(self.path)
            self._local.connection = known
            self._remember(known)
        return known

    def digest(self, body: bytes | memoryview, /) -> bytes:
        """Return the seeded 16-byte digest of some bytes (the Digest port)."""
        return xxhash.xxh3_128_digest(body, self._seed)

    def leave(self) -> None:
        """Close this thread's connection; for a thread that is about to end while the others go on."""
        own = threading.current_thread()
        with self._open_lock:
            for thread, connection in self._opened:
                if thread is own:
                    connection.close()
            self._opened = [(thread, kept) for thread, kept in self._opened if thread is not own]
        self._local.connection = None

    def close(self) -> None:
        """Close this thread's connection and those of threads that have ended; the last one folds the WAL file back.

        One that another thread may still be using is left to the end of the process: closing it under its hands would
        crash, and a connection that is never closed loses nothing.
        """
        with self._open_lock:
            own, until_s = threading.current_thread(), time.monotonic() + _LEAVING_S
            for thread, connection in self._opened:
                if thread is not own:
                    thread.join(max(0.0, until_s - time.monotonic()))  # most are about to end
                if thread is own or not thread.is_alive():
                    connection.close()
            self._opened = [(thread, left) for thread, left in self._opened if thread is not own and thread.is_alive()]
            self._local = threading.local()

    def _remember(self, connection: sqlite3.Connection) -> None:
        """Remember this thread's connection, and close those of threads that have ended."""
        with self._open_lock:
            for thread, left in self._opened:
                if not thread.is_alive():
                    left.close()
            self._opened = [(thread, kept) for thread, kept in self._opened if thread.is_alive()]
            self._opened.append((threading.current_thread(), connection))


@contextmanager
def open_named(path: Path) -> Iterator[Database]:
    """Give a database, made where there is none. Raises StateError for what SQLite cannot do with it in the block."""
    with named_errors(path):
        database = Database(path)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def open_existing(path: Path) -> Iterator[Database]:
    """Give a database that is there already, to be written beside whoever else does.

    Raises StateError where there is none, and as open_named does.
    """
    _require(path)
    with open_named(path) as database:
        yield database


@contextmanager
def open_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that cannot write. Raises StateError where there is no readable database."""
    _require(path)
    with named_errors(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
        )
        try:
            connection.execute("PRAGMA query_only=ON")
            connection.row_factory = sqlite3.Row
            yield connection
        finally:
            connection.close()


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Raise StateError, which says which file and what to do, for whatever SQLite cannot do in the block."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
        remedy = next((_REMEDIES[key] for key in _REMEDIES if name.startswith(key)), _ANY_REMEDY)
        text, may_pass = f"the database {path} cannot be used: {error} ({name})", name.startswith(_PASSING)
        raise StateError(text, remedy=remedy, may_pass=may_pass) from error


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """Commit the block; where that fails leave no transaction open (SQLite may have ended it by itself)."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _require(path: Path) -> None:
    if not path.exists():
        raise StateError(f"there is no database at {path}", remedy="run `watcher poll` or `watcher run` first")


def _connect(path: Path) -> sqlite3.Connection:
    """Open with the settings that the promises rest on.

    synchronous=FULL: with NORMAL a power cut takes acknowledged commits with it. WAL must be set outside a transaction.
    """
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
            # Only an empty file takes it (see retention), but any file is written to, once a connection.
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=FILE")
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply what is missing of the schema. Raises StateError for a database that a newer version has written."""
    applied = applied_steps(connection)
    refuse_newer(path, applied)
    if len(applied) == len(STEPS):
        return
    from sqlite_utils import Database as Tables  # noqa: PLC0415 - a fifth of a second that most starts need not pay

    from watcher.store.migrations import migrate  # noqa: PLC0415 - the same

    migrate(Tables(connection, recursive_triggers=False, execute_plugins=False))


def _make_private(path: Path) -> None:
    """Make the directory (0700) and the file (0600) before SQLite does, which would use the umask."""
    make_place(path.parent)
    os.close(open_private(path))


def _digest_seed(connection: sqlite3.Connection) -> int:
    connection.execute("INSERT OR IGNORE INTO settings(name, value) VALUES('digest_seed', ?)", (os.urandom(8),))
    row = connection.execute("SELECT value FROM settings WHERE name = 'digest_seed'").fetchone()
    return int.from_bytes(row[0])


_PASSING = ("SQLITE_BUSY", "SQLITE_FULL", "SQLITE_IOERR")
_ANY_REMEDY = "look at the file and its directory, or restore a backup"
_REMEDIES = {
    "SQLITE_NOTADB": "it is no SQLite file: move it away, or restore a backup; watcher never overwrites it",
    "SQLITE_CORRUPT": "it is damaged: move it away, or restore a backup; watcher never overwrites it",
    "SQLITE_BUSY": "another program holds it: stop that one first",
    "SQLITE_READONLY": "make the file and its directory writable for this user",
    "SQLITE_CANTOPEN": "make the file and its directory readable and writable for this user",
    "SQLITE_FULL": "the disk is full: make room",
    "SQLITE_IOERR_SHM": "the disk is full or reports errors: make room, or see the system log",
    "SQLITE_IOERR": "the disk reports errors: see the system log",
}
"""by the beginning of the error's name, which goes on with details as in SQLITE_IOERR_WRITE"""
