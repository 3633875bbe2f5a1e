"""The audit in SQLite: what no look has seen, what is to be seen of each channel, and what the last look found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from watcher.domain.audit import EVERY, Glimpse, Head
from watcher.domain.channel_health import ChannelHealth
from watcher.domain.lapse import Lapse
from watcher.pipeline.audit import Findings, Unseen
from watcher.pipeline.outbox import Owed
from watcher.store.channels import read_health
from watcher.store.database import Database
from watcher.store.delivery_id import delivery_id
from watcher.store.due import WAITING
from watcher.store.events import insert_deliveries, insert_owed, remember_ruleset
from watcher.store.lapses import read_lapses
from watcher.store.rows import EVENT_COLUMNS, event_of, instant, known_ms

_MS = timedelta(milliseconds=1)
_AROUND = 2 * EVERY


class SqliteAudit:
    """The AuditBooks port over a Database; `ruleset` is the text of the rules that the audit's own events go by."""

    def __init__(self, database: Database, *, ruleset: str = "") -> None:
        self._database = database
        self._ruleset = ruleset

    def unseen(self, limit: int) -> Sequence[Unseen]:
        """Return the first events that no look has seen, in storing order."""
        rows = self._database.connection().execute(_UNSEEN, (limit,)).fetchall()
        return [Unseen(seq=row["seq"], event=event_of(row), ruleset=row["ruleset"]) for row in rows]

    def ruleset(self, key: int) -> str:
        """Return the canonical text of the rules that events were routed by."""
        found = self._database.connection().execute("SELECT text FROM rulesets WHERE key = ?", (key,)).fetchone()
        return "[]" if found is None else str(found["text"])  # the events are gone as well, and their rules with them

    def missing(self, owed: Sequence[Owed]) -> Sequence[Owed]:
        """Return those of some events that are stored without a delivery that is owed at once, with what is missing."""
        expected = [
            [delivery_id(each.event.id, match.channel, match.stage), each.event.id]
            for each in owed
            for match in each.deliveries
        ]
        lost = {row["id"] for row in self._database.connection().execute(_MISSING, (json.dumps(expected),))}
        found = []
        for each in owed if lost else ():
            left = tuple(
                match for match in each.deliveries if delivery_id(each.event.id, match.channel, match.stage) in lost
            )
            found += [Owed(event=each.event, deliveries=left)] if left else []
        return found

    def glimpses(self, now: datetime, channels: Collection[str]) -> Mapping[str, Glimpse]:
        """Return what is to be seen of each channel for which something waits; `channels` are configured."""
        connection = self._database.connection()
        waiting = connection.execute(_CHANNELS).fetchall()
        return {row["channel"]: _glimpse(connection, row, now, channels) for row in waiting}

    def health(self, channel: str) -> ChannelHealth:
        """Return what is remembered of a channel, also of one for which nothing waits."""
        return read_health(self._database.connection(), channel)

    def lapses(self) -> Sequence[Lapse]:
        """Return the lapses that the last look found."""
        return read_lapses(self._database.connection())

    def store(self, findings: Findings, now: datetime, signed: timedelta) -> None:
        """Store what a look found; `signed` is its monotonic time."""
        with self._database.write() as connection:
            for each in findings.missing:
                insert_deliveries(connection, each.event, each.deliveries, each.event.time)
            key = remember_ruleset(connection, self._ruleset) if findings.owed else None
            for each in findings.owed:
                insert_owed(connection, each, None, key)
            connection.execute("DELETE FROM lapses")
            connection.executemany(_LAPSE, [_columns(lapse) for lapse in findings.open])
            connection.execute(_LOOKED, (findings.mark, known_ms(now), signed // _MS))

    def rest(self) -> None:
        """Note that nobody looks any more, on purpose."""
        with self._database.write() as connection:
            connection.execute("UPDATE audit SET signed_ms = NULL")


def _glimpse(connection: sqlite3.Connection, row: sqlite3.Row, now: datetime, channels: Collection[str]) -> Glimpse:
    channel, now_ms = row["channel"], known_ms(now)
    is_due = row["due_ms"] is not None and row["due_ms"] <= now_ms
    around = _AROUND // _MS
    bound = {"channel": channel, "now": now_ms, "from": now_ms - around, "to": now_ms + around}
    is_configured = channel in channels
    return Glimpse(
        waiting=row["waiting"] if is_configured else connection.execute(_STRANDED, bound).fetchone()[0],
        head=_head(connection, bound) if is_due else None,
        health=read_health(connection, channel),
        newest_sent=connection.execute(_NEWEST_SENT, bound).fetchone()[0] if is_due else None,
        is_configured=is_configured,
    )


def _head(connection: sqlite3.Connection, bound: Mapping[str, object]) -> Head | None:
    found = connection.execute(_HEAD, bound).fetchone()
    if found is None:
        return None
    return Head(
        id=found["id"],
        event=found["event"],
        attempts=found["attempts"],
        due_at=instant(found["due_at_ms"]),
        due=connection.execute(_DUE, bound).fetchone()[0],
    )


def _columns(lapse: Lapse) -> tuple[object, ...]:
    return lapse.kind.value, lapse.subject, known_ms(lapse.since), lapse.text, lapse.delivery, lapse.is_told


_UNSEEN = f"""SELECT e.ruleset, {EVENT_COLUMNS} WHERE e.seq > (SELECT seq FROM audit) ORDER BY e.seq LIMIT ?"""
# One statement, and so one state of the database: retention may take an event with its deliveries at any time.
_MISSING = """SELECT a.value ->> 0 AS id FROM json_each(?) a
    WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = a.value ->> 0)
    AND EXISTS (SELECT 1 FROM events e WHERE e.id = a.value ->> 1)"""
_CHANNELS = f"""SELECT channel, COUNT(*) AS waiting, MIN(due_at_ms) AS due_ms FROM deliveries WHERE {WAITING}
    GROUP BY channel"""
# No rule names a channel that is gone, so reminders for it are not missed.
_STRANDED = f"""SELECT COUNT(*) FROM deliveries WHERE channel = :channel AND {WAITING} AND state <> 'delivered'
    AND NOT (state = 'held' AND (stage GLOB 'repeat *' OR stage GLOB 'escalation *'))"""
_OF_CHANNEL = f"FROM deliveries WHERE channel = :channel AND due_at_ms <= :now AND {WAITING}"
_HEAD = f"SELECT id, event, attempts, due_at_ms {_OF_CHANNEL} ORDER BY due_at_ms, event LIMIT 1"
_DUE = f"SELECT COUNT(*) {_OF_CHANNEL}"
_NEWEST_SENT = """SELECT MAX(event) FROM deliveries WHERE channel = :channel AND state IN ('delivered', 'unconfirmed')
    AND settled_at_ms BETWEEN :from AND :to"""
_LAPSE = "INSERT INTO lapses(kind, subject, since_ms, text, delivery, is_told) VALUES(?, ?, ?, ?, ?, ?)"
_LOOKED = "UPDATE audit SET seq = coalesce(?, seq), looked_at_ms = ?, signed_ms = ?"
