"""The commit of a poll: from the draft's piles into the database, chunk by chunk in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count

from watcher.domain.conversation import Drift
from watcher.pipeline.snapshots import PollRecord, SourceRecord
from watcher.store.chunks import Entry, Kind, Pile
from watcher.store.events import remember_ruleset
from watcher.store.follow_ups import take_in
from watcher.store.rows import to_ms
from watcher.store.sources import forget_list, store_poll, store_source
from watcher.store.versions import keep_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one poll stores: the source before and after, its record, and the draft's piles."""

    before: SourceRecord
    after: SourceRecord
    poll: PollRecord
    drifts: tuple[Drift, ...]
    ruleset: str
    piles: Mapping[Kind, Pile]

    def run(self, connection: sqlite3.Connection) -> int:
        """Move the piles inside the caller's transaction; return how many events were new."""
        if self.before.is_renewed:
            forget_list(connection, self.before)
        shown = self._store_rows(connection)
        told = self._store_events(connection, shown)
        self._store_drifts(connection)
        store_source(connection, self.after)
        if self.before.is_accepted and not self.after.is_accepted:
            connection.execute("UPDATE sources SET is_accepted = 0 WHERE key = ?", (self.after.key,))
        store_poll(connection, self.after, replace(self.poll, events=told))
        return told

    def _store_rows(self, connection: sqlite3.Connection) -> Mapping[str, int]:
        """Store rows, and of those that an event shows a version beside; return the versions of some by their ids."""
        source = self.after.key
        keys = count(connection.execute("SELECT coalesce(max(key), 0) + 1 FROM versions").fetchone()[0])
        for _, entries in self.piles[Kind.NEW_VALUES].chunks():
            rows = [(source, *entry[:-1], next(keys) if entry[-1] else None) for entry in entries]
            connection.executemany(_INSERT_VERSION, [(row[-1], source, *row[-3:-1]) for row in rows if row[-1]])
            connection.executemany(_NEW_VALUES, rows)
        shown: dict[str, int] = {}
        for _, entries in self.piles[Kind.NEXT_VALUES].chunks():
            versions = self._store_next(connection, entries, keys)
            if len(shown) < _SHOWN:
                shown.update(versions)
        for kind, statement in ((Kind.SAME_VALUES, _SAME_VALUES), (Kind.DIGESTS, _DIGESTS)):
            for _, entries in self.piles[kind].chunks():
                connection.executemany(statement, [(source, *entry) for entry in entries])
        for kind, statement in ((Kind.FIRST, _FIRST), (Kind.QUIET, _QUIET), (Kind.BYTES, _BYTES)):
            for _, entries in self.piles[kind].chunks():
                connection.executemany(statement, entries)
        return shown

    def _store_next(
        self, connection: sqlite3.Connection, entries: Sequence[Entry], keys: Iterator[int]
    ) -> Mapping[str, int]:
        """Store the next values of rows by their keys, and return the versions that were made by their ids.

        Only what changed is written: an index costs a page of the file wherever its columns are named.
        """
        shown: dict[str, int] = {}
        versions: list[tuple[object, ...]] = []
        rows: dict[str, list[tuple[object, ...]]] = {_NEXT: [], _NEXT_REARMED: [], _NEXT_FIRING: []}
        for *values, text, fires_at_ms, key, row_id, doc, is_shown, fires_otherwise in entries:
            version = None
            if is_shown:
                version = shown[row_id] = next(keys)
                versions.append((version, self.after.key, row_id, doc))
            written = (*values, doc, version, key)
            if text is None:
                rows[_NEXT].append(written)
            elif fires_otherwise:
                rows[_NEXT_FIRING].append((text, fires_at_ms, *written))
            else:
                rows[_NEXT_REARMED].append((text, *written))
        connection.executemany(_INSERT_VERSION, versions)
        for statement, written_rows in rows.items():
            connection.executemany(statement, written_rows)
        return shown

    def _store_events(self, connection: sqlite3.Connection, shown: Mapping[str, int]) -> int:
        """Store events that are new, each with the version of the row that it shows, and what is owed for them."""
        ruleset = None
        told = 0
        for _, entries in self.piles[Kind.EVENTS].chunks():
            ruleset = ruleset or remember_ruleset(connection, self.ruleset)
            told += self._store_chunk(connection, entries, ruleset, shown)
        return told

    def _store_chunk(
        self,
        connection: sqlite3.Connection,
        entries: Sequence[Entry],
        ruleset: int | None,
        shown: Mapping[str, int],
    ) -> int:
        ids = json.dumps([columns[0] for columns, _, _ in entries])
        known = {row[0] for row in connection.execute(_KNOWN, (ids,))}
        new: dict[str, Entry] = {}
        for entry in entries:
            if entry[0][0] not in known:
                new.setdefault(entry[0][0], entry)
        versions = {
            subject: shown.get(subject) or keep_version(connection, self.after.key, subject)
            for subject in {subject for _, subject, _ in new.values() if subject is not None}
        }
        last = connection.execute(_LAST_SEQ).fetchone()[0]
        numbered = list(enumerate(new.values(), last + 1))
        connection.executemany(
            _INSERT_EVENT, [(seq, *columns, versions.get(subject), ruleset) for seq, (columns, subject, _) in numbered]
        )
        owed = [(seq, *delivery) for seq, (_, _, deliveries) in numbered for delivery in deliveries]
        connection.executemany(_INSERT_DELIVERY, owed)
        take_in(connection, [(seq, columns, deliveries) for seq, (columns, _, deliveries) in numbered])
        return len(new)

    def _store_drifts(self, connection: sqlite3.Connection) -> None:
        """What a baseline found is told by the next poll: a baseline says nothing but that it is one."""
        at, is_told = to_ms(self.poll.ended_at), self.before.baseline_at is not None
        connection.executemany(
            "INSERT OR REPLACE INTO drifts(source, field, sample, seen_at_ms, is_told) VALUES(?, ?, ?, ?, ?)",
            [(self.after.key, drift.field, drift.sample, at, is_told) for drift in self.drifts],
        )


@contextmanager
def room(connection: sqlite3.Connection, piles: Mapping[Kind, Pile]) -> Iterator[None]:
    """Let a transaction keep in memory what it writes more than once: pages of few rows, an index of many new ones.

    Of a page that was written away and is changed again, SQLite has to sum up the whole log once more. The pages of
    many rows are written once; but each new row touches the index of what is due anywhere.
    """
    is_few = sum(len(piles[kind]) for kind in _OF_ROWS) <= _FEW_ROWS
    size_kb = _FOR_FEW_KB if is_few else min(_LEAST_KB + len(piles[Kind.FIRST]) * _DUE_BYTES // 1024, _MOST_KB)
    kept = connection.execute("PRAGMA main.cache_size").fetchone()[0]
    connection.execute(f"PRAGMA main.cache_size = -{size_kb}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA main.cache_size = {kept}")


_FEW_ROWS = 2000
_OF_ROWS = frozenset(Kind) - {Kind.TAKEN, Kind.EVENTS, Kind.PAGES}
_FOR_FEW_KB = 8000
"""four times SQLite's own, of which as much is taken as the transaction has pages"""
_LEAST_KB = 2000
"""SQLite's own"""
_MOST_KB = 10_000
_DUE_BYTES = 26
"""of the index `rows_due`, a row"""

# The columns are in the order of the entries that the draft puts; a row without new deadlines keeps those it has.
_NEW_VALUES = """INSERT INTO rows(source, digest, rev, presence, absent_reads, absent_since_ms, known_at_ms,
        is_closed_told, waiting_since_ms, deadlines, fires_at_ms, id, doc, version)
    VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, coalesce(?10, ''), ?11, ?12, ?13, ?14)
    ON CONFLICT(source, id) DO UPDATE SET digest = ?2, rev = ?3, presence = ?4, absent_reads = ?5,
        absent_since_ms = ?6, known_at_ms = ?7, is_closed_told = ?8, waiting_since_ms = ?9,
        deadlines = coalesce(?10, deadlines), fires_at_ms = CASE WHEN ?10 IS NULL THEN fires_at_ms ELSE ?11 END,
        doc = ?13, version = ?14"""
_NEXT = """UPDATE rows SET digest = ?, rev = ?, presence = ?, absent_reads = ?, absent_since_ms = ?, known_at_ms = ?,
        is_closed_told = ?, waiting_since_ms = ?, doc = ?, version = ? WHERE key = ?"""
_NEXT_REARMED = _NEXT.replace("SET", "SET deadlines = ?,")
_NEXT_FIRING = _NEXT.replace("SET", "SET deadlines = ?, fires_at_ms = ?,")
_SHOWN = 2000
"""versions that are remembered from their rows to their events; those of others are looked up"""
_SAME_VALUES = """UPDATE rows SET digest = ?2, rev = ?3, presence = ?4, absent_reads = ?5, absent_since_ms = ?6,
        known_at_ms = ?7, is_closed_told = ?8, waiting_since_ms = ?9, deadlines = coalesce(?10, deadlines),
        fires_at_ms = CASE WHEN ?10 IS NULL THEN fires_at_ms ELSE ?11 END WHERE source = ?1 AND id = ?12"""
_FIRST = """INSERT INTO rows(source, id, digest, rev, presence, is_closed_told, waiting_since_ms, deadlines,
        fires_at_ms, doc) VALUES(?, ?, ?, 1, 'listed', ?, ?, ?, ?, ?)"""
_QUIET = "UPDATE rows SET digest = ?, doc = ?, rev = rev + 1, version = NULL WHERE key = ?"
_BYTES = "UPDATE rows SET digest = ? WHERE key = ?"
_DIGESTS = "UPDATE rows SET digest = ?2 WHERE source = ?1 AND id = ?3"
_INSERT_VERSION = "INSERT INTO versions(key, source, conversation, doc) VALUES(?, ?, ?, ?)"
_KNOWN = "SELECT id FROM events WHERE id IN (SELECT value FROM json_each(?))"
_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'"
_INSERT_EVENT = """INSERT INTO events(seq, id, source, type, subject, time_ms, severity, after_ms, before_ms, details,
        version, ruleset) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_DELIVERY = """INSERT INTO deliveries(event, id, channel, rule, state, due_at_ms, created_at_ms, stage, held_by)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
