"""A wall clock: which instant a zone's clock means by a local time, and where that clock jumps."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_SECOND = timedelta(seconds=1)


def instant_at(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which a zone's clock shows a time of a day.

    A time that the clock skips on that day is the first instant after the gap; one that it shows twice is the first.
    """
    wall = datetime.combine(day, at)
    earlier, later = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier <= later:
        return earlier
    # In a gap the folds are the other way round (PEP 495): each is read with the offset of the other side.
    return find_jump(later, earlier, zone) or earlier


def find_jump(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """Return the instant in (after, until] at which a zone's clock jumps, None where it shows the same offset at both.

    Two jumps that undo each other in between are not seen: no zone does that within a day.
    """
    start, end = after.astimezone(UTC).replace(microsecond=0), until.astimezone(UTC)
    offset = offset_at(start, zone)
    if offset_at(end, zone) == offset:
        return None
    seconds = range(-((start - end) // _SECOND) + 1)  # zones jump at whole ones
    past = bisect_left(seconds, x=True, key=lambda count: offset_at(start + count * _SECOND, zone) != offset)
    return start + past * _SECOND


def offset_at(instant: datetime, zone: tzinfo) -> timedelta:
    """Return how far a zone's clock is ahead of UTC at an instant."""
    return instant.astimezone(zone).utcoffset() or timedelta()
