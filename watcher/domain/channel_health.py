"""Channel health: whether a channel works, since when it does not, and the events that say so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.domain.delivery import MAX_RETRY_AFTER, Attempt, asked_wait
from watcher.domain.event import Event, EventType, Severity, event_id, stamp

FAILING_AFTER = 3
PATIENCE = timedelta(minutes=30)
"""a service that has only asked to be sent less for this long, without taking anything, is failing after all"""
MIN_PAUSE = timedelta(seconds=1)
"""for a 429 that names no wait"""
OUTAGE = timedelta(minutes=5)
"""a channel that failed for as long has deliveries that wait for much longer by now; a shorter trouble needs no care,
and a message that fails by itself among good ones must not be tried over and over"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHealth:
    """What is remembered of a channel; a new channel has all the defaults.

    `troubled_since`: the first of the failed attempts in a row, None after a good one.
    `failures`: those in a row that count (an answer that only asks to be sent less does not).
    `is_failing`: channel.failing was raised and channel.recovered was not.
    `paused_until`: nothing is sent before; None where nothing holds.
    """

    troubled_since: datetime | None = None
    failures: int = 0
    is_failing: bool = False
    error: str = ""
    paused_until: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether the service asked not to be sent anything yet; no pause outlives a clock that was set back."""
        return self.paused_until is not None and now < self.paused_until <= now + MAX_RETRY_AFTER


def after_attempt(health: ChannelHealth, channel: str, attempt: Attempt) -> tuple[ChannelHealth, tuple[Event, ...]]:
    """Return the health after an attempt and the channel.* events to raise: one when it fails, one when it recovers."""
    if attempt.is_sent:
        return _recovered(health, channel, attempt)
    now = _troubled(health, attempt)
    if now.is_failing or not _is_lasting(now, attempt):
        return now, ()
    failing = replace(now, is_failing=True)
    return failing, (_told(EventType.CHANNEL_FAILING, channel, failing, attempt),)


def ends_outage(before: ChannelHealth, attempt: Attempt) -> bool:
    """Say whether an attempt shows that a channel works again that had been failing for long."""
    since = before.troubled_since
    return before.is_failing and attempt.is_sent and since is not None and attempt.ended_at - since >= OUTAGE


def _troubled(health: ChannelHealth, attempt: Attempt) -> ChannelHealth:
    return ChannelHealth(
        troubled_since=health.troubled_since or attempt.ended_at,
        failures=health.failures + (not attempt.is_paced),
        is_failing=health.is_failing,
        error=attempt.error,
        paused_until=_pause(attempt),
    )


def _pause(attempt: Attempt) -> datetime | None:
    """An answer that names a wait holds for the whole channel, not for one delivery."""
    if attempt.retry_after is None and not attempt.is_paced:
        return None
    return attempt.ended_at + max(asked_wait(attempt.retry_after), MIN_PAUSE)


def _is_lasting(health: ChannelHealth, attempt: Attempt) -> bool:
    since = health.troubled_since or attempt.ended_at
    return attempt.is_permanent or health.failures >= FAILING_AFTER or attempt.ended_at - since >= PATIENCE


def _recovered(health: ChannelHealth, channel: str, attempt: Attempt) -> tuple[ChannelHealth, tuple[Event, ...]]:
    if not health.is_failing:
        return ChannelHealth(), ()
    return ChannelHealth(), (_told(EventType.CHANNEL_RECOVERED, channel, health, attempt),)


def _told(kind: EventType, channel: str, health: ChannelHealth, attempt: Attempt) -> Event:
    """The start of the trouble is the version: one failing and one recovered event an episode."""
    since = health.troubled_since or attempt.ended_at
    severity = Severity.WARNING if kind is EventType.CHANNEL_FAILING else Severity.INFO
    return Event(
        id=event_id(channel, kind, channel, since.isoformat()),
        source=channel,
        type=kind,
        subject=channel,
        time=attempt.ended_at,
        severity=severity,
        details={"error": health.error, "since": stamp(since)},
    )
