"""Events: how one is stored, once, with the deliveries that are owed for it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event
from watcher.pipeline.outbox import Owed
from watcher.store.rows import to_ms

Addressed = tuple[str, str]
"""a channel and the rule that sends an event there"""


def insert_event(
    connection: sqlite3.Connection, event: Event, version_key: int | None, ruleset_key: int | None
) -> bool:
    """Store an event inside the caller's transaction; False, and nothing stored, where its id is known already.

    `version_key`: the version of the row that it shows (see versions); None for source.* and channel.*.
    `ruleset_key`: the rules that it is routed by (see remember_ruleset).
    """
    return connection.execute(_INSERT_EVENT, (*event_columns(event), version_key, ruleset_key)).rowcount == 1


def insert_deliveries(
    connection: sqlite3.Connection, event: Event, addressed: Iterable[Addressed], due_at: datetime
) -> int:
    """Store what is owed for a stored event inside the caller's transaction; return how many were not owed before."""
    due_ms = to_ms(due_at)
    owed = [
        (*delivery_columns(event, channel, rule)[:4], due_ms, to_ms(event.time), event.id)
        for channel, rule in addressed
    ]
    return connection.executemany(_INSERT_DELIVERY, owed).rowcount if owed else 0


def insert_owed(connection: sqlite3.Connection, owed: Owed, version_key: int | None, ruleset_key: int | None) -> bool:
    """Store an event and, where it was not known, what is owed for it, inside the caller's transaction."""
    is_new = insert_event(connection, owed.event, version_key, ruleset_key)
    if is_new:
        insert_deliveries(connection, owed.event, owed.deliveries, owed.event.time)
    return is_new


def event_columns(event: Event) -> tuple[object, ...]:
    """Return an event as the columns id, source, type, subject, time, severity, after, before, details."""
    between = event.between
    return (
        event.id,
        event.source,
        event.type.value,
        event.subject,
        to_ms(event.time),
        event.severity.value,
        to_ms(between.after) if between else None,
        to_ms(between.before) if between else None,
        json.dumps(dict(event.details), ensure_ascii=False, separators=(",", ":")),
    )


def delivery_columns(event: Event, channel: str, rule: str) -> tuple[object, ...]:
    """Return what is owed to a channel as the columns id, channel, rule, state, time."""
    return (
        delivery_id(event.id, channel),
        channel,
        rule,
        DeliveryState.PENDING.value,
        to_ms(event.time),
    )


def delivery_id(event_id: str, channel: str) -> str:
    """Return the id of the delivery of an event to a channel: always the same, 32 hex digits."""
    whole = f"{event_id}\x1f{channel}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def remember_ruleset(connection: sqlite3.Connection, text: str) -> int | None:
    """Store the text of the rules in force, once, and return its key; None for no text."""
    if not text:
        return None
    connection.execute("INSERT OR IGNORE INTO rulesets(text) VALUES(?)", (text,))
    row = connection.execute("SELECT key FROM rulesets WHERE text = ?", (text,)).fetchone()
    return int(row[0])


_INSERT_EVENT = """
    INSERT INTO events(id, source, type, subject, time_ms, severity, after_ms, before_ms, details, version, ruleset)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING"""

_INSERT_DELIVERY = """
    INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms)
    SELECT ?, seq, ?, ?, ?, ?, ? FROM events WHERE id = ? ON CONFLICT DO NOTHING"""
