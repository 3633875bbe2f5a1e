"""The event log, read: from an instant or a place on, one event by its id, those of one conversation."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.domain.errors import NotFoundError
from watcher.domain.event import Event, EventType
from watcher.domain.sight import matching
from watcher.store.rows import EVENT_COLUMNS, event_of, from_ms, to_ms

BATCH = 500
NEAR_DIGITS = 3
"""an id that shares fewer of its first digits with a mistyped one is not what was meant"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event at its place in the log: `seq` rises in storing order."""

    seq: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are meant: from an instant on, of the types that a glob matches, of one source; None for all."""

    since: datetime | None = None
    types: str | None = None
    source: str | None = None


class EventHistory:
    """The stored events. A long reading goes batch by batch, so that it holds up no checkpoint of the WAL."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, wanted: EventFilter, *, limit: int | None = None) -> Iterator[LoggedEvent]:
        """Yield events, oldest first; with a `limit` the newest so many of them."""
        place = (to_ms(wanted.since) or 0, -1) if limit is None else self._place_of_last(wanted, limit)
        sql = f"""SELECT {EVENT_COLUMNS} WHERE (e.time_ms, e.seq) > (?, ?) {_kept(wanted)}
            ORDER BY e.time_ms, e.seq LIMIT ?"""
        while found := self._connection.execute(sql, (*place, *_bound(wanted), BATCH)).fetchall():
            for row in found:
                yield LoggedEvent(seq=row["seq"], event=event_of(row))
            place = (found[-1]["time_ms"], found[-1]["seq"])

    def read_after(self, seq: int, wanted: EventFilter) -> Iterator[LoggedEvent]:
        """Yield the events that were stored after a place in the log, in storing order."""
        sql = f"SELECT seq FROM events e WHERE seq > ? {_kept(wanted)} ORDER BY seq LIMIT ?"
        while found := self._connection.execute(sql, (seq, *_bound(wanted), BATCH)).fetchall():
            yield from self._load([row["seq"] for row in found])
            seq = found[-1]["seq"]

    def last_seq(self) -> int:
        """Return the log's last place, 0 for an empty one."""
        return int(self._connection.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0])

    def begins_at(self) -> datetime | None:
        """Return the time of the oldest event that is kept, None where there is none."""
        return from_ms(self._connection.execute("SELECT MIN(time_ms) FROM events").fetchone()[0])

    def at(self, seqs: Sequence[int]) -> list[Event]:
        """Return the events of some places in the log, in the order of the places."""
        return [logged.event for logged in self._load(seqs)]

    def find(self, written: str) -> LoggedEvent:
        """Return the event whose id begins with what was written.

        Raises NotFoundError, which names those that begin so, or the nearest ones.
        """
        prefix = written.strip().rstrip("….").lower()
        ids = [row["id"] for row in self._connection.execute(_BY_ID, (prefix, prefix + "g"))] if prefix else []
        if not ids:
            raise NotFoundError(f"there is no event {written!r}", remedy=self._suggest(prefix))
        if len(ids) > 1 and ids[0] != prefix:
            raise NotFoundError(f"several events begin with {prefix}: {', '.join(ids)}", remedy="write more of the id")
        return self._load_one(ids[0])

    def of_conversation(self, source: str, conversation: str, *, limit: int | None = None) -> list[LoggedEvent]:
        """Return the events of a conversation, oldest first; with a `limit` the newest so many of them."""
        sql = "SELECT seq FROM events WHERE subject = ? AND source = ? ORDER BY seq DESC LIMIT ?"
        rows = self._connection.execute(sql, (conversation, source, -1 if limit is None else limit)).fetchall()
        return list(self._load([row["seq"] for row in reversed(rows)]))

    def ruleset(self, seq: int) -> str | None:
        """Return the canonical text of the rules that an event was routed by, None where none is on record."""
        sql = "SELECT r.text FROM events e JOIN rulesets r ON r.key = e.ruleset WHERE e.seq = ?"
        row = self._connection.execute(sql, (seq,)).fetchone()
        return None if row is None else str(row["text"])

    def _place_of_last(self, wanted: EventFilter, limit: int) -> tuple[int, int]:
        """Return the place just before the newest `limit` events."""
        sql = f"""SELECT time_ms, seq FROM events e WHERE time_ms >= ? {_kept(wanted)}
            ORDER BY time_ms DESC, seq DESC LIMIT 1 OFFSET ?"""
        since_ms = to_ms(wanted.since) or 0
        row = self._connection.execute(sql, (since_ms, *_bound(wanted), limit)).fetchone()
        return (since_ms, -1) if row is None else (row["time_ms"], row["seq"])

    def _load(self, seqs: Sequence[int]) -> Iterator[LoggedEvent]:
        sql = f"SELECT {EVENT_COLUMNS} WHERE e.seq IN (SELECT value FROM json_each(?))"
        rows = self._connection.execute(sql, (json.dumps(seqs),)).fetchall()
        by_seq = {row["seq"]: LoggedEvent(seq=row["seq"], event=event_of(row)) for row in rows}
        # One that retention took in the meantime is left out.
        return (by_seq[seq] for seq in seqs if seq in by_seq)

    def _load_one(self, event_id: str) -> LoggedEvent:
        row = self._connection.execute(f"SELECT {EVENT_COLUMNS} WHERE e.id = ?", (event_id,)).fetchone()
        return LoggedEvent(seq=row["seq"], event=event_of(row))

    def _suggest(self, prefix: str) -> str:
        """Name the ids that stand next to a mistyped one."""
        below = self._connection.execute("SELECT id FROM events WHERE id < ? ORDER BY id DESC LIMIT 1", (prefix,))
        above = self._connection.execute("SELECT id FROM events WHERE id > ? ORDER BY id LIMIT 1", (prefix,))
        near = [row["id"] for row in (*below, *above) if row["id"][:NEAR_DIGITS] == prefix[:NEAR_DIGITS]]
        if prefix and near:
            return f"the nearest: {', '.join(near)}"
        return "see `watcher events`; for a conversation name the rule: `watcher explain CONVERSATION --rule RULE`"


_BY_ID = "SELECT id FROM events WHERE id >= ? AND id < ? ORDER BY id LIMIT 4"  # ids are hex: g comes after all of them


def _kept(wanted: EventFilter) -> str:
    """Return the conditions of a filter beside the time."""
    types = "" if wanted.types is None else "AND e.type IN (SELECT value FROM json_each(?))"
    return f"{types} {'' if wanted.source is None else 'AND e.source = ?'}"


def _bound(wanted: EventFilter) -> list[Any]:
    types = [] if wanted.types is None else [json.dumps(matching([wanted.types], [kind.value for kind in EventType]))]
    return [*types, *([] if wanted.source is None else [wanted.source])]
