"""Alarms: the deadlines that are due, and what firing them leaves behind."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from watcher.domain.deadline import Deadline
from watcher.domain.snapshot import Row
from watcher.pipeline.deadlines import DueRow, DueSource, Fired
from watcher.store.database import Database
from watcher.store.deadlines import deadline_of, mark_told, next_deadline
from watcher.store.events import insert_owed, remember_ruleset
from watcher.store.rows import standing_of, to_ms, unpack

_SOURCES = """SELECT DISTINCT s.key, s.name, s.epoch, s.interval_ms FROM deadlines d
    JOIN sources s ON s.key = d.source WHERE d.state = 'armed' AND d.fires_at_ms <= ?
    AND s.name IN (SELECT value FROM json_each(?))"""
_ROWS = """SELECT d.conversation, d.kind, d.at_ms, d.lead_ms, d.known_at_ms AS learnt_at_ms, d.state, r.id, r.digest,
        r.rev, r.presence, r.absent_reads, r.absent_since_ms, r.known_at_ms, r.is_closed_told, r.waiting_since_ms,
        r.version, v.doc, s.link
    FROM deadlines d JOIN rows r ON r.source = d.source AND r.id = d.conversation
    JOIN versions v ON v.key = r.version JOIN sources s ON s.key = d.source
    WHERE d.source = ? AND d.state = 'armed' AND d.fires_at_ms <= ?
        AND d.conversation IN (SELECT DISTINCT conversation FROM deadlines
            WHERE source = ? AND state = 'armed' AND fires_at_ms <= ? ORDER BY fires_at_ms LIMIT ?)
    ORDER BY d.conversation"""


class SqliteAlarms:
    """The DeadlineStore port over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due_sources(self, names: Collection[str], now: datetime) -> Sequence[DueSource]:
        """Return those of some sources that have due deadlines."""
        rows = self._database.connection().execute(_SOURCES, (to_ms(now), json.dumps(list(names))))
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
        at = to_ms(now)
        rows = self._database.connection().execute(_ROWS, (source.key, at, source.key, at, limit)).fetchall()
        return [_due_row(list(group)) for _conversation, group in groupby(rows, key=lambda row: row["conversation"])]

    def settle(self, source: DueSource, fired: Sequence[Fired], ruleset: str) -> int:
        """Store events and deliveries and mark the deadlines as told, in one transaction; return the new events."""
        told = 0
        with self._database.write() as connection:
            key = remember_ruleset(connection, ruleset)
            for each in fired:
                told += sum(insert_owed(connection, owed, each.due.version, key) for owed in each.owed)
                mark_told(connection, source.key, each.due.row.conversation.id, each.due.deadlines)
            closed = [each.due.row.conversation.id for each in fired if each.has_closed]
            connection.execute(
                "UPDATE rows SET is_closed_told = 1 WHERE source = ? AND id IN (SELECT value FROM json_each(?))",
                (source.key, json.dumps(closed)),
            )
        return told

    def next_deadline(self, names: Collection[str]) -> datetime | None:
        """Return when the earliest armed deadline of some sources fires."""
        return next_deadline(self._database.connection(), names)


def _due_row(rows: list[sqlite3.Row]) -> DueRow:
    first = rows[0]
    conversation = unpack(first["id"], first["doc"], first["link"])
    row = Row(conversation=conversation, rev=first["rev"], digest=first["digest"], standing=standing_of(first))
    deadlines: tuple[Deadline, ...] = tuple(deadline_of(each, each["learnt_at_ms"]) for each in rows)
    return DueRow(row=row, version=first["version"], deadlines=deadlines)
