"""Alarms: the deadlines that are due, and what firing them leaves behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from watcher.domain.snapshot import Row
from watcher.pipeline.deadlines import DueRow, DueSource, Fired
from watcher.store.database import Database
from watcher.store.deadlines import mark_told, next_deadline, unpack_deadlines
from watcher.store.events import insert_owed, remember_ruleset
from watcher.store.rows import standing_of, to_ms, unpack
from watcher.store.versions import keep_version

_SOURCES = """SELECT s.key, s.name, s.epoch, s.interval_ms FROM sources s
    WHERE s.name IN (SELECT value FROM json_each(?))
    AND EXISTS (SELECT 1 FROM rows r WHERE r.source = s.key AND r.fires_at_ms <= ?)"""
_ROWS = """SELECT r.*, s.link FROM rows r JOIN sources s ON s.key = r.source
    WHERE r.source = ? AND r.fires_at_ms <= ? ORDER BY r.fires_at_ms LIMIT ?"""


class SqliteAlarms:
    """The DeadlineStore port over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due_sources(self, names: Collection[str], now: datetime) -> Sequence[DueSource]:
        """Return those of some sources that have due deadlines."""
        rows = self._database.connection().execute(_SOURCES, (json.dumps(list(names)), to_ms(now)))
        return [
            DueSource(
                name=row["name"],
                key=row["key"],
                epoch=row["epoch"],
                interval=timedelta(milliseconds=row["interval_ms"]),
            )
            for row in rows
        ]

    def due_rows(self, source: DueSource, now: datetime, limit: int) -> Sequence[DueRow]:
        """Return rows with due deadlines, those due the longest first."""
        rows = self._database.connection().execute(_ROWS, (source.key, to_ms(now), limit)).fetchall()
        return [_due_row(row, now) for row in rows]

    def settle(self, source: DueSource, fired: Sequence[Fired], ruleset: str) -> int:
        """Store events and deliveries and mark the deadlines as told, in one transaction; return the new events."""
        told = 0
        with self._database.write() as connection:
            key = remember_ruleset(connection, ruleset)
            for each in fired:
                conversation = each.due.row.conversation.id
                for owed in each.owed:
                    told += insert_owed(connection, owed, keep_version(connection, source.key, conversation), key)
                mark_told(connection, source.key, conversation, each.due.deadlines)
            closed = [each.due.row.conversation.id for each in fired if each.has_closed]
            connection.execute(
                "UPDATE rows SET is_closed_told = 1 WHERE source = ? AND id IN (SELECT value FROM json_each(?))",
                (source.key, json.dumps(closed)),
            )
        return told

    def next_deadline(self, names: Collection[str]) -> datetime | None:
        """Return when the earliest armed deadline of some sources fires."""
        return next_deadline(self._database.connection(), names)


def _due_row(stored: sqlite3.Row, now: datetime) -> DueRow:
    conversation = unpack(stored["id"], stored["doc"], stored["link"])
    row = Row(conversation=conversation, rev=stored["rev"], digest=stored["digest"], standing=standing_of(stored))
    due = tuple(deadline for deadline in unpack_deadlines(stored["deadlines"]) if deadline.is_due(now))
    return DueRow(row=row, deadlines=due)
