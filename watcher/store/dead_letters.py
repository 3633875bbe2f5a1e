"""Dead letters: what the operator does with deliveries that do not go out by themselves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.delivery import DeliveryState, shown_state
from watcher.domain.errors import NotFoundError
from watcher.store.database import Database
from watcher.store.rows import from_ms, to_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A delivery that goes out in the message of another one, its lead: what it tells, by the event."""

    id: str
    lead: str
    event_type: str
    source: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """How many deliveries were given up, and what went with them, as their messages carried it."""

    number: int
    carried: tuple[Carried, ...] = ()


_RETRIED = """UPDATE deliveries SET state = 'pending', due_at_ms = :now, forgiven = attempts, is_dropped = 0,
    held_by = '', arranged_until_ms = NULL,
    settled_at_ms = NULL, owner = '', lease_until_ms = NULL, reason = 'to be tried again, asked by the operator'"""
_DROPPED = """UPDATE deliveries SET state = 'dead', due_at_ms = NULL, is_dropped = 1, settled_at_ms = :now,
    owner = '', lease_until_ms = NULL,
    reason = 'dropped by the operator' || CASE reason WHEN '' THEN '' ELSE '; before: ' || reason END"""
_MOVABLE = frozenset({
    DeliveryState.DEAD,
    DeliveryState.FAILED,
    DeliveryState.HELD,
    DeliveryState.PENDING,
    DeliveryState.UNKNOWN,
})  # fmt: skip
_ONLY_MOVABLE = "only dead, failed, held, pending and unknown ones can be moved"
_WAITS = """channel = :channel AND (state IN ('pending', 'held', 'failed', 'unknown')
    OR (state = 'sending' AND lease_until_ms <= :now))"""
_DEAD = "state = 'dead' AND is_dropped = 0"


def retry(database: Database, now: datetime, *, ids: Iterable[str] = (), channel: str | None = None) -> int:
    """Make deliveries due at once, their attempts counted anew; return how many.

    Those that `ids` name (whole, or by an unambiguous beginning), or, where it names none, every dead letter,
    of one channel if it is given. Raises NotFoundError for an id that is unknown, delivered or being sent.
    """
    with database.write() as connection:
        return len(_move(connection, now, _RETRIED, ids, channel))


def drop(database: Database, now: datetime, *, ids: Iterable[str] = (), channel: str | None = None) -> Dropped:
    """Give deliveries up for good, on record; return what that was. What is meant, and raised, is as in retry."""
    with database.write() as connection:
        return _dropped(connection, _move(connection, now, _DROPPED, ids, channel))


def drop_waiting(database: Database, now: datetime, *, channel: str) -> Dropped:
    """Give everything up that waits for a channel and is not being sent, on record; return what that was."""
    with database.write() as connection:
        return _dropped(connection, _change(connection, now, f"{_DROPPED} WHERE {_WAITS}", channel=channel))


def _move(
    connection: sqlite3.Connection, now: datetime, change: str, ids: Iterable[str], channel: str | None
) -> Sequence[str]:
    named = tuple(ids)
    if named:
        whole = json.dumps([_resolve(connection, one, now) for one in named])
        return _change(connection, now, f"{change} WHERE id IN (SELECT value FROM json_each(:ids))", ids=whole)
    of_channel = "AND (:channel IS NULL OR channel = :channel)"
    return _change(connection, now, f"{change} WHERE {_DEAD} {of_channel}", channel=channel)


def _change(connection: sqlite3.Connection, now: datetime, sql: str, **bound: str | None) -> Sequence[str]:
    """Change deliveries; return the ids of those that were."""
    return [row[0] for row in connection.execute(f"{sql} RETURNING id", {"now": to_ms(now), **bound}).fetchall()]


def _dropped(connection: sqlite3.Connection, ids: Sequence[str]) -> Dropped:
    """Return what was dropped, with what it carried: that stays merged, so that it comes again with a retry."""
    carried = connection.execute(_CARRIED, (json.dumps(ids),)).fetchall()
    return Dropped(number=len(ids), carried=tuple(Carried(**row) for row in carried))


_CARRIED = """SELECT d.id, d.lead, e.type AS event_type, e.source, e.subject FROM deliveries d
    JOIN events e ON e.seq = d.event WHERE d.lead IN (SELECT value FROM json_each(?)) ORDER BY e.time_ms, e.seq"""


def _resolve(connection: sqlite3.Connection, written: str, now: datetime) -> str:
    """Return the whole id of one delivery that is neither delivered nor on its way; a lease that ran out is no way."""
    prefix = written.rstrip("…").lower()
    query = "SELECT id, state, lease_until_ms FROM deliveries WHERE id >= ? AND id < ? ORDER BY id LIMIT 3"
    found = connection.execute(query, (prefix, prefix + "g")).fetchall()  # ids are hex: g comes after all of them
    if not found:
        raise NotFoundError(f"there is no delivery {written}", remedy="see `watcher deliveries list`")
    if len(found) > 1:
        names = ", ".join(row[0] for row in found)
        raise NotFoundError(f"{written} is the beginning of several deliveries: {names}", remedy="write more of it")
    whole, stored, lease_until_ms = found[0]
    state = shown_state(DeliveryState(stored), from_ms(lease_until_ms), now)
    if state not in _MOVABLE:
        raise NotFoundError(f"delivery {written} is {state}", remedy=_ONLY_MOVABLE)
    return str(whole)
