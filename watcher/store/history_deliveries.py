"""Deliveries, read: the backlog of each channel, the dead letters, and every attempt."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import DeliveryState, shown_state
from watcher.domain.stage import Stage, read_stage
from watcher.store.channels import read_health
from watcher.store.rows import from_ms, instant

UNSETTLED = (
    DeliveryState.PENDING,
    DeliveryState.HELD,
    DeliveryState.SENDING,
    DeliveryState.FAILED,
    DeliveryState.UNKNOWN,
)
"""the states from which something still happens by itself"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatus:
    """How a channel stands: its health, how many deliveries wait, since when the oldest is due, how many are dead.

    `follow_ups`: how many repeats and escalations are held until their time comes; they are not among the waiting.
    """

    name: str
    health: ChannelHealth
    waiting: int
    follow_ups: int
    next_due_at: datetime | None
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A delivery with the event it is of; `attempts` counts all, `reason` says why it is where it is.

    `note`: what its message says of its way, such as whose backup its channel is. `lead`: the delivery in whose message
    it is told, and how that one stands; empty, or None, for none.
    """

    id: str
    event_id: str
    event_type: str
    source: str
    subject: str
    channel: str
    rule: str
    stage: Stage
    note: str
    state: DeliveryState
    is_dropped: bool
    attempts: int
    due_at: datetime | None
    lease_until: datetime | None
    created_at: datetime
    settled_at: datetime | None
    reason: str
    lead: str = ""
    lead_state: DeliveryState | None = None
    lead_lease_until: datetime | None = None
    is_lead_dropped: bool = False

    def state_of_lead(self, now: datetime) -> DeliveryState | None:
        """Return the state to show of the delivery in whose message it is told, None where it has a message itself."""
        return None if self.lead_state is None else shown_state(self.lead_state, self.lead_lease_until, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One try to send; `outcome` is empty while it is under way, `unknown` where it never came back."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    status: int | None
    error: str
    outcome: str


class DeliveryHistory:
    """The stored deliveries."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def channels(self) -> list[ChannelStatus]:
        """Return how every channel stands that has been sent to, has trouble or has something waiting, by name."""
        counts: dict[str, list[sqlite3.Row]] = {}
        for row in self._connection.execute(_COUNTS):
            counts.setdefault(row["channel"], []).append(row)
        known = {row["name"] for row in self._connection.execute("SELECT name FROM channels")}
        return [self._channel(name, counts.get(name, [])) for name in sorted(known | counts.keys())]

    def read(
        self, *, states: Collection[DeliveryState] | None = None, channel: str | None = None, limit: int = 1000
    ) -> list[DeliveryRecord]:
        """Return the newest `limit` deliveries, oldest first; dropped ones only where all `states` are meant (None)."""
        sql = f"""{_DELIVERIES} WHERE (:channel IS NULL OR d.channel = :channel)
            {"" if states is None else _in(states)} ORDER BY d.created_at_ms DESC, d.event DESC LIMIT :limit"""
        rows = self._connection.execute(sql, {"channel": channel, "limit": limit}).fetchall()
        return [_record_of(row) for row in reversed(rows)]

    def of_event(self, seq: int) -> list[DeliveryRecord]:
        """Return the deliveries of an event, by channel, as they came to be owed."""
        order = "d.channel, d.created_at_ms, d.stage <> 'first', d.stage"
        rows = self._connection.execute(f"{_DELIVERIES} WHERE d.event = ? ORDER BY {order}", (seq,))
        return [_record_of(row) for row in rows]

    def attempts(self, delivery_id: str) -> list[AttemptRecord]:
        """Return every attempt of a delivery, in order."""
        rows = self._connection.execute("SELECT * FROM attempts WHERE delivery = ? ORDER BY number", (delivery_id,))
        return [
            AttemptRecord(
                number=row["number"],
                started_at=instant(row["started_at_ms"]),
                ended_at=from_ms(row["ended_at_ms"]),
                status=row["status"],
                error=row["error"],
                outcome=row["outcome"],
            )
            for row in rows
        ]

    def _channel(self, name: str, counts: Collection[sqlite3.Row]) -> ChannelStatus:
        waiting = [row for row in counts if row["state"] != DeliveryState.DEAD]
        return ChannelStatus(
            name=name,
            health=read_health(self._connection, name),
            waiting=sum(row["number"] - row["follow_ups"] for row in waiting),
            follow_ups=sum(row["follow_ups"] for row in waiting),
            next_due_at=from_ms(min((row["due_ms"] for row in waiting if row["due_ms"] is not None), default=None)),
            dead=sum(row["number"] for row in counts if row["state"] == DeliveryState.DEAD),
        )


# Grouped by the index deliveries_by_state alone.
_COUNTS = """SELECT state, channel, COUNT(*) AS number, MIN(due_at_ms) AS due_ms,
    SUM(state = 'held' AND (stage GLOB 'repeat *' OR stage GLOB 'escalation *')) AS follow_ups FROM deliveries
    WHERE state <> 'delivered' AND is_dropped = 0
    AND state IN ('pending', 'held', 'sending', 'failed', 'unknown', 'dead')
    GROUP BY state, channel"""
_DELIVERIES = """SELECT d.*, e.id AS event_id, e.type, e.source, e.subject, l.state AS lead_state,
    l.lease_until_ms AS lead_lease_ms, l.is_dropped AS is_lead_dropped FROM deliveries d
    JOIN events e ON e.seq = d.event LEFT JOIN deliveries l ON l.id = d.lead"""


def _in(states: Collection[DeliveryState]) -> str:
    """Return the condition on states, spelled out so that the index deliveries_by_state can serve it."""
    names = ", ".join(f"'{state.value}'" for state in states)
    away = "" if DeliveryState.DELIVERED in states else "AND d.state <> 'delivered'"
    return f"{away} AND d.state IN ({names}) AND d.is_dropped = 0"


def _record_of(row: sqlite3.Row) -> DeliveryRecord:
    return DeliveryRecord(
        id=row["id"],
        event_id=row["event_id"],
        event_type=row["type"],
        source=row["source"],
        subject=row["subject"],
        channel=row["channel"],
        rule=row["rule"],
        stage=read_stage(row["stage"]),
        note=row["note"],
        state=DeliveryState(row["state"]),
        is_dropped=bool(row["is_dropped"]),
        attempts=row["attempts"],
        due_at=None if DeliveryState(row["state"]).is_final else from_ms(row["due_at_ms"]),
        lease_until=from_ms(row["lease_until_ms"]),
        created_at=instant(row["created_at_ms"]),
        settled_at=from_ms(row["settled_at_ms"]),
        reason=row["reason"],
        lead=row["lead"] or "",
        lead_state=DeliveryState(row["lead_state"]) if row["lead_state"] else None,
        lead_lease_until=from_ms(row["lead_lease_ms"]),
        is_lead_dropped=bool(row["is_lead_dropped"]),
    )
