"""Quiet hours: when a reader wants to hear of nothing but what is urgent, by the clock on the reader's wall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from fnmatch import fnmatchcase

from watcher.domain.event import EventType
from watcher.domain.wall_clock import find_jump, offset_at

_DAYS_A_WEEK = 7
_DAY = timedelta(days=1)
_MIDNIGHT = time()
_SET_BACK = timedelta(hours=2)
"""a clock is set back by no more"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Every day from `start` (included) to `end` (excluded), perhaps past midnight, and the whole of some days.

    What counts is what the clock of `zone` shows: an hour that it skips is not quiet, one that it shows twice is twice.
    `start` and `end` are both None where only days are quiet. `days`: 0 is Monday. `urgent`: globs of event types.
    """

    start: time | None
    end: time | None
    days: frozenset[int]
    zone: tzinfo
    urgent: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError("quiet hours have a start and an end, or neither")
        if self.start is not None and self.start == self.end:
            raise ValueError("quiet hours that end when they start are none, or never end")
        if self.days >= frozenset(range(_DAYS_A_WEEK)):
            raise ValueError("a week of quiet days never ends")

    def is_quiet(self, at: datetime) -> bool:
        """Say whether it is quiet at an instant."""
        shown = at.astimezone(self.zone)
        return shown.weekday() in self.days or self._is_between(shown.time())

    def quiet_until(self, at: datetime) -> datetime | None:
        """Return the first instant from `at` on that is not quiet, in UTC, None where `at` itself is not.

        Spans that touch are one: a night before a quiet day ends when the night after it does.
        """
        if not self.is_quiet(at):
            return None
        return next(turn for turn in self._turns(at) if not self.is_quiet(turn))

    @property
    def longest(self) -> timedelta:
        """How long it is quiet on end at most, a clock that is set back included."""
        return (len(self.days) + (self.start is not None)) * _DAY + _SET_BACK

    def is_urgent(self, event_type: EventType) -> bool:
        """Say whether events of a type are told in spite of the hour."""
        return any(fnmatchcase(event_type.value, glob) for glob in self.urgent)

    def _is_between(self, shown: time) -> bool:
        if self.start is None or self.end is None:
            return False
        if self.start < self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end

    def _turns(self, at: datetime) -> Iterator[datetime]:
        """Yield every instant after `at` at which it may begin or cease to be quiet, in order."""
        while True:
            ahead = self._next_edge(at)
            at = find_jump(at, ahead, self.zone) or ahead
            yield at

    def _next_edge(self, at: datetime) -> datetime:
        """Return when the clock shows the next start, end or midnight, if it does not jump before."""
        offset = offset_at(at, self.zone)
        shown = at.astimezone(UTC).replace(tzinfo=None) + offset
        edges = {_MIDNIGHT, *(edge for edge in (self.start, self.end) if edge is not None)}
        today = (datetime.combine(shown.date(), edge) for edge in edges)
        ahead = min(wall if wall > shown else wall + _DAY for wall in today)
        return (ahead - offset).replace(tzinfo=UTC)
