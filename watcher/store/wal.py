"""The WAL file: kept small also where SQLite alone would let it grow."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

CHECKPOINT_PAGES = 3000
"""12 MB before it is folded back, three times SQLite's own: a poll with many events writes over a thousand pages, most
of them again at the next one, and its messages wait for the checkpoint in its commit"""
LARGEST_BYTES = 14 * 2**20
"""what the poll that passes the above may leave it at"""
_PATIENCE_MS = 100
_AGAIN_AFTER_S = 1.0


class Wal:
    """The WAL file of one database, `next_at_s` when it may be looked after again (monotonic, in s).

    SQLite folds it back by itself, but begins it anew only at a moment in which nobody reads: many short readers that
    overlap let it grow without end, and one transaction over very many rows leaves it large for good.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self.next_at_s = 0.0

    def keep_small(self, connection: sqlite3.Connection, busy_timeout_s: float) -> None:
        """Empty it where it is too large: wait for those who are reading, but not for long, nor again and again.

        To be called by the one writer, outside a transaction. The commit before stands whatever becomes of this, so
        no error is raised: what is wrong with the disk shows in the next one.
        """
        if self._size() <= LARGEST_BYTES or time.monotonic() < self.next_at_s:
            return
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        try:
            is_busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.OperationalError:
            is_busy = 1
        finally:
            connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        self.next_at_s = time.monotonic() + _AGAIN_AFTER_S if is_busy else 0.0

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
