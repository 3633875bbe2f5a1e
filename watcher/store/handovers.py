"""Handovers, stored: what a channel could not take is owed to its backup."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from watcher.domain.handover import Handover, say_handover
from watcher.domain.stage import StageKind
from watcher.domain.waiting import Part
from watcher.store.delivery_id import delivery_id
from watcher.store.follow_ups import replace_older
from watcher.store.rows import known_ms

_OWE = """INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms, stage, note)
    SELECT ?, seq, ?, ?, 'pending', ?, ?, ?, ? FROM events WHERE id = ? ON CONFLICT DO NOTHING"""
_SAY = "UPDATE deliveries SET reason = reason || '; ' || ? WHERE id = ?"


def store_handover(connection: sqlite3.Connection, delivery: str, handover: Handover, now: datetime) -> None:
    """Owe the events of a dead delivery to a backup, at once, and say in its reason what became of that."""
    owed = sum(_owe(connection, handover.backup, part, now) for part in handover.parts)
    connection.execute(_SAY, (say_handover(handover, owed), delivery))


def _owe(connection: sqlite3.Connection, backup: str, part: Part, now: datetime) -> bool:
    """Owe one event; False where the backup has it at that stage, or has been told a newer one about the same."""
    event = part.event
    if part.stage.kind is StageKind.REPEAT and replace_older(connection, backup, event, part.rule, now):
        return False
    key = delivery_id(event.id, backup, part.stage)
    written = (key, backup, part.rule, known_ms(now), known_ms(event.time), str(part.stage), part.note, event.id)
    return connection.execute(_OWE, written).rowcount == 1
