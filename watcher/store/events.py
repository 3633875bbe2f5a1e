"""Events: how one is stored, once, with the deliveries that are owed for it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event
from watcher.domain.rule import Match
from watcher.domain.waiting import HeldBy
from watcher.pipeline.outbox import Owed
from watcher.store.delivery_id import delivery_id
from watcher.store.follow_ups import take_in
from watcher.store.rows import to_ms


def insert_event(
    connection: sqlite3.Connection, event: Event, version_key: int | None, ruleset_key: int | None
) -> int | None:
    """Store an event inside the caller's transaction and return its place among all; None where its id is known.

    `version_key`: the version of the row that it shows (see versions); None for source.* and channel.*.
    `ruleset_key`: the rules that it is routed by (see remember_ruleset).
    """
    inserted = connection.execute(_INSERT_EVENT, (*event_columns(event), version_key, ruleset_key))
    return inserted.lastrowid if inserted.rowcount == 1 else None


def insert_deliveries(
    connection: sqlite3.Connection, event: Event, matches: Iterable[Match], due_at: datetime
) -> list[tuple[object, ...]]:
    """Store what is owed for a stored event from an instant on, and return its columns; in the caller's transaction."""
    owed = [delivery_columns(event, match, due_at) for match in matches]
    connection.executemany(_INSERT_DELIVERY, [(*columns, event.id) for columns in owed])
    return owed


def insert_owed(connection: sqlite3.Connection, owed: Owed, version_key: int | None, ruleset_key: int | None) -> bool:
    """Store an event and, where it was not known, what is owed for it, inside the caller's transaction."""
    seq = insert_event(connection, owed.event, version_key, ruleset_key)
    if seq is None:
        return False
    deliveries = insert_deliveries(connection, owed.event, owed.deliveries, owed.event.time)
    take_in(connection, [(seq, event_columns(owed.event), deliveries)])
    return True


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
        _write_details(dict(event.details)),
    )


def delivery_columns(event: Event, match: Match, due_at: datetime | None = None) -> tuple[object, ...]:
    """Return what is owed to a channel as the columns id, channel, rule, state, due, created, stage, held by.

    It is due from the event's time on, or from `due_at`; what comes after a while is held until then.
    """
    due_ms = to_ms((due_at or event.time) + match.after)
    state, held_by = _LATER if match.after else _AT_ONCE
    key = delivery_id(event.id, match.channel, match.stage)
    return key, match.channel, match.rule, state, due_ms, to_ms(event.time), str(match.stage), held_by


def remember_ruleset(connection: sqlite3.Connection, text: str) -> int | None:
    """Store the text of the rules in force, once, and return its key; None for no text."""
    if not text:
        return None
    connection.execute("INSERT OR IGNORE INTO rulesets(text) VALUES(?)", (text,))
    row = connection.execute("SELECT key FROM rulesets WHERE text = ?", (text,)).fetchone()
    return int(row[0])


_write_details = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_AT_ONCE = DeliveryState.PENDING.value, HeldBy.NOTHING.value
_LATER = DeliveryState.HELD.value, HeldBy.ESCALATION.value
_INSERT_EVENT = """
    INSERT INTO events(id, source, type, subject, time_ms, severity, after_ms, before_ms, details, version, ruleset)
    VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO NOTHING"""

_INSERT_DELIVERY = """
    INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms, stage, held_by)
    SELECT ?, seq, ?, ?, ?, ?, ?, ?, ? FROM events WHERE id = ? ON CONFLICT DO NOTHING"""
