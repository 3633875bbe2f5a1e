"""Arrangements, stored: what waits for a channel is loaded, decided over, and moved to where it belongs."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.domain.event import Event, EventType
from watcher.domain.follow_up import Escalated
from watcher.domain.silence import Silence
from watcher.domain.snapshot import Row
from watcher.domain.stage import read_stage
from watcher.domain.waiting import Arrangement, HeldBy, Waiting
from watcher.pipeline.arranging import DUE_AT_A_TIME, LATER_AT_A_TIME, Decider, arrange_due
from watcher.store.due import WAITING, note_lost
from watcher.store.follow_ups import find_escalated, follow, note_over, owe, set_free, was_told
from watcher.store.rows import EVENT_COLUMNS, event_of, instant, known_ms, row_of
from watcher.store.silences import CompilePattern, read_active, record_hit

VALID_FOR = timedelta(minutes=1)
"""what was arranged and could not be sent since is arranged anew: a silence or the quiet hours may have begun"""
ID_DIGITS = 8
"""of a delivery's id, as lists show it"""
_OPEN = f"""d.{WAITING} AND (d.state IN ('pending', 'held', 'failed')
    OR d.stage GLOB 'repeat *' OR d.stage GLOB 'escalation *')"""
"""with the index's own condition, word by word: without it SQLite goes over everything that was ever delivered; of what
never came back only reminders, which are told only while they are true"""


def arrange(
    connection: sqlite3.Connection, channel: str, now: datetime, decider: Decider, compile_pattern: CompilePattern
) -> None:
    """Arrange what is due for a channel and was not arranged lately, inside the caller's transaction."""
    books = SqliteBooks(connection, now, compile_pattern)
    arrange_due(_SqliteWaitlist(connection, channel), decider, books, channel, now)


class SqliteBooks:
    """The Books port over a connection, inside the transaction of a claim."""

    def __init__(self, connection: sqlite3.Connection, now: datetime, compile_pattern: CompilePattern) -> None:
        self._connection, self._now, self._compile = connection, now, compile_pattern

    def row(self, source: str, conversation: str) -> Row | None:
        """Return the stored row of a conversation, None where there is none."""
        found = self._connection.execute(
            "SELECT r.* FROM sources s JOIN rows r ON r.source = s.key AND r.id = ? WHERE s.name = ?",
            (conversation, source),
        ).fetchone()
        return None if found is None else row_of(found)

    def is_failing(self, event: Event) -> bool | None:
        """Say whether the source or channel that an event is about is failing; None where it is not known."""
        is_channel = event.type in {EventType.CHANNEL_FAILING, EventType.CHANNEL_RECOVERED}
        sql = _CHANNEL_FAILING if is_channel else _SOURCE_FAILING
        (found,) = self._connection.execute(sql, {"name": event.subject}).fetchone()
        return None if found is None else bool(found)

    def is_suspect(self, source: str) -> bool | None:
        """Say whether absences of a source are held; None where it is not known."""
        sql = "SELECT suspect_since_ms IS NOT NULL FROM sources WHERE name = ?"
        found = self._connection.execute(sql, (source,)).fetchone()
        return None if found is None else bool(found[0])

    def sent(self, channel: str, rule: str, since: datetime) -> Sequence[datetime]:
        """Return when messages of a rule went out to a channel since an instant; now for those that are about to."""
        bound = {"channel": channel, "rule": rule, "since": known_ms(since), "now": known_ms(self._now)}
        went = [instant(row[0]) for row in self._connection.execute(_SENT, bound)]
        (about,) = self._connection.execute(_ABOUT_TO_GO, bound).fetchone()
        return [*went, *[self._now] * about]

    def find_escalated(self, channel: str, one: Waiting) -> Escalated | None:
        """Return when an escalation was told to a channel before, in the same episode."""
        return find_escalated(self._connection, channel, one)

    def was_told(self, channel: str, one: Waiting) -> bool:
        """Say whether a channel was told what the event before one said."""
        return was_told(self._connection, channel, one)

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that mute at an instant."""
        return read_active(self._connection, now, self._compile)


class _SqliteWaitlist:
    """The Waitlist port over a connection, inside the transaction of a claim."""

    def __init__(self, connection: sqlite3.Connection, channel: str) -> None:
        self._connection, self._channel = connection, channel

    def due(self, now: datetime) -> Sequence[Waiting]:
        bound = {"channel": self._channel, "now": known_ms(now), "limit": DUE_AT_A_TIME}
        return _load(self._connection, _DUE, bound, is_due=True)

    def later(self, rule: str, held_by: HeldBy, now: datetime) -> Sequence[Waiting]:
        bound = {"channel": self._channel, "now": known_ms(now), "limit": LATER_AT_A_TIME}
        return _load(self._connection, _LATER, {**bound, "rule": rule, "held_by": held_by.value}, is_due=False)

    def refused(self, rule: str, now: datetime) -> Sequence[Waiting]:
        bound = {"channel": self._channel, "now": known_ms(now), "limit": LATER_AT_A_TIME}
        return _load(self._connection, _REFUSED, {**bound, "rule": rule}, is_due=False)

    def apply(self, made: Arrangement, now: datetime) -> None:
        _apply(self._connection, self._channel, made, now)


def _load(connection: sqlite3.Connection, sql: str, bound: dict[str, object], *, is_due: bool) -> list[Waiting]:
    found = [_waiting(row, is_due=is_due) for row in connection.execute(sql, bound).fetchall()]
    return [
        replace(one, carried=tuple(_carried(connection, one))) if one.is_formed and one.stage.is_reminder else one
        for one in found
    ]


def _waiting(row: sqlite3.Row, *, is_due: bool) -> Waiting:
    due_ms = row["due_at_ms"]  # none of what is told with another one
    return Waiting(
        id=row["delivery"],
        event=event_of(row),
        rule=row["rule"],
        created_at=instant(row["created_at_ms"]),
        due_at=instant(row["created_at_ms"] if due_ms is None else due_ms),
        is_due=is_due,
        held_by=HeldBy(row["held_by"]),
        is_formed=row["attempts"] > 0 or bool(row["carries"]),
        stage=read_stage(row["stage"]),
        is_refused=row["attempts"] > 0 and not row["carries"] and not row["is_lost"],
        place=row["place"],
    )


def _carried(connection: sqlite3.Connection, lead: Waiting) -> list[Waiting]:
    return [_waiting(row, is_due=True) for row in connection.execute(_CARRIED, (lead.id,)).fetchall()]


def _apply(connection: sqlite3.Connection, channel: str, made: Arrangement, now: datetime) -> None:
    now_ms = known_ms(now)
    note_over(connection, [each.id for each in made.ended if each.is_over])
    connection.executemany(
        _POSTPONE,
        [
            (known_ms(each.until), each.held_by.value, _said(each.until, each.reason), each.id)
            for each in made.postponed
        ],
    )
    connection.executemany(_END, [(each.state.value, now_ms, each.reason, each.id) for each in made.ended])
    set_free(connection, [each.id for each in made.ended if each.is_over], now)
    note_lost(connection, [*(each.id for each in made.ended), *(each.id for each in made.postponed)])
    for each in made.ended:
        if each.silence is not None:
            record_hit(connection, each.silence, now)
    for renewed in made.renewed:
        owe(connection, channel, renewed, now)
    follow(connection, channel, made.resumed, now)
    connection.executemany(_FINDING, [(finding, one) for one, finding in made.findings.items()])
    for parcel in made.parcels:
        _merge(connection, parcel.lead, parcel.members, f"{parcel.reason}; told with {parcel.lead[:ID_DIGITS]}", now_ms)
    overdue = [one for parcel in made.parcels if parcel.is_overdue for one in (parcel.lead, *parcel.members)]
    connection.executemany(_HELD_BY_OUTAGE, [(one,) for one in overdue])
    until_ms = known_ms(now + VALID_FOR)
    # What stands for a digest may have come later than what came to nothing: the digest closes all the same.
    ready = [(until_ms, now_ms, each.reason, each.reason, each.lead) for each in made.parcels]
    connection.executemany(_READY, ready)


def _merge(connection: sqlite3.Connection, lead: str, members: Collection[str], reason: str, now_ms: int) -> None:
    """Put deliveries into the message of another one, with what they carried themselves.

    That is a new message: it has all its attempts before it.
    """
    if members:
        connection.execute("UPDATE deliveries SET forgiven = attempts WHERE id = ?", (lead,))
    for member in members:
        connection.execute("UPDATE deliveries SET lead = ? WHERE lead = ?", (lead, member))
        connection.execute(_MEMBER, (lead, now_ms, reason, member))


def _said(until: datetime, reason: str) -> str:
    return f"{reason}, until {until:%Y-%m-%d %H:%M} UTC"


_FROM = f"""SELECT d.id AS delivery, d.event AS place, d.rule, d.created_at_ms, d.due_at_ms, d.held_by, d.attempts,
    d.forgiven, d.stage,
    EXISTS(SELECT 1 FROM deliveries m WHERE m.lead = d.id) AS carries,
    d.attempts > 0 AND EXISTS(SELECT 1 FROM attempts a WHERE a.delivery = d.id AND a.outcome = 'unknown') AS is_lost,
    {EVENT_COLUMNS} JOIN deliveries d ON d.event = e.seq"""
_CARRIED = f"{_FROM} WHERE d.lead = ? ORDER BY d.event"
_DUE = f"""{_FROM} WHERE d.channel = :channel AND d.due_at_ms <= :now AND {_OPEN}
    AND coalesce(d.arranged_until_ms, 0) <= :now ORDER BY d.due_at_ms, d.event, d.stage LIMIT :limit"""
_LATER = f"""{_FROM} WHERE d.channel = :channel AND d.due_at_ms > :now AND d.state = 'held' AND d.held_by = :held_by
    AND d.rule = :rule AND d.{WAITING} ORDER BY d.due_at_ms, d.event, d.stage LIMIT :limit"""
_REFUSED = f"""{_FROM} WHERE d.channel = :channel AND d.due_at_ms > :now AND d.state = 'failed' AND d.rule = :rule
    ORDER BY d.event, d.stage LIMIT :limit"""
_HELD_BY_OUTAGE = "UPDATE deliveries SET held_by = 'outage' WHERE id = ?"
_POSTPONE = """UPDATE deliveries SET state = 'held', due_at_ms = ?, held_by = ?, reason = ?, arranged_until_ms = NULL
    WHERE id = ?"""
_FINDING = "UPDATE deliveries SET finding = ? WHERE id = ?"
_END = """UPDATE deliveries SET state = ?, lead = NULL, due_at_ms = NULL, settled_at_ms = ?, reason = ?
    WHERE id = ?"""
_READY = """UPDATE deliveries SET state = CASE state WHEN 'held' THEN 'pending' ELSE state END, arranged_until_ms = ?,
    due_at_ms = MIN(due_at_ms, ?), reason = CASE ? WHEN '' THEN reason ELSE ? END WHERE id = ?"""
_MEMBER = """UPDATE deliveries SET state = 'merged', lead = ?, due_at_ms = NULL, settled_at_ms = ?, reason = ?
    WHERE id = ?"""
_SOURCE_FAILING = "SELECT max(is_failing_told) FROM sources WHERE name = :name"
# A lapse that was told as a failing channel is one, whatever its last attempt came to.
_CHANNEL_FAILING = """SELECT max(is_failing) FROM (SELECT is_failing FROM channels WHERE name = :name
    UNION ALL SELECT 1 FROM lapses WHERE subject = :name AND is_told)"""
_SENT = """SELECT settled_at_ms FROM deliveries WHERE channel = :channel AND rule = :rule AND settled_at_ms > :since
    AND state IN ('delivered', 'unconfirmed')"""
_ABOUT_TO_GO = """SELECT count(*) FROM deliveries WHERE channel = :channel AND rule = :rule
    AND state IN ('pending', 'held', 'failed', 'sending', 'unknown')
    AND (arranged_until_ms > :now OR attempts > forgiven
        OR (due_at_ms <= :now AND EXISTS(SELECT 1 FROM deliveries m WHERE m.lead = deliveries.id)))"""
