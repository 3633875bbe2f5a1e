"""Follow-ups, stored: which told events are followed, what is owed after them, and what an event that ends them leaves.

The table `followed` holds what somebody may still have to hear the end of, so that a new event is compared with that
alone and not with the history.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from watcher.domain.event import Event, EventType
from watcher.domain.follow_up import Escalated, ended_by, ends
from watcher.domain.stage import CLEARED
from watcher.domain.waiting import Followed, FollowUp, HeldBy, Waiting
from watcher.store.delivery_id import delivery_id
from watcher.store.due import note_lost
from watcher.store.rows import EVENT_COLUMNS, event_of, instant, known_ms

New = tuple[int, Sequence[Any], Sequence[Sequence[Any]]]
"""a stored event: its place among all, its columns, and the columns of its deliveries (see `events`)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """A stored event that may end what was told before."""

    seq: int
    id: str
    type: str
    time_ms: int


def take_in(connection: sqlite3.Connection, news: Collection[New]) -> None:
    """Follow what is escalated later of some new events, and end what others of them end, in the caller's transaction.

    Events of one instant end nothing of each other: they tell of one and the same state.
    """
    followed = [
        (seq, delivery[2], columns[1], columns[3], columns[2])
        for seq, columns, deliveries in news
        for delivery in deliveries
        if delivery[7] == _ESCALATION
    ]
    if followed:
        connection.executemany(_FOLLOW, followed)
    endings = [(seq, columns) for seq, columns, _ in news if _ends(columns[2])]
    if not endings or not connection.execute(_IS_ANY_FOLLOWED).fetchone()[0]:
        return
    for seq, (event_id, source, kind, subject, time_ms, *_) in endings:
        _end(connection, _Ending(seq=seq, id=event_id, type=kind, time_ms=time_ms), source, subject)
    for _, (_, source, kind, subject, time_ms, *_) in endings:  # when all that came with it has ended what it ends
        if kind == _RETURNED:
            _take_back(connection, source, subject, time_ms)


def follow(connection: sqlite3.Connection, channel: str, followed: Iterable[Followed], now: datetime) -> None:
    """Note what was told to a channel and is followed, and owe what comes next, in the caller's transaction.

    What was told too late, as it has ended since, is followed by nothing but the message that says so.
    """
    for one in followed:
        event, seq = one.event, _seq_of(connection, one.event)
        ending = _find_ending(connection, event, seq)
        if ending is not None:
            _owe_end(connection, ending, channel, one.rule, known_ms(now))
            continue
        connection.execute(_FOLLOW, (seq, one.rule, event.source, event.subject, event.type.value))
        if one.next is not None and not replace_older(connection, channel, event, one.rule, now):
            owe(connection, channel, one.next, now)


def owe(connection: sqlite3.Connection, channel: str, follow_up: FollowUp, now: datetime) -> None:
    """Owe a repeat to a channel, held until it is due, in the caller's transaction."""
    key = delivery_id(follow_up.event.id, channel, follow_up.stage)
    written = (key, channel, follow_up.rule, known_ms(follow_up.due_at), known_ms(now), str(follow_up.stage))
    connection.execute(_OWE_REPEAT, (*written, HeldBy.REPEAT.value, follow_up.event.id))


def note_over(connection: sqlite3.Connection, deliveries: Iterable[str]) -> None:
    """Note that what the events of some deliveries told is over by itself: no event has to say so."""
    connection.executemany(_NOTE_OVER, [(one,) for one in deliveries])


def set_free(connection: sqlite3.Connection, deliveries: Sequence[str], now: datetime) -> None:
    """Let what some deliveries carried go on by itself, in the caller's transaction."""
    if deliveries:
        connection.execute(_SET_FREE, {"now": known_ms(now), "ids": json.dumps(list(deliveries))})


def find_escalated(connection: sqlite3.Connection, channel: str, one: Waiting) -> Escalated | None:
    """Return when the escalation of an earlier event about the same was told to a channel by its rule, if it was."""
    event = one.event
    bound = {
        "channel": channel,
        "rule": one.rule,
        "stage": str(one.stage),
        "source": event.source,
        "subject": event.subject,
        "type": event.type.value,
        "event": event.id,
    }
    found = connection.execute(_ESCALATED, bound).fetchone()
    return None if found is None else Escalated(event_id=found["id"], told_at=instant(found["told_ms"]))


def was_told(connection: sqlite3.Connection, channel: str, one: Waiting) -> bool:
    """Say whether a channel was told what the event before one said, of its type, subject and rule."""
    event = one.event
    bound = {
        "id": event.id,
        "channel": channel,
        "rule": one.rule,
        "source": event.source,
        "subject": event.subject,
        "type": event.type.value,
    }
    found = connection.execute(_BEFORE, bound).fetchone()
    return found is not None and bool(found["went_out"])


def _end(connection: sqlite3.Connection, ending: _Ending, source: str, subject: str) -> None:
    """End what is followed and what an event ends, and owe the news of it to whoever was told of it."""
    bound = {"source": source, "subject": subject, "types": _ends(ending.type), "seq": ending.seq}
    found = connection.execute(_ENDED, {**bound, "time": ending.time_ms}).fetchall()
    if not found:
        return
    events = json.dumps([row[0] for row in found])
    reminders = [row[0] for row in connection.execute(_OPEN_REMINDERS, (events,))]
    due = dict(map(tuple, connection.execute(_DUE, (json.dumps(reminders),))))
    _drop(connection, reminders, f"over since {ending.type}, {ending.id[:_ID_DIGITS]}", ending.time_ms)
    for row in connection.execute(_TOLD, (events,)).fetchall():
        _owe_end(connection, ending, row["channel"], row["rule"], ending.time_ms)
    if ending.type == _REMOVED:  # it may come back
        connection.executemany(_WAS_DUE, [(due_ms or ending.time_ms, one) for one, due_ms in due.items()])
        connection.execute(_SET_ASIDE, (events,))
    connection.execute(_FORGET, (events, _ASIDE if ending.type == _REMOVED else None))


def _take_back(connection: sqlite3.Connection, source: str, subject: str, now_ms: int) -> None:
    """Follow again what the removal of a conversation that is back has ended; its reminders are judged when due."""
    bound = {"source": source, "subject": subject, "now": now_ms, "aside": _ASIDE}
    connection.execute(_REVIVE, bound)
    connection.execute(_FOLLOW_AGAIN, bound)


def _owe_end(connection: sqlite3.Connection, ending: _Ending, channel: str, rule: str, due_ms: int) -> None:
    """Owe to a channel that something is over; where the event that ends it goes there anyway, it is the news."""
    key = delivery_id(ending.id, channel, CLEARED)
    written = (key, ending.seq, channel, rule, due_ms, ending.time_ms, str(CLEARED))
    connection.execute(_OWE_END, (*written, ending.seq, channel))


def _find_ending(connection: sqlite3.Connection, event: Event, seq: int) -> _Ending | None:
    types = json.dumps([kind.value for kind in ended_by(event.type)])
    bound = (event.subject, seq, event.source, types, known_ms(event.time))
    found = connection.execute(_ENDING, bound).fetchone()
    return None if found is None else _Ending(**found)


def replace_older(connection: sqlite3.Connection, channel: str, event: Event, rule: str, now: datetime) -> bool:
    """End the repeats that wait for older events about the same; True where one waits for a newer event."""
    seq = _seq_of(connection, event)
    bound = {
        "source": event.source,
        "subject": event.subject,
        "type": event.type.value,
        "rule": rule,
        "channel": channel,
        "seq": seq,
    }
    found = connection.execute(_OTHER_REPEATS, bound).fetchall()
    if any(row["event"] > seq for row in found):
        return True
    reason = f"a newer one was told: {event.id[:_ID_DIGITS]}"
    _drop(connection, [row["id"] for row in found], reason, known_ms(now))
    return False


def drop_late(connection: sqlite3.Connection, delivery: str, now: datetime) -> bool:
    """End what a message that was begun before would tell again though it has ended since; True where nothing is left.

    Only what is to be tried once more: while it was being sent, its end could not be stored.
    """
    late: dict[str, str] = {}
    for row in connection.execute(_PARTS, {"id": delivery}).fetchall():
        ending = _find_ending(connection, event_of(row), row["seq"])
        if ending is not None:
            late[row["delivery"]] = f"over since {ending.type}, {ending.id[:_ID_DIGITS]}"
    for one, reason in late.items():
        _drop(connection, [one], reason, known_ms(now))
    return delivery in late


def _seq_of(connection: sqlite3.Connection, event: Event) -> int:
    return int(connection.execute("SELECT seq FROM events WHERE id = ?", (event.id,)).fetchone()[0])


def _drop(connection: sqlite3.Connection, deliveries: Iterable[str], reason: str, now_ms: int) -> None:
    """End deliveries of which nothing is sent any more; what they carried goes on by itself."""
    ids = list(deliveries)
    named = json.dumps(ids)
    connection.execute(_END, {"reason": reason, "now": now_ms, "ids": named})
    note_lost(connection, ids)
    connection.execute(_SET_FREE, {"now": now_ms, "ids": named})


@cache
def _ends(kind: str) -> str:
    """Return the types that a type ends, as a JSON list, empty text for none."""
    ended = [one.value for one in ends(EventType(kind))]
    return json.dumps(ended) if ended else ""


_REMOVED, _RETURNED = EventType.CONVERSATION_REMOVED.value, EventType.CONVERSATION_RETURNED.value
_ASIDE = 2
"""the value of followed.is_over while the conversation is gone: it is followed again when it comes back"""
_ID_DIGITS = 8
_ESCALATION = HeldBy.ESCALATION.value
_STILL_OPEN = "('pending', 'held', 'failed', 'unknown')"
_REMINDERS = "(d.stage GLOB 'repeat *' OR d.stage GLOB 'escalation *')"
_WENT_OUT = "(CASE d.state WHEN 'merged' THEN l.state ELSE d.state END) IN ('delivered', 'unconfirmed')"
_CAN_END = f"""(d.state IN {_STILL_OPEN} OR (d.state = 'merged' AND EXISTS(
    SELECT 1 FROM deliveries l WHERE l.id = d.lead AND l.state IN {_STILL_OPEN})))"""
"""one that is being sent is left alone: it is on its way, and its settling looks whether it was too late"""

_PARTS = f"""SELECT d.id AS delivery, {EVENT_COLUMNS} JOIN deliveries d ON d.event = e.seq
    WHERE (d.id = :id OR d.lead = :id) AND {_REMINDERS}"""
_IS_ANY_FOLLOWED = "SELECT EXISTS(SELECT 1 FROM followed)"
_FOLLOW = "INSERT INTO followed(event, rule, source, subject, type) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_NOTE_OVER = "UPDATE followed SET is_over = 1 WHERE event = (SELECT event FROM deliveries WHERE id = ?)"
_ENDED = """SELECT DISTINCT f.event FROM followed f JOIN events e ON e.seq = f.event
    WHERE f.source = :source AND f.subject = :subject AND f.type IN (SELECT value FROM json_each(:types))
    AND f.event < :seq AND e.time_ms <> :time"""
_DUE = "SELECT id, due_at_ms FROM deliveries WHERE id IN (SELECT value FROM json_each(?))"
# Of what has ended for now it is kept when it was due.
_WAS_DUE = "UPDATE deliveries SET due_at_ms = ? WHERE id = ?"
_SET_ASIDE = f"UPDATE followed SET is_over = {_ASIDE} WHERE event IN (SELECT value FROM json_each(?)) AND NOT is_over"
_FORGET = "DELETE FROM followed WHERE event IN (SELECT value FROM json_each(?)) AND is_over IS NOT ?"
_REVIVE = f"""UPDATE deliveries AS d SET state = 'held', due_at_ms = max(due_at_ms, :now), settled_at_ms = NULL,
    reason = '', arranged_until_ms = NULL
    WHERE state = 'obsolete' AND due_at_ms IS NOT NULL AND {_REMINDERS} AND event IN (
        SELECT event FROM followed WHERE source = :source AND subject = :subject AND is_over = :aside)"""
_FOLLOW_AGAIN = "UPDATE followed SET is_over = 0 WHERE source = :source AND subject = :subject AND is_over = :aside"
_OPEN_REMINDERS = f"""SELECT d.id FROM deliveries d WHERE d.event IN (SELECT value FROM json_each(?))
    AND {_REMINDERS} AND {_CAN_END}"""
_TOLD = f"""SELECT d.channel, d.rule FROM deliveries d JOIN followed f ON f.event = d.event AND f.rule = d.rule
    LEFT JOIN deliveries l ON l.id = d.lead
    WHERE d.event IN (SELECT value FROM json_each(?)) AND NOT f.is_over AND d.stage <> 'cleared' AND {_WENT_OUT}
    ORDER BY d.settled_at_ms, d.event, d.rule"""
# A removal that was undone ends nothing any more.
_ENDING = f"""SELECT seq, id, type, time_ms FROM events e WHERE subject = ? AND seq > ? AND source = ?
    AND type IN (SELECT value FROM json_each(?)) AND time_ms <> ? AND NOT (type = '{_REMOVED}' AND EXISTS(
        SELECT 1 FROM events r WHERE r.subject = e.subject AND r.seq > e.seq AND r.source = e.source
        AND r.type = '{_RETURNED}')) ORDER BY seq LIMIT 1"""
_OTHER_REPEATS = f"""SELECT d.id, d.event FROM followed f JOIN deliveries d ON d.event = f.event AND d.rule = f.rule
    WHERE f.source = :source AND f.subject = :subject AND f.type = :type AND f.rule = :rule AND f.event <> :seq
    AND d.channel = :channel AND d.stage GLOB 'repeat *' AND {_CAN_END}"""
_ESCALATED = f"""SELECT e.id, coalesce(l.settled_at_ms, d.settled_at_ms) AS told_ms FROM followed f
    JOIN events e ON e.seq = f.event JOIN deliveries d ON d.event = f.event AND d.channel = :channel
        AND d.stage = :stage AND d.rule = f.rule
    LEFT JOIN deliveries l ON l.id = d.lead
    WHERE f.source = :source AND f.subject = :subject AND f.type = :type AND f.rule = :rule
    AND NOT f.is_over AND f.event < (SELECT seq FROM events WHERE id = :event) AND {_WENT_OUT}
    ORDER BY f.event DESC LIMIT 1"""
_BEFORE = f"""SELECT {_WENT_OUT} AS went_out FROM events e
    JOIN deliveries d ON d.event = e.seq AND d.channel = :channel AND d.stage = 'first' AND d.rule = :rule
    LEFT JOIN deliveries l ON l.id = d.lead
    WHERE e.subject = :subject AND e.seq < (SELECT seq FROM events WHERE id = :id) AND e.source = :source
    AND e.type = :type AND d.settled_at_ms IS NOT NULL AND d.state <> 'obsolete' ORDER BY e.seq DESC LIMIT 1"""
_OWE_REPEAT = """INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms, stage, held_by)
    SELECT ?, seq, ?, ?, 'held', ?, ?, ?, ? FROM events WHERE id = ? ON CONFLICT DO NOTHING"""
_OWE_END = """INSERT INTO deliveries(id, event, channel, rule, state, due_at_ms, created_at_ms, stage)
    SELECT ?, ?, ?, ?, 'pending', ?, ?, ? WHERE NOT EXISTS(
        SELECT 1 FROM deliveries WHERE event = ? AND channel = ? AND stage = 'first') ON CONFLICT DO NOTHING"""
_END = """UPDATE deliveries SET state = 'obsolete', lead = NULL, due_at_ms = NULL, settled_at_ms = :now,
    owner = '', lease_until_ms = NULL, reason = :reason WHERE id IN (SELECT value FROM json_each(:ids))"""
_SET_FREE = """UPDATE deliveries SET state = 'pending', lead = NULL, due_at_ms = :now, settled_at_ms = NULL,
    reason = '', arranged_until_ms = NULL WHERE lead IN (SELECT value FROM json_each(:ids))"""
