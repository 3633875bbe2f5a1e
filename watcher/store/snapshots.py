"""Sources and their snapshots: what is remembered of each, and the drafts of its polls."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from watcher.domain.conversation import Drift
from watcher.domain.health import Health
from watcher.pipeline.outbox import Owed
from watcher.pipeline.snapshots import Decide, PollRecord, SourceRecord
from watcher.store.database import Database, named_errors
from watcher.store.deadlines import store_deadlines, unpack_deadlines
from watcher.store.draft import SqliteDraft
from watcher.store.events import insert_owed, remember_ruleset
from watcher.store.rows import from_ms, row_of
from watcher.store.sources import store_health, store_poll, store_source

_BATCH = 500
_UPSERT = """INSERT INTO sources(name, api, identity, epoch, link, interval_ms) VALUES(?, ?, ?, 1, ?, ?)
    ON CONFLICT(name) DO UPDATE SET link = excluded.link, interval_ms = excluded.interval_ms"""
_ROWS_AFTER = "SELECT * FROM rows WHERE source = ? AND id > ? ORDER BY id LIMIT ?"


class SqliteSnapshots:
    """The SnapshotStore port over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_source(self, name: str, *, api: str, identity: str, link: str, interval: timedelta) -> SourceRecord:
        """Return what is remembered of a source; of another identity's list nothing, in a new epoch.

        What is stored stays until the first complete read under the new identity is committed.
        """
        interval_ms = interval // timedelta(milliseconds=1)
        known = _find(self._database.connection(), name)
        if known is None or (known["link"], known["interval_ms"]) != (link, interval_ms):  # seldom
            with self._database.write() as connection:
                connection.execute(_UPSERT, (name, api, identity, link, interval_ms))
                known = _find(connection, name)
        record = _record(known)
        return record if (record.api, record.identity) == (api, identity) else _renewed(record, api, identity)

    def records(self) -> Mapping[str, SourceRecord]:
        """Return what is remembered of every source, also of those that are no longer configured."""
        rows = self._database.connection().execute("SELECT * FROM sources").fetchall()
        return {row["name"]: _record(row) for row in rows}

    @contextmanager
    def draft(self, record: SourceRecord) -> Iterator[SqliteDraft]:
        """Give the draft of one poll, on this thread's connection. Raises StateError as `named_errors` does."""
        with named_errors(self._database.path):
            draft = SqliteDraft(self._database, record)
            try:
                yield draft
            finally:
                draft.drop()

    def rearm(self, record: SourceRecord, leads: str, decide: Decide) -> None:
        """Arm the deadlines of every row anew, in one transaction, and remember `leads` with the source."""
        with self._database.write() as connection:
            last = ""
            while rows := connection.execute(_ROWS_AFTER, (record.key, last, _BATCH)).fetchall():
                for row in rows:
                    stored = unpack_deadlines(row["deadlines"])
                    if (after := decide(row_of(row), stored)) != stored:
                        store_deadlines(connection, record.key, row["id"], after)
                last = rows[-1]["id"]
            connection.execute("UPDATE sources SET leads = ? WHERE key = ?", (leads, record.key))

    def forget_bytes(self, record: SourceRecord) -> None:
        """Forget what the rows looked like on the wire, so that the next read takes each of them value by value."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM pages WHERE source = ?", (record.key,))
            connection.execute("UPDATE rows SET digest = x'' WHERE source = ?", (record.key,))

    def drifts(self, record: SourceRecord) -> Mapping[str, tuple[Drift, bool]]:
        """Return the drifts found in this epoch by field, each with whether it has been told."""
        rows = self._database.connection().execute("SELECT * FROM drifts WHERE source = ?", (record.rows_key,))
        return {row["field"]: (Drift(field=row["field"], sample=row["sample"]), bool(row["is_told"])) for row in rows}

    def record_poll(self, record: SourceRecord, poll: PollRecord, owed: Sequence[Owed], ruleset: str) -> None:
        """Store a poll that read nothing usable, in one transaction."""
        with self._database.write() as connection:
            key = remember_ruleset(connection, ruleset)
            told = sum(insert_owed(connection, each, None, key) for each in owed)
            (store_health if record.is_renewed else store_source)(connection, record)
            store_poll(connection, record, replace(poll, events=told))


def _find(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = connection.execute("SELECT * FROM sources WHERE name = ?", (name,)).fetchone()
    return found


def _record(row: sqlite3.Row | None) -> SourceRecord:
    if row is None:  # it was written in this transaction
        raise AssertionError
    health = Health(
        failures=row["failures"],
        failing_since=from_ms(row["failing_since_ms"]),
        error=row["error"],
        is_told=bool(row["is_failing_told"]),
    )
    return SourceRecord(
        key=row["key"],
        name=row["name"],
        epoch=row["epoch"],
        link=row["link"],
        leads=row["leads"],
        zone=row["zone"],
        baseline_at=from_ms(row["baseline_at_ms"]),
        last_read_at=from_ms(row["last_read_at_ms"]),
        last_poll_at=from_ms(row["last_poll_at_ms"]),
        health=health,
        suspect_since=from_ms(row["suspect_since_ms"]),
        suspect_reason=row["suspect_reason"],
        is_accepted=bool(row["is_accepted"]),
        not_before=from_ms(row["not_before_ms"]),
        api=row["api"],
        identity=row["identity"],
    )


def _renewed(record: SourceRecord, api: str, identity: str) -> SourceRecord:
    return SourceRecord(
        key=record.key,
        name=record.name,
        epoch=record.epoch + 1,
        link=record.link,
        leads=record.leads,
        last_poll_at=record.last_poll_at,
        health=record.health,
        api=api,
        identity=identity,
        is_renewed=True,
    )
