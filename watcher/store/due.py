"""What is due: which delivery of a channel comes next, and what comes due at once when an outage is over."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from watcher.store.rows import to_ms

WAITING = "state IN ('pending', 'held', 'failed', 'sending', 'unknown')"
"""the rows of the index deliveries_due: their due_at_ms is when they may be claimed, while sending the lease's end"""


def find_due(connection: sqlite3.Connection, channel: str, now: datetime, *, is_arranged: bool = False) -> Any:
    """Return the row that comes next, None where none is due.

    That is the one that has been due the longest; of one instant, the event that was stored first, and
    the stages of one event in the order of their names. One that failed
    before is due again later than its time was: it goes before whatever was stored after it.
    `is_arranged`: only one that was decided over; one that never came back was so before.
    """
    decided = "AND (arranged_until_ms > :now OR state IN ('sending', 'unknown'))" if is_arranged else ""
    query = f"""SELECT * FROM (SELECT {_COLUMNS} WHERE channel = :channel AND due_at_ms <= :now AND {WAITING} {decided}
            ORDER BY due_at_ms, event, stage LIMIT 1)
        UNION ALL
        SELECT * FROM (SELECT {_COLUMNS} WHERE channel = :channel AND due_at_ms <= :now AND state = 'failed' {decided}
            ORDER BY event LIMIT 1)
        ORDER BY event LIMIT 1"""
    return connection.execute(query, {"channel": channel, "now": to_ms(now)}).fetchone()


def end_outage(connection: sqlite3.Connection, channel: str, now: datetime) -> None:
    """Let everything that failed on a channel take its turn now, each where its event stands in line.

    It is decided over again: what is overdue goes in one message, whatever was put together of it meanwhile.
    """
    bound = {"channel": channel, "now": to_ms(now)}
    connection.execute(_TAKE_APART, bound)
    connection.execute(_RELEASE, bound)
    connection.execute(_DECIDE_ANEW, bound)


def decide_anew(connection: sqlite3.Connection, channel: str, rule: str, stage: str) -> None:
    """Have it decided over again what of a rule's stage goes out: what has just been told may be enough."""
    connection.execute(_DECIDE_STAGE_ANEW, {"channel": channel, "rule": rule, "stage": stage})


def note_lost(connection: sqlite3.Connection, deliveries: Sequence[str]) -> None:
    """Note of attempts without an end that they never came back, in the caller's transaction."""
    connection.execute(_LOST, (json.dumps(deliveries),))


_LOST = """UPDATE attempts SET outcome = 'unknown', error = 'it never came back: it may have arrived'
    WHERE delivery IN (SELECT value FROM json_each(?)) AND outcome = ''"""
_COLUMNS = """id, event, channel, rule, state, attempts, forgiven, owner, created_at_ms, stage, note, finding
    FROM deliveries"""
_TAKE_APART = f"""UPDATE deliveries SET state = CASE attempts WHEN 0 THEN 'pending' ELSE 'failed' END, lead = NULL,
        due_at_ms = min(created_at_ms, :now), settled_at_ms = NULL, reason = '', arranged_until_ms = NULL
    WHERE lead IN (SELECT l.id FROM deliveries l WHERE l.channel = :channel AND l.{WAITING}
        AND l.state IN ('pending', 'failed') AND l.held_by = 'outage'
        AND NOT EXISTS(SELECT 1 FROM attempts a WHERE a.delivery = l.id AND a.outcome = 'unknown'))"""
"""but for what may have arrived: that is repeated as it was"""
_DECIDE_ANEW = f"""UPDATE deliveries SET arranged_until_ms = NULL
    WHERE channel = :channel AND {WAITING} AND state = 'pending' AND arranged_until_ms IS NOT NULL"""
_DECIDE_STAGE_ANEW = f"""UPDATE deliveries SET arranged_until_ms = NULL WHERE channel = :channel AND {WAITING}
    AND state IN ('pending', 'failed') AND rule = :rule AND stage = :stage AND arranged_until_ms IS NOT NULL"""
_RELEASE = """UPDATE deliveries SET due_at_ms = min(created_at_ms, :now), arranged_until_ms = NULL
    WHERE channel = :channel AND state = 'failed'"""
