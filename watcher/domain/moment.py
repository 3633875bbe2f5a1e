"""A moment: an instant still to come, as a person writes it, read by the calendar of his zone.

A duration counts from now (`2h`, `3d`). ISO 8601 without a zone is by the reader's clock, a bare date its first minute.
Words: `end of day`, `end of week`, `end of month`; `today`, `tomorrow` or a weekday, a time before or after it
(`tomorrow 09:00`, `17:00 friday`) or such a time alone. A weekday and a bare time mean the next one there is.

Where a clock is set back and a time comes twice, the first one that is still to come is meant. Where it is set forward
and a time is left out, that time is counted on from the hour before (RFC 5545, 3.3.5): 02:30 becomes 03:30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from watcher.domain.calendar import say_date
from watcher.domain.duration import parse_duration, say_duration

FORMS = "write it like 2h, 3d, 18:30, 'tomorrow 09:00', monday, 'friday 17:00', 'end of week' or 2026-11-25T09:00"

_DAY = timedelta(days=1)
_WEEK_DAYS = 7
_LONGEST = 100
"""characters that may be a moment"""


def read_moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant that a text means, in UTC.

    Raises ValueError, whose text says what would be right, also for one that has passed, with what it was read as.
    """
    written = " ".join(text.lower().split())
    if not written or len(written) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST]!r} names no instant; {FORMS}")
    try:
        instant = _read(written, now.astimezone(UTC), zone)
        reading = None if instant is None else f"{say_date(instant, zone, now)} ({zone})"
    except OverflowError:
        raise ValueError(f"{text!r} is beyond any calendar; {FORMS}") from None
    if instant is None:
        raise ValueError(f"{text!r} names no instant; {FORMS}")
    if instant <= now:
        ago = "that is now" if instant == now else f"{say_duration(now - instant)} ago"
        raise ValueError(f"{text!r} was read as {reading}, {ago}; name an instant to come")
    return instant


def say_until(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """Return `until 09:00 Wed 25 Nov (Europe/Berlin), 18 h from now`."""
    return f"until {say_date(instant, zone, now)} ({zone}), {say_duration(instant - now)} from now"


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_NAME = 3
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?")
_ISO = re.compile(r"\d{4}-?(?:\d\d-?\d\d|w\d\d)")
_END_OF = re.compile(r"(?:the )?end of (?:the |this )?(day|today|week|month)")
_FILLING = frozenset({"at", "on", "until"})


def _read(written: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return what a text means, None where it means nothing; raises OverflowError beyond the last year there is."""
    if _ISO.match(written):
        return _read_iso(written, now, zone)
    span = _read_span(written)
    if span is not None:
        return now + span
    today = now.astimezone(zone).date()
    end = _END_OF.fullmatch(written)
    if end is not None:
        return _instant(_after(end[1], today), time(), now, zone)
    return _read_words(written, now, zone, today)


def _read_iso(written: str, now: datetime, zone: tzinfo) -> datetime | None:
    try:
        stated = datetime.fromisoformat(written.upper())
    except ValueError:
        return None
    if stated.tzinfo is not None:
        return stated.astimezone(UTC)
    return _instant(stated.date(), stated.time(), now, zone)


def _read_span(written: str) -> timedelta | None:
    try:
        return parse_duration(written.removeprefix("in "))
    except ValueError:
        return None


def _after(unit: str, today: date) -> date:
    """Return the first day after the present day, week (it ends with Sunday) or month."""
    if unit == "week":
        return today + (_WEEK_DAYS - today.weekday()) * _DAY
    if unit == "month":
        return (today.replace(day=28) + 4 * _DAY).replace(day=1)
    return today + _DAY


def _read_words(written: str, now: datetime, zone: tzinfo, today: date) -> datetime | None:
    words = [word for word in written.split() if word not in _FILLING]
    clocks = [word for word in words if _CLOCK.fullmatch(word)]
    days = [word for word in words if word not in clocks]
    if not words or len(clocks) > 1 or len(days) > 1:
        return None
    clock, offset = _read_clock(clocks[0]) if clocks else (time(), 0)
    if clock is None:
        return None
    named = tuple(_days(days[0], today)) if days else (today, today + _DAY)
    candidates = [_instant(day + offset * _DAY, clock, now, zone) for day in named]
    return next((instant for instant in candidates if instant > now), candidates[-1] if candidates else None)


def _days(word: str, today: date) -> Iterator[date]:
    """Yield the days that a word may mean, the nearest first."""
    if word in {"today", "tomorrow"}:
        yield today if word == "today" else today + _DAY
    elif len(word) >= _SHORTEST_NAME:
        for place, name in enumerate(_WEEKDAYS):
            if name.startswith(word):
                nearest = today + (place - today.weekday()) % _WEEK_DAYS * _DAY
                yield from (nearest, nearest + _WEEK_DAYS * _DAY)


def _read_clock(word: str) -> tuple[time | None, int]:
    """Return a time of day and whether it belongs to the day after: 24:00 is the end of a day."""
    hour, minute, second = (int(part or 0) for part in _parts(word))
    if hour == 24:  # noqa: PLR2004 - ISO 8601's other midnight
        return (None if minute or second else time()), 1
    return time(hour, minute, second), 0


def _parts(word: str) -> tuple[str | None, ...]:
    found = _CLOCK.fullmatch(word)
    return found.groups() if found else (None, None, None)


def _instant(day: date, clock: time, now: datetime, zone: tzinfo) -> datetime:
    """Return when a zone's clock shows a time on a day: of two such instants the first that is still to come."""
    first, second = (datetime.combine(day, clock, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    # Of a time that is left out the second reading is the earlier one, counted from the hour after.
    return second if first <= now < second else first
