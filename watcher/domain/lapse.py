"""A lapse: what the audit finds wrong with the way of deliveries, as long as it is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.domain.event import Event, EventType, Severity, event_id, stamp


class LapseKind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    """events were stored without what the rules owe for them; it is owed anew"""
    STUCK = "stuck"
    """something is due for a channel, and nothing moves"""
    PASSED = "passed over"
    """newer ones go out before a delivery that is due"""
    STRANDED = "stranded"
    """something waits for a channel that is not configured"""
    STALLED = "stalled"
    """a part of the daemon does not get on"""


Key = tuple[LapseKind, str]
"""a kind and a subject"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapse:
    """One thing that is wrong.

    `subject`: the channel, of a stalled part its name. `delivery`: the id of the one that does not move, where one is
    known. `is_told`: channel.failing was raised for it.
    """

    kind: LapseKind
    subject: str
    text: str
    since: datetime
    delivery: str = ""
    is_told: bool = False

    @property
    def key(self) -> Key:
        """What makes it the same lapse at the next look."""
        return self.kind, self.subject

    def say(self) -> str:
        """Return it in words, on one line."""
        return f"{self.kind} {self.subject}: {self.text}"


_TELLING = frozenset({LapseKind.STUCK, LapseKind.PASSED, LapseKind.STRANDED})
"""what keeps messages back; the others are mended, or end with the daemon, and no type of event says them"""


def is_telling(kind: LapseKind) -> bool:
    """Say whether operators are sent a message about lapses of a kind."""
    return kind in _TELLING


def begin(lapse: Lapse, now: datetime) -> Event:
    """Return the event that says that a lapse of a channel has begun."""
    return _told(EventType.CHANNEL_FAILING, Severity.WARNING, lapse, now)


def end(lapse: Lapse, now: datetime) -> Event:
    """Return the event that says that a lapse of a channel is over."""
    return _told(EventType.CHANNEL_RECOVERED, Severity.INFO, lapse, now)


def _told(kind: EventType, severity: Severity, lapse: Lapse, now: datetime) -> Event:
    """The beginning is the version, as with the health of a channel, from which the kind tells it."""
    return Event(
        id=event_id(lapse.subject, kind, lapse.subject, f"{lapse.kind.value}/{lapse.since.isoformat()}"),
        source=lapse.subject,
        type=kind,
        subject=lapse.subject,
        time=now,
        severity=severity,
        details={"error": lapse.text, "since": stamp(lapse.since)},
    )
