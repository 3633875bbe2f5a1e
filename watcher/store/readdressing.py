"""Re-addressing, stored: escalations that wait follow the rules as they are now, in the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime

from watcher.domain.follow_up import Address, Readdressed
from watcher.domain.stage import read_stage
from watcher.store.delivery_id import delivery_id
from watcher.store.rows import known_ms

Decide = Callable[[Address], Readdressed | None]


def readdress(connection: sqlite3.Connection, decide: Decide, now: datetime) -> int:
    """End what waits under an address that is none any more, and owe it to the present ones; return how much."""
    total = 0
    for row in connection.execute(_ADDRESSES).fetchall():
        made = decide(Address(rule=row["rule"], stage=read_stage(row["stage"]), channel=row["channel"]))
        if made is not None:
            total += _move(connection, row, made, now)
    return total


def _move(connection: sqlite3.Connection, address: sqlite3.Row, made: Readdressed, now: datetime) -> int:
    found = connection.execute(_UNDER, (address["rule"], address["stage"], address["channel"])).fetchall()
    owed = [
        (one["event"], delivery_id(one["event_id"], channel, read_stage(address["stage"])), channel, one["id"])
        for one in found
        for channel in made.to
        if not (one["type"].startswith("channel.") and one["subject"] == channel)  # never told of its own trouble
    ]
    connection.executemany(_OWE, owed)
    connection.execute(_END, (known_ms(now), made.end, json.dumps([one["id"] for one in found])))
    return len(found)


_WAITS = "d.state = 'held' AND d.state <> 'delivered' AND d.stage GLOB 'escalation *' AND d.attempts = 0"
_ADDRESSES = f"SELECT DISTINCT d.rule, d.stage, d.channel FROM deliveries d WHERE {_WAITS}"
_UNDER = f"""SELECT d.id, d.event, e.id AS event_id, e.type, e.subject FROM deliveries d
    JOIN events e ON e.seq = d.event WHERE {_WAITS} AND d.rule = ? AND d.stage = ? AND d.channel = ?"""
_OWE = """INSERT INTO deliveries(event, id, channel, rule, state, due_at_ms, created_at_ms, stage, held_by)
    SELECT ?, ?, ?, rule, state, due_at_ms, created_at_ms, stage, held_by FROM deliveries WHERE id = ?
    ON CONFLICT DO NOTHING"""
_END = """UPDATE deliveries SET state = 'obsolete', due_at_ms = NULL, settled_at_ms = ?, reason = ?
    WHERE id IN (SELECT value FROM json_each(?))"""
