"""Silences, read: those that mute or will, and those that did."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from watcher.domain.silence import Silence
from watcher.store.rows import known_ms
from watcher.store.silences import CompilePattern, silence_of


class SilenceHistory:
    """The stored silences."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, compile_pattern: CompilePattern, *, unended_at: datetime | None = None) -> list[Silence]:
        """Return silences, the one that ends first first: all, or those whose end is after an instant.

        A database that this version has not written to yet may have no place for silences, and so has none.
        """
        if not self._connection.execute(_IS_THERE).fetchone()[0]:
            return []
        after_ms = None if unended_at is None else known_ms(unended_at)
        rows = self._connection.execute(_SILENCES, {"after": after_ms}).fetchall()
        return [silence_of(row, compile_pattern) for row in rows]


_IS_THERE = "SELECT EXISTS(SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'silences')"
_SILENCES = """SELECT * FROM silences WHERE :after IS NULL OR (ended_at_ms IS NULL AND ends_at_ms > :after)
    ORDER BY COALESCE(ended_at_ms, ends_at_ms), key"""
