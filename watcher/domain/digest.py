"""A digest: how long events are gathered before they are told in one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from watcher.domain.wall_clock import instant_at

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Gathered for a `span` from the first event on, or (where `span` is None) up to the next of some local times."""

    span: timedelta | None
    at: tuple[time, ...]
    zone: tzinfo

    def __post_init__(self) -> None:
        if (self.span is None) != bool(self.at):
            raise ValueError("a digest closes after a span or at local times, one of both")
        if self.span is not None and self.span <= timedelta():
            raise ValueError("a digest gathers for some time")

    @property
    def longest(self) -> timedelta:
        """How long it gathers at most; a day may be left out by its zone."""
        return 2 * _DAY if self.span is None else self.span

    def closes_at(self, first_at: datetime) -> datetime:
        """Return when the digest whose first event came at an instant is told, in UTC, always after that instant.

        A local time that does not exist on a day is the first instant after the gap; one that comes twice counts once,
        the first time.
        """
        if self.span is not None:
            return first_at.astimezone(UTC) + self.span
        today = first_at.astimezone(self.zone).date()
        days = (today + count * _DAY for count in range(3))  # the day after today may be one that the zone left out
        closings = (instant_at(day, at, self.zone) for day in days for at in self.at)
        return min(closing for closing in closings if closing > first_at)
