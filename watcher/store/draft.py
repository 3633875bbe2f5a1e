"""A draft: one poll's work in TEMP tables, moved into the database by a single short transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from watcher.domain.conversation import Drift
from watcher.domain.deadline import Deadline
from watcher.domain.listing import PageOutline, RawRow, Remembered
from watcher.domain.plain import FirstSight, Shown
from watcher.domain.snapshot import Row
from watcher.pipeline.compare import PageDelta
from watcher.pipeline.outbox import Owed
from watcher.pipeline.snapshots import PollOutcome, PollRecord, SourceRecord, Stored, Tally
from watcher.store import draft_tables
from watcher.store.chunks import CHUNK_ROWS, Kind, Pile, Spill
from watcher.store.commit import Commit, room
from watcher.store.database import Database
from watcher.store.deadlines import load_deadlines, pack_alarms, pack_deadlines, unpack_deadlines
from watcher.store.events import delivery_columns, event_columns
from watcher.store.newcomers import Newcomers
from watcher.store.pages import PageCache
from watcher.store.rows import known_ms, pack, pack_plain, row_of, standing_columns
from watcher.store.stored import StoredRow, load_stored, rows_of


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
        self._spill = Spill(database.path.parent)
        self._piles = {kind: Pile(self._spill) for kind in Kind}
        self._pages = PageCache(self._connection, record, self._piles[Kind.PAGES])
        self._newcomers = Newcomers(self._piles[Kind.TAKEN], self._spill)
        self._are_all_new = False
        self._taken: list[RawRow] = []
        self._nets: list[int] = []
        self._moved: Counter[str] = Counter()
        self._all_taken = 0
        self._is_union = False
        self._lost_in_union = False
        self._is_moved = False
        self._stayed: set[int] = set()
        self._near: Mapping[str, StoredRow] = {}
        self._names: tuple[str, ...] = ()

    def remembered(self, position: int) -> Remembered | None:
        """Return a page of the read that this one is compared with, None where nothing is remembered."""
        return self._pages.load(position)

    def recall(self, position: int) -> PageOutline | None:
        """Return the outline of `remembered` (the PageMemory port)."""
        page = self.remembered(position)
        return page.outline if page else None

    def knows_more_than(self, rows: int) -> bool:
        """Whether more rows than so many were in the last complete read (the PageMemory port)."""
        found = self._connection.execute(draft_tables.LISTED, (self._key, rows + 1))
        return len(found.fetchall()) > rows

    def start_read(self, *, is_union: bool) -> None:
        """Begin to read (again). `is_union`: what was kept stays; otherwise what was taken in is dropped."""
        self._flush()
        with self._database.stage() as connection:
            draft_tables.start_read(connection, is_union=is_union)
        if not is_union:
            self._piles[Kind.TAKEN].clear()
            self._newcomers.clear()
            self._are_all_new = self._record.baseline_at is None
            self._all_taken = 0
        self._pages.restart()
        self._is_union, self._is_moved = is_union, False
        self._stayed.clear()

    def keep(self) -> None:
        """Keep a complete read as the base that the next one, its union, is compared with."""
        self._flush()
        self._sight_stayed()
        with self._database.stage() as connection:
            draft_tables.keep_read(connection)
            self._newcomers.keep()
            self._pages.turn_over()

    def stored_digests(self, ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the digests of rows as they were last read; a row that was never stored is left out."""
        if not ids or (self._record.baseline_at is None and not self._is_union):
            return {}
        named = json.dumps(list(ids))
        if self._is_union:
            self._write_newcomers()
            return dict(map(tuple, self._connection.execute(draft_tables.KNOWN_IN_UNION, {"ids": named})))
        return dict(map(tuple, self._connection.execute(draft_tables.KNOWN, (self._key, named))))

    def take(self, position: int, page: Remembered, delta: PageDelta) -> None:
        """Take in a page of the listing."""
        came = delta.came
        self._is_moved |= bool(came or delta.left or (page.overlap and delta.changed))
        self._taken += delta.changed
        self._nets += [1 if row.id in came else 0 for row in delta.changed]
        if came or delta.left:
            changed = {row.id for row in delta.changed}
            self._moved.update([row_id for row_id in came if row_id not in changed])
            self._moved.subtract(delta.left)
        if len(self._taken) + len(self._moved) >= CHUNK_ROWS:
            self._flush()
        self._pages.put(position, page)

    def tally(self) -> Tally:
        """Count what was taken in since start_read, against the snapshot or, in a union, against what was kept."""
        for row_id in self._pages.unvisited_ids():
            self._moved[row_id] -= 1
            if len(self._moved) >= CHUNK_ROWS:
                self._flush()
        self._flush()
        if self._are_all_new and self._newcomers.count:
            if self._is_union or self._newcomers.are_different():
                return self._newcomers.tally(self._pages.remembered_rows)
            self._write_newcomers()
        if self._is_moved:
            self._sight_stayed()
        elif not self._is_union:
            counts = draft_tables.count_unchanged(self._connection, self._key, self._pages.remembered_rows)
            if counts is not None:
                return counts
        with self._database.stage() as connection:
            twice = self._pages.held_of(draft_tables.removed_that_came(connection, self._key))
            counts = draft_tables.count(
                connection, self._key, self._pages.remembered_rows, len(twice), is_union=self._is_union
            )
        # the last read of the union, which is remembered, lacks rows that an earlier one had: they are stored as listed
        self._lost_in_union = self._is_union and counts.first_seen > counts.rows
        return counts

    def changed_rows(self, names: Sequence[str]) -> Iterator[Sequence[tuple[RawRow, StoredRow | None]]]:
        """Yield the rows whose bytes differ, each with the stored row, in batches, in list order, each id once."""
        self._names = tuple(names)
        distinct = self._newcomers.count or draft_tables.taken_ids(self._connection)
        is_each_once = bool(self._stayed) or self._all_taken == distinct
        is_new = self._record.baseline_at is None
        for number, entries in self._piles[Kind.TAKEN].chunks():
            rows = list(map(RawRow._make, entries))
            if not is_each_once:
                rows = self._latest(rows, number)
            self._near = {} if is_new else load_stored(self._connection, self._key, [row.id for row in rows], names)
            yield [(row, self._near.get(row.id)) for row in rows]
        self._near = {}

    def returned_rows(self, batch: int = 500) -> Iterator[Sequence[Row]]:
        """Yield the stored rows that came unchanged but were not listed before, in batches."""
        return rows_of(self._connection, draft_tables.STORED.format(table="returned"), self._key, batch)

    def absent_rows(self, batch: int = 500) -> Iterator[Sequence[Row]]:
        """Yield the known rows that did not come, in batches."""
        return rows_of(self._connection, draft_tables.STORED.format(table="absent"), self._key, batch)

    def hidden_rows(self, limit: int) -> Sequence[Row]:
        """Return the hidden rows that did not come, those asked after the longest ago first."""
        return [row_of(row) for row in self._connection.execute(draft_tables.HIDDEN, (self._key, limit))]

    def deadlines_of(self, ids: Collection[str]) -> Mapping[str, Sequence[Deadline]]:
        """Return the stored deadlines of some conversations."""
        near = {row_id: unpack_deadlines(self._near[row_id].deadlines) for row_id in ids if row_id in self._near}
        far = [row_id for row_id in ids if row_id not in near]
        return {**near, **load_deadlines(self._connection, self._key, far)} if far else near

    def put_digest(self, conversation_id: str, digest: bytes) -> None:
        """Remember the bytes of a row whose values are the same."""
        self._piles[Kind.DIGESTS].add((digest, conversation_id))

    def put_digests(self, rows: Sequence[tuple[RawRow, Stored]]) -> None:
        """Remember the bytes of rows whose values are the same."""
        self._piles[Kind.BYTES].extend([(row.digest, stored.key) for row, stored in rows])

    def put_quiet_changes(self, rows: Sequence[tuple[RawRow, Stored, Shown]]) -> None:
        """Store the values of plain rows as their next version; see the port."""
        docs = pack_plain(self._names, [(row.id, shown) for row, _, shown in rows])
        entries = [(row.digest, doc, stored.key) for (row, stored, _), doc in zip(rows, docs, strict=True)]
        self._piles[Kind.QUIET].extend(entries)

    def put_first_sights(self, rows: Sequence[tuple[RawRow, FirstSight]], now: datetime) -> None:
        """Store plain rows that were never stored; see the port."""
        now_ms, source = known_ms(now), self._record.key
        docs = pack_plain(self._names, [(row.id, sight.shown) for row, sight in rows])
        alarms = pack_alarms([sight.alarms for _, sight in rows], now_ms)
        self._piles[Kind.FIRST].extend(
            [
                (source, row_id, digest, is_closed, now_ms if is_waiting else None, text, fires_at_ms, doc)
                for ((row_id, digest, _), (_, is_closed, is_waiting, _)), (text, fires_at_ms), doc in zip(
                    rows, alarms, docs, strict=True
                )
            ]
        )

    def put_row(
        self, row: Row, *, is_same_version: bool, deadlines: Sequence[Deadline] | None = None, is_shown: bool = False
    ) -> None:
        """Store a row; see the port."""
        text, fires_at_ms = (None, None) if deadlines is None else pack_deadlines(deadlines)
        columns = (row.digest, row.rev, *standing_columns(row.standing), text, fires_at_ms)
        if is_same_version:
            self._piles[Kind.SAME_VALUES].add((*columns, row.conversation.id))
            return
        values = (row.conversation.id, pack(row.conversation), is_shown)
        near = self._near.get(row.conversation.id)
        if near is None:
            self._piles[Kind.NEW_VALUES].add((*columns, *values))
        else:
            fires_otherwise = text is not None and fires_at_ms != near.fires_at_ms
            self._piles[Kind.NEXT_VALUES].add((*columns, near.key, *values, fires_otherwise))

    def put_owed(self, owed: Owed) -> None:
        """Store an event with the deliveries that are owed for it; one that is stored already is not stored again."""
        event = owed.event
        deliveries = [delivery_columns(event, match) for match in owed.deliveries]
        subject = event.subject if event.conversation is not None else None
        self._piles[Kind.EVENTS].add((event_columns(event), subject, deliveries))

    def commit(self, record: SourceRecord, poll: PollRecord, drifts: Collection[Drift], ruleset: str) -> int:
        """Move everything into the database in one transaction; return how many events were new."""
        work = Commit(
            before=self._record, after=record, poll=poll, drifts=tuple(drifts), ruleset=ruleset, piles=self._piles
        )
        with self._database.write() as connection, room(connection, self._piles):
            told = work.run(connection)
            if poll.outcome is PollOutcome.COMPLETE and not self._lost_in_union:
                self._pages.store()
            else:
                self._pages.forget()
            return told

    def drop(self) -> None:
        """Forget everything."""
        draft_tables.clear(self._connection)
        self._spill.close()

    @property
    def _key(self) -> int:
        """The key of what is stored already; rows, deadlines and pages are put under the source's own."""
        return self._record.rows_key

    def _flush(self) -> None:
        """Write down what the pages so far came by; changed rows that stand where they stood are left out at first."""
        if not self._taken and not self._moved:
            return
        self._is_moved |= bool(self._moved)
        is_new = self._are_all_new and not self._is_union and not self._moved and all(self._nets)
        if not is_new:
            self._write_newcomers()
        with self._database.stage() as connection:
            for first in range(0, len(self._taken), CHUNK_ROWS):
                rows, nets = self._taken[first : first + CHUNK_ROWS], self._nets[first : first + CHUNK_ROWS]
                number = self._piles[Kind.TAKEN].put(rows)
                if is_new:
                    self._newcomers.hold(rows, number)
                    continue
                pairs = zip(rows, nets, strict=True)
                sightings = [(row.id, net, number, row.digest) for row, net in pairs if net or self._is_union]
                connection.executemany(draft_tables.SIGHT, sightings)
                if len(sightings) < len(rows):
                    self._stayed.add(number)
            # of one that left a page and came on the next nothing needs writing down
            moved = [(row_id, net, None, None) for row_id, net in self._moved.items() if net]
            connection.executemany(draft_tables.SIGHT, moved)
        self._all_taken += len(self._taken)
        self._taken, self._nets, self._moved = [], [], Counter()

    def _write_newcomers(self) -> None:
        """Write down the ids of a first read that has turned out not to be a plain one."""
        if self._are_all_new:
            with self._database.stage() as connection:
                self._newcomers.write(connection)
            self._are_all_new = False

    def _sight_stayed(self) -> None:
        """Write down the rows that stayed, too: where something moved or pages overlap, one may have come twice."""
        if not self._stayed:
            return
        with self._database.stage() as connection:
            for number, entries in self._piles[Kind.TAKEN].chunks():
                if number in self._stayed:
                    sightings = [(row_id, number, digest) for row_id, digest, _ in entries]
                    connection.executemany(draft_tables.SIGHT_STAYED, sightings)
        self._stayed.clear()

    def _latest(self, rows: Sequence[RawRow], number: int) -> list[RawRow]:
        """Return those of a chunk that no later one holds as well."""
        named = json.dumps([row.id for row in rows])
        latest = dict(map(tuple, self._connection.execute(draft_tables.LATEST, {"ids": named})))
        return list({row.id: row for row in rows if latest.get(row.id) == number}.values())
