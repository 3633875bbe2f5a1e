"""Lapses, read: what the last look of the audit found wrong."""

from __future__ import annotations

import sqlite3

from watcher.domain.lapse import Lapse, LapseKind
from watcher.store.rows import instant


def read_lapses(connection: sqlite3.Connection) -> list[Lapse]:
    """Return the lapses that the last look found, the oldest first."""
    return [
        Lapse(
            kind=LapseKind(row["kind"]),
            subject=row["subject"],
            text=row["text"],
            since=instant(row["since_ms"]),
            delivery=row["delivery"],
            is_told=bool(row["is_told"]),
        )
        for row in connection.execute("SELECT * FROM lapses ORDER BY since_ms, kind, subject")
    ]
