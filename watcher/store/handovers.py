"""Handovers, stored: what a channel could not take is owed to its backup."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from watcher.domain.handover import Handover, say_handover
from watcher.domain.stage import CLEARED, FIRST, StageKind
from watcher.domain.waiting import Part
from watcher.store.delivery_id import delivery_id
from watcher.store.follow_ups import replace_older
from watcher.store.rows import known_ms

_OWE = """INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms, stage, note)
    SELECT ?, seq, ?, ?, 'pending', ?, ?, ?, ? FROM events WHERE id = ? ON CONFLICT DO NOTHING"""
# What ends something is told once, be it as news or as the end of what was told before.
_HAS_NEWS = """SELECT EXISTS(SELECT 1 FROM deliveries d JOIN events e ON e.seq = d.event
    WHERE e.id = ? AND d.channel = ? AND d.stage = ?)"""
_OTHER_STAGE = {StageKind.FIRST: str(CLEARED), StageKind.CLEARED: str(FIRST)}
_SAY = "UPDATE deliveries SET reason = reason || '; ' || ? WHERE id = ?"


def store_handover(connection: sqlite3.Connection, delivery: str, handover: Handover, now: datetime) -> None:
    """Owe the events of a dead delivery to a backup, at once, and say in its reason what became of that."""
    owed = sum(_owe(connection, handover.backup, part, now) for part in handover.parts)
    connection.execute(_SAY, (say_handover(handover, owed), delivery))


def _owe(connection: sqlite3.Connection, backup: str, part: Part, now: datetime) -> bool:
    """Owe one event; False where the backup has it at that stage, or has been told a newer one about the same."""
    event = part.event
    other = _OTHER_STAGE.get(part.stage.kind)
    if other and connection.execute(_HAS_NEWS, (event.id, backup, other)).fetchone()[0]:
        return False
    if part.stage.kind is StageKind.REPEAT and replace_older(connection, backup, event, part.rule, now):
        return False
    key = delivery_id(event.id, backup, part.stage)
    written = (key, backup, part.rule, known_ms(now), known_ms(event.time), str(part.stage), part.note, event.id)
    return connection.execute(_OWE, written).rowcount == 1
