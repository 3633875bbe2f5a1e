"""Calendar words: instants as a reader says them, in the reader's zone, in English whatever the machine's locale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from watcher.domain.duration import say_duration

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_instant(value: Any) -> datetime | None:
    """Return the instant that an ISO 8601 text with a zone names, None where it names none."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def in_zone(instant: datetime, zone: tzinfo) -> datetime:
    """Return an instant by a zone's clock; in UTC where that would be beyond year 9999, as APIs write "never"."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant.astimezone(UTC)


def say_time(instant: datetime, zone: tzinfo) -> str:
    """Return `08:15`."""
    local = in_zone(instant, zone)
    return f"{local.hour:02}:{local.minute:02}"


def say_day(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """Return `Mon 23 Nov`, with the year where it is not the present one."""
    local = in_zone(instant, zone)
    year = "" if local.year == in_zone(now, zone).year else f" {local.year}"
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}{year}"


def say_date(instant: datetime, zone: tzinfo, now: datetime) -> str:
    """Return `08:15 Mon 23 Nov`."""
    return f"{say_time(instant, zone)} {say_day(instant, zone, now)}"


def say_left(instant: datetime, now: datetime) -> str:
    """Return `in 23 h`, `now` or `2 h ago`."""
    left = instant - now
    if abs(left) < timedelta(seconds=1):
        return "now"
    return f"in {say_duration(left)}" if left > timedelta() else f"{say_duration(-left)} ago"


def say_range(after: datetime, before: datetime, zone: tzinfo, now: datetime) -> str:
    """Return `08:10–08:15`, with both days where they differ."""
    if say_day(after, zone, now) == say_day(before, zone, now):
        return f"{say_time(after, zone)}–{say_time(before, zone)}"
    return f"{say_date(after, zone, now)} – {say_date(before, zone, now)}"
