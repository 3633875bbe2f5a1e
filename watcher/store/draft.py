"""A draft: one poll's work in TEMP tables, moved into the database by a single short transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from watcher.domain.conversation import Drift
from watcher.domain.deadline import Deadline, Rearmed
from watcher.domain.listing import PageOutline
from watcher.domain.snapshot import Row
from watcher.pipeline.compare import ChangedRow, PageDelta, Remembered
from watcher.pipeline.outbox import Owed
from watcher.pipeline.snapshots import PollOutcome, PollRecord, SourceRecord, Tally
from watcher.store import draft_tables
from watcher.store.commit import Commit
from watcher.store.database import Database
from watcher.store.deadlines import columns, load_deadlines
from watcher.store.events import delivery_columns, event_columns
from watcher.store.pages import PageCache
from watcher.store.rows import pack, row_of, to_ms

_BUFFERED = 500


class SqliteDraft:
    """The Draft port: everything that a poll finds, invisible to everybody until commit.

    TEMP tables belong to this thread's connection and are written outside any transaction of the main database, so
    that the database is locked for the moment of the commit only. A crash leaves nothing behind.
    """

    def __init__(self, database: Database, record: SourceRecord) -> None:
        self._database = database
        self._record = record
        self._connection = database.connection()
        draft_tables.create(self._connection)
        self._pages = PageCache(self._connection, record)
        self._waiting: dict[str, list[tuple[object, ...]]] = {}
        self._is_union = False
        self._lost_in_union = False

    def remembered(self, position: int) -> Remembered | None:
        """Return a page of the read that this one is compared with, None where nothing is remembered."""
        return self._pages.load(position)

    def recall(self, position: int) -> PageOutline | None:
        """Return the outline of `remembered` (the PageMemory port)."""
        page = self.remembered(position)
        return page.outline if page else None

    def start_read(self, *, is_union: bool) -> None:
        """Begin to read (again). `is_union`: what was kept stays; otherwise what was taken in is dropped."""
        with self._database.stage() as connection:
            connection.execute("DELETE FROM temp.draft_sighted")
            if not is_union:
                connection.execute("DELETE FROM temp.draft_taken")
        self._pages.restart()
        self._is_union = is_union

    def keep(self) -> None:
        """Keep a complete read as the base that the next one, its union, is compared with."""
        with self._database.stage() as connection:
            connection.execute("UPDATE temp.draft_taken SET is_base = 1")
            self._pages.turn_over()

    def stored_digests(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the digests of rows as they were last read; a row that was never stored is left out."""
        if not ids:
            return {}
        table = "temp.draft_taken WHERE ? AND" if self._is_union else "main.rows WHERE source = ? AND"
        query = f"SELECT id, digest FROM {table} id IN (SELECT value FROM json_each(?))"
        found = self._connection.execute(query, (self._key, json.dumps(list(ids))))
        return {row[0]: row[1] for row in found}

    def take(self, position: int, page: Remembered, delta: PageDelta) -> None:
        """Take in a page of the listing."""
        with self._database.stage() as connection:
            connection.executemany(draft_tables.TAKE, [(row.id, row.digest, row.body) for row in delta.changed])
            moves = [(row_id, 1) for row_id in delta.came] + [(row_id, -1) for row_id in delta.left]
            connection.executemany(draft_tables.COUNT_MOVE, moves)
        self._pages.put(position, page)

    def tally(self) -> Tally:
        """Count what was taken in since start_read, against the snapshot or, in a union, against what was kept."""
        with self._database.stage() as connection:
            unvisited = [(row_id, -1) for row_id in self._pages.unvisited_ids()]
            connection.executemany(draft_tables.COUNT_MOVE, unvisited)
            twice = self._pages.held_of(draft_tables.removed_that_came(connection, self._key))
            counts = draft_tables.count(
                connection, self._key, self._pages.remembered_rows, len(twice), is_union=self._is_union
            )
        # the last read of the union, which is remembered, lacks rows that an earlier one had: they are stored as listed
        self._lost_in_union = self._is_union and counts.first_seen > counts.rows
        return counts

    def changed_rows(self, batch: int = 500) -> Iterator[Sequence[tuple[ChangedRow, Row | None]]]:
        """Yield the rows whose bytes differ, each with the stored row, in batches, in list order."""
        last = 0
        while found := self._connection.execute(draft_tables.CHANGED, (self._key, last, batch)).fetchall():
            yield [
                (
                    ChangedRow(id=row["id"], digest=row["new_digest"], body=row["body"]),
                    row_of(row) if row["doc"] is not None else None,
                )
                for row in found
            ]
            last = found[-1]["n"]

    def returned_rows(self, batch: int = 500) -> Iterator[Sequence[Row]]:
        """Yield the stored rows that came unchanged but were not listed before, in batches."""
        return self._rows("returned", batch)

    def absent_rows(self, batch: int = 500) -> Iterator[Sequence[Row]]:
        """Yield the known rows that did not come, in batches."""
        return self._rows("absent", batch)

    def hidden_rows(self, limit: int) -> Sequence[Row]:
        """Return the hidden rows that did not come, those asked after the longest ago first."""
        found = self._connection.execute(draft_tables.HIDDEN, (self._key, limit))
        return [row_of(row) for row in found]

    def deadlines_of(self, ids: Collection[str]) -> Mapping[str, Sequence[Deadline]]:
        """Return the stored deadlines of some conversations."""
        return load_deadlines(self._connection, self._key, ids)

    def put_digest(self, conversation_id: str, digest: bytes) -> None:
        """Remember the bytes of a row whose values are the same."""
        self._buffer("digests", (conversation_id, digest))

    def put_row(self, row: Row, *, is_same_version: bool) -> None:
        """Store a row; `is_same_version`: its values are those that are stored already."""
        standing = row.standing
        doc = None if is_same_version else pack(row.conversation)
        self._buffer(
            "settled",
            (
                row.conversation.id,
                row.digest,
                doc,
                row.rev,
                standing.presence.value,
                standing.absent_reads,
                to_ms(standing.absent_since),
                to_ms(standing.known_at),
                standing.is_closed_told,
                to_ms(standing.waiting_since),
            ),
        )

    def put_deadlines(self, conversation_id: str, rearmed: Rearmed) -> None:
        """Store what a conversation gains and loses in deadlines."""
        for deadline in rearmed.drop:
            self._buffer("dropped", columns(self._record.key, conversation_id, deadline)[:5])
        for deadline in rearmed.add:
            self._buffer("armed", columns(self._record.key, conversation_id, deadline))

    def put_owed(self, owed: Owed) -> None:
        """Store an event with the deliveries that are owed for it; one that is stored already is not stored again."""
        has_row = owed.event.conversation is not None
        self._buffer("events", (*event_columns(owed.event), has_row))
        for channel, rule in owed.deliveries:
            self._buffer("deliveries", delivery_columns(owed.event, channel, rule))

    def commit(self, record: SourceRecord, poll: PollRecord, drifts: Collection[Drift], ruleset: str) -> int:
        """Move everything into the database in one transaction; return how many events were new."""
        self._flush()
        work = Commit(before=self._record, after=record, poll=poll, drifts=tuple(drifts), ruleset=ruleset)
        with self._database.write() as connection:
            told = work.run(connection)
            if poll.outcome is PollOutcome.COMPLETE and not self._lost_in_union:
                self._pages.store()
            else:
                self._pages.forget()
            return told

    def drop(self) -> None:
        """Forget everything."""
        draft_tables.clear(self._connection)

    @property
    def _key(self) -> int:
        """The key of what is stored already; rows, deadlines and pages are put under the source's own."""
        return self._record.rows_key

    def _rows(self, table: str, batch: int) -> Iterator[Sequence[Row]]:
        last = ""
        query = draft_tables.STORED.format(table=table)
        while found := self._connection.execute(query, (self._key, last, batch)).fetchall():
            yield [row_of(row) for row in found]
            last = found[-1]["id"]

    def _buffer(self, table: str, columns: tuple[object, ...]) -> None:
        waiting = self._waiting.setdefault(table, [])
        waiting.append(columns)
        if len(waiting) >= _BUFFERED:
            self._flush()

    def _flush(self) -> None:
        with self._database.stage() as connection:
            for table, waiting in self._waiting.items():
                connection.executemany(draft_tables.INSERTS[table], waiting)
        self._waiting.clear()
