"""A timetable: at which instants a source is to be polled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256

from watcher.config.cron import Cron
from watcher.config.model import Config

FIRST_POLLS_WITHIN = timedelta(seconds=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_PATIENCE_REQUESTS = 4
"""a page, a log-in in front of it, and both once more when the session was lost"""
_PATIENCE_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When one source is polled.

    `cron` is None where it is polled by the interval alone; its hours are those of `zone`, the reader's.
    `patience`: how long a poll may go without a sign of life.
    """

    source: str
    interval: timedelta
    patience: timedelta
    cron: Cron | None = None
    zone: tzinfo = UTC

    @property
    def share(self) -> float:
        """A number from 0 to 1 that is the source's own, so that sources do not fire together."""
        return int.from_bytes(sha256(self.source.encode()).digest()[:4]) / 2**32

    def slot_after(self, instant: datetime) -> datetime | None:
        """Return the next time after an instant, None where a cron expression has no further one."""
        if self.cron is None:
            return _next_beat(instant, self.interval, self.interval * self.share)
        from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - with it comes asyncio, and few need it

        trigger = CronTrigger(timezone=self.zone, **self.cron.fields())
        found: datetime | None = trigger.get_next_fire_time(None, instant.astimezone(self.zone) + _TICK)
        return found

    def first_after_start(self, now: datetime, last_poll_at: datetime | None) -> datetime | None:
        """Return when to poll first: soon, but by a cron expression only where a time was missed, or never polled."""
        soon = now + min(FIRST_POLLS_WITHIN, self.interval) * self.share
        if self.cron is None or last_poll_at is None:
            return soon
        slot = self.slot_after(last_poll_at)
        return soon if slot is not None and slot <= now else slot


def timetables_of(config: Config) -> dict[str, Timetable]:
    """Return the timetable of each configured source."""
    return {
        name: Timetable(
            source=name,
            interval=source.settings.interval,
            patience=source.settings.request_timeout * _PATIENCE_REQUESTS + _PATIENCE_MARGIN,
            cron=source.settings.cron,
            zone=config.timezone,
        )
        for name, source in config.sources.items()
    }


def _next_beat(instant: datetime, interval: timedelta, phase: timedelta) -> datetime:
    beats = (instant - _EPOCH - phase) // interval + 1
    return _EPOCH + phase + beats * interval
