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
_AGAIN_AFTER_S, _LONGEST_PAUSE_S = 1.0, 60.0


class Wal:
    """The WAL file of one database, `next_at_s` when it may be looked after again (monotonic, in s).

    SQLite folds it back by itself, but begins it anew only at a moment in which nobody reads: many short readers that
    overlap let it grow without end, and one transaction over very many rows leaves it large for good.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._pause_s = _AGAIN_AFTER_S
        self.next_at_s = 0.0

    def keep_small(self, connection: sqlite3.Connection, busy_timeout_s: float) -> None:
        """Empty it where it is too large: wait for those who are reading, but not for long, and ever less often.

        To be called by the one writer, outside a transaction. The commit before stands whatever becomes of this, so
        no error is raised; SQLite's own folding back, at a commit, keeps silent about errors for the same reason.
        """
        if self._size() <= LARGEST_BYTES or time.monotonic() < self.next_at_s:
            return
        connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
        try:
            is_busy = bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        except sqlite3.Error:
            is_busy = True
        finally:
            connection.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        self.next_at_s = time.monotonic() + self._pause_s if is_busy else 0.0
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S) if is_busy else _AGAIN_AFTER_S

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0
