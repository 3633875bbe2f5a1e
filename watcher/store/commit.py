"""The commit of a poll: from the draft's TEMP tables into the database, whole tables at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from watcher.domain.conversation import Drift
from watcher.pipeline.snapshots import PollRecord, SourceRecord
from watcher.store.events import remember_ruleset
from watcher.store.rows import to_ms
from watcher.store.sources import forget_list, store_poll, store_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one poll stores: the source before and after, its record, and the draft's tables."""

    before: SourceRecord
    after: SourceRecord
    poll: PollRecord
    drifts: tuple[Drift, ...]
    ruleset: str

    def run(self, connection: sqlite3.Connection) -> int:
        """Move the tables inside the caller's transaction; return how many events were new."""
        if self.before.is_renewed:
            forget_list(connection, self.before)
        self._move_rows(connection)
        told = self._move_events(connection)
        self._move_deadlines(connection)
        self._store_drifts(connection)
        store_source(connection, self.after)
        if self.before.is_accepted and not self.after.is_accepted:
            connection.execute("UPDATE sources SET is_accepted = 0 WHERE key = ?", (self.after.key,))
        store_poll(connection, self.after, replace(self.poll, events=told))
        return told

    def _move_rows(self, connection: sqlite3.Connection) -> None:
        """Store rows and their versions; a version that no event shows is overwritten, one that is shown is kept."""
        base = connection.execute("SELECT coalesce(max(key), 0) FROM versions").fetchone()[0]
        values = {"source": self.after.key, "base": base}
        for statement in (_OVERWRITE_VERSIONS, _INSERT_VERSIONS, _UPSERT_ROWS, _UPDATE_DIGESTS):
            connection.execute(statement, values)

    def _move_events(self, connection: sqlite3.Connection) -> int:
        last = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
        ruleset = remember_ruleset(connection, self.ruleset)
        values = {"source": self.after.key, "ruleset": ruleset, "last": last}
        told = connection.execute(_INSERT_EVENTS, values).rowcount
        connection.execute(_KEEP_VERSIONS, values)
        connection.execute(_INSERT_DELIVERIES, values)
        return max(0, told)

    def _move_deadlines(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            """DELETE FROM deadlines WHERE (source, conversation, kind, at_ms, lead_ms)
               IN (SELECT source, conversation, kind, at_ms, lead_ms FROM temp.draft_dropped)"""
        )
        connection.execute("INSERT OR REPLACE INTO deadlines SELECT * FROM temp.draft_armed")

    def _store_drifts(self, connection: sqlite3.Connection) -> None:
        """What a baseline found is told by the next poll: a baseline says nothing but that it is one."""
        at, is_told = to_ms(self.poll.ended_at), self.before.baseline_at is not None
        connection.executemany(
            "INSERT OR REPLACE INTO drifts(source, field, sample, seen_at_ms, is_told) VALUES(?, ?, ?, ?, ?)",
            [(self.after.key, drift.field, drift.sample, at, is_told) for drift in self.drifts],
        )


_NEEDS_VERSION = "t.doc IS NOT NULL AND (r.id IS NULL OR v.is_kept)"
_JOINED = """temp.draft_settled t LEFT JOIN main.rows r ON r.source = :source AND r.id = t.id
    LEFT JOIN main.versions v ON v.key = r.version"""
_OVERWRITE_VERSIONS = """UPDATE versions
    SET doc = (SELECT t.doc FROM temp.draft_settled t WHERE t.id = versions.conversation)
    WHERE NOT is_kept AND key IN (SELECT r.version FROM temp.draft_settled t
        CROSS JOIN main.rows r ON r.source = :source AND r.id = t.id WHERE t.doc IS NOT NULL)"""
_INSERT_VERSIONS = f"""INSERT INTO versions(key, source, conversation, doc)
    SELECT :base + t.n, :source, t.id, t.doc FROM {_JOINED} WHERE {_NEEDS_VERSION}"""
_UPSERT_ROWS = f"""INSERT INTO rows(source, id, digest, version, rev, presence, absent_reads, absent_since_ms,
        known_at_ms, is_closed_told, waiting_since_ms)
    SELECT :source, t.id, t.digest, CASE WHEN {_NEEDS_VERSION} THEN :base + t.n ELSE r.version END, t.rev, t.presence,
        t.absent_reads, t.absent_since_ms, t.known_at_ms, t.is_closed_told, t.waiting_since_ms
    FROM {_JOINED} WHERE true
    ON CONFLICT(source, id) DO UPDATE SET digest = excluded.digest, version = excluded.version, rev = excluded.rev,
        presence = excluded.presence, absent_reads = excluded.absent_reads,
        absent_since_ms = excluded.absent_since_ms, known_at_ms = excluded.known_at_ms,
        is_closed_told = excluded.is_closed_told, waiting_since_ms = excluded.waiting_since_ms"""
_UPDATE_DIGESTS = """UPDATE rows SET digest = (SELECT d.digest FROM temp.draft_digests d WHERE d.id = rows.id)
    WHERE source = :source AND id IN (SELECT id FROM temp.draft_digests)"""
_INSERT_EVENTS = """INSERT INTO events(id, source, type, subject, time_ms, severity, after_ms, before_ms, details,
        version, ruleset)
    SELECT e.id, e.source, e.type, e.subject, e.time_ms, e.severity, e.after_ms, e.before_ms, e.details,
        CASE WHEN e.has_row THEN (SELECT version FROM rows WHERE source = :source AND id = e.subject) END, :ruleset
    FROM temp.draft_events e WHERE true ORDER BY e.n ON CONFLICT(id) DO NOTHING"""
_KEEP_VERSIONS = """UPDATE versions SET is_kept = 1 WHERE key IN (SELECT version FROM events WHERE seq > :last)"""
_INSERT_DELIVERIES = """INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms)
    SELECT d.id, e.seq, d.channel, d.rule, d.state, d.time_ms, d.time_ms
    FROM temp.draft_deliveries d JOIN main.events e ON e.id = d.event WHERE e.seq > :last ON CONFLICT DO NOTHING"""
