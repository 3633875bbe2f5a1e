"""Dead letters: what the operator does with deliveries that do not go out by themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from watcher.domain.delivery import DeliveryState, shown_state
from watcher.domain.errors import NotFoundError
from watcher.store.database import Database
from watcher.store.rows import from_ms, to_ms

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
    return _move(database, now, _RETRIED, ids, channel)


def drop(database: Database, now: datetime, *, ids: Iterable[str] = (), channel: str | None = None) -> int:
    """Give deliveries up for good, on record; return how many. What is meant, and raised, is as in retry."""
    return _move(database, now, _DROPPED, ids, channel)


def drop_waiting(database: Database, now: datetime, *, channel: str) -> int:
    """Give everything up that waits for a channel and is not being sent, on record; return how much that was."""
    with database.write() as connection:
        return connection.execute(f"{_DROPPED} WHERE {_WAITS}", {"now": to_ms(now), "channel": channel}).rowcount


def _move(database: Database, now: datetime, change: str, ids: Iterable[str], channel: str | None) -> int:
    named = tuple(ids)
    with database.write() as connection:
        if named:
            whole = {_resolve(connection, one, now) for one in named}
            return sum(
                connection.execute(f"{change} WHERE id = :id", {"now": to_ms(now), "id": one}).rowcount for one in whole
            )
        of_channel = "AND (:channel IS NULL OR channel = :channel)"
        return connection.execute(
            f"{change} WHERE {_DEAD} {of_channel}", {"now": to_ms(now), "channel": channel}
        ).rowcount


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
