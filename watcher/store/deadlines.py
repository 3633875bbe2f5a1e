"""Deadlines as stored rows: loaded, armed, dropped and told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from watcher.domain.deadline import Deadline, DeadlineState, Rearmed
from watcher.domain.event import EventType
from watcher.store.rows import instant, to_ms

_MS = timedelta(milliseconds=1)
_INSERT = """INSERT OR REPLACE INTO deadlines(source, conversation, kind, at_ms, lead_ms, fires_at_ms,
    known_at_ms, state)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?)"""
_KEY = "source = ? AND conversation = ? AND kind = ? AND at_ms = ? AND lead_ms = ?"


def load_deadlines(
    connection: sqlite3.Connection, source: int, ids: Collection[str]
) -> Mapping[str, Sequence[Deadline]]:
    """Return the stored deadlines of some conversations."""
    found: dict[str, list[Deadline]] = {}
    rows = connection.execute(
        "SELECT * FROM deadlines WHERE source = ? AND conversation IN (SELECT value FROM json_each(?))",
        (source, json.dumps(list(ids))),
    )
    for row in rows:
        found.setdefault(row["conversation"], []).append(deadline_of(row, row["known_at_ms"]))
    return found


def deadline_of(row: sqlite3.Row, known_at_ms: int) -> Deadline:
    """Return the deadline of a row; `known_at_ms` apart, since a joined row may have another of that name."""
    return Deadline(
        kind=EventType(row["kind"]),
        at=instant(row["at_ms"]),
        lead=row["lead_ms"] * _MS,
        known_at=instant(known_at_ms),
        state=DeadlineState(row["state"]),
    )


def store_rearmed(connection: sqlite3.Connection, source: int, conversation: str, rearmed: Rearmed) -> None:
    """Store what one conversation gains and loses."""
    for deadline in rearmed.drop:
        connection.execute(f"DELETE FROM deadlines WHERE {_KEY}", _key(source, conversation, deadline))
    connection.executemany(_INSERT, [columns(source, conversation, deadline) for deadline in rearmed.add])


def mark_told(connection: sqlite3.Connection, source: int, conversation: str, deadlines: Iterable[Deadline]) -> None:
    """Mark deadlines as told: they never fire again for the same instant and lead."""
    connection.executemany(
        f"UPDATE deadlines SET state = 'told' WHERE {_KEY}",
        [_key(source, conversation, deadline) for deadline in deadlines],
    )


def columns(source: int, conversation: str, deadline: Deadline) -> tuple[object, ...]:
    """Return a deadline as the columns of the table, in its order."""
    key = _key(source, conversation, deadline)
    return (*key, to_ms(deadline.fires_at), to_ms(deadline.known_at), deadline.state.value)


def next_deadline(connection: sqlite3.Connection, sources: Collection[str]) -> datetime | None:
    """Return when the earliest armed deadline of some sources fires, None where none is armed.

    The + has it walk deadlines_armed in order of time and end at the first of these sources, mostly the very first:
    looking for the sources instead reads and sorts every deadline of each.
    """
    row = connection.execute(
        """SELECT fires_at_ms FROM deadlines WHERE state = 'armed' AND +source IN
           (SELECT key FROM sources WHERE name IN (SELECT value FROM json_each(?))) ORDER BY fires_at_ms LIMIT 1""",
        (json.dumps(list(sources)),),
    ).fetchone()
    return None if row is None else instant(row["fires_at_ms"])


def _key(source: int, conversation: str, deadline: Deadline) -> tuple[object, ...]:
    return source, conversation, deadline.kind.value, to_ms(deadline.at), deadline.lead // _MS
