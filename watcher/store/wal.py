"""The WAL file: kept small also where SQLite alone would let it grow."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Event
from time import monotonic

CHECKPOINT_PAGES = 2500
"""10 MB before it is folded back, two and a half times SQLite's own: a poll with many events writes over a thousand
pages, most of them again at the next one, and its messages wait for the checkpoint in its commit"""
LARGEST_BYTES = 11 * 2**20
"""what the poll that passes the above may leave it at"""
_PATIENCE_MS, _MOST_PATIENCE_MS = 100, 5_000
_STEP_BYTES = 2**18
_LOOK_AGAIN_S = 0.002
_ANOTHER_IS_AT_IT = -1
"""what SQLite says in the place of the WAL's pages where it was refused before it had begun"""
_SALT = slice(16, 24)
"""of the file's header: another one each time that SQLite begins it anew (file format, 4.1)"""


class Wal:
    """The WAL file of one database, `try_at_bytes` the size beyond which it is next to be emptied.

    SQLite folds it back by itself, but begins it anew only at a moment in which nobody reads: many short readers that
    overlap let it grow without end, and one transaction over very many rows leaves it large for good.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._begin()

    def keep_small(self, connection: sqlite3.Connection, busy_timeout_s: float) -> None:
        """Empty it where it is too large: wait for those who are reading, but not for long.

        Readers who overlap may keep it from being emptied by chance, and on a busy machine they take their time; then
        it is tried again after a little has been written, each time more patiently and after twice as much: one who
        reads for minutes holds the writer up a few times in all, by seconds. Once SQLite has begun it anew he is gone.
        To be called by this process's one writer, outside a transaction. The commit before stands whatever becomes of
        this, so no error is raised; SQLite's own folding back, at a commit, keeps silent about errors for the same
        reason.
        """
        size = self._size()
        if size <= LARGEST_BYTES:
            self._begin()
        elif size > self.try_at_bytes or self._salt() != self._busy_salt:
            self._empty(connection, busy_timeout_s, size)

    def _begin(self) -> None:
        self.try_at_bytes, self._step_bytes, self._patience_ms = LARGEST_BYTES, _STEP_BYTES, _PATIENCE_MS
        self._busy_salt = b""

    def _empty(self, connection: sqlite3.Connection, busy_timeout_s: float, size: int) -> None:
        try:
            is_small = self._wait_and_empty(connection)
        except sqlite3.Error:
            is_small = False
        finally:
            connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        if not is_small:
            self.try_at_bytes, self._step_bytes = size + self._step_bytes, 2 * self._step_bytes
            self._patience_ms = min(4 * self._patience_ms, _MOST_PATIENCE_MS)
            self._busy_salt = self._salt()

    def _wait_and_empty(self, connection: sqlite3.Connection) -> bool:
        """Empty the file, or have it emptied; return whether it is small again, at the latest when patience is over.

        Where another process is at it SQLite says so at once, whatever the time-out (sqlite3_wal_checkpoint_v2). That
        one may be waiting for a moment in which nobody writes: who went on writing at once would never give it to him,
        and as none of the two emptied it, it grew without end.
        """
        until_s = monotonic() + self._patience_ms / 1000
        while (left_ms := round((until_s - monotonic()) * 1000)) > 0:
            connection.execute(f"PRAGMA busy_timeout={left_ms}")
            is_busy, pages, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not is_busy or pages != _ANOTHER_IS_AT_IT:
                return not is_busy
            Event().wait(_LOOK_AGAIN_S)
            if self._size() <= LARGEST_BYTES:
                return True
        return False

    def _salt(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                return file.read(_SALT.stop)[_SALT]
        except OSError:
            return self._busy_salt

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0
