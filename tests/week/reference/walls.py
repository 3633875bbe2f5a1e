"""Clocks on readers' walls, looked at minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.week.reference.rules import Plan, Quiet

MINUTE = timedelta(minutes=1)


def ends_being_quiet(quiet: Quiet, now: datetime) -> datetime:
    """Return the first minute from now on that is not quiet: now itself, where it is not."""
    return _awake(quiet.zone, quiet.start, quiet.end, quiet.days, now)


def closes(plan: Plan, first: datetime) -> datetime:
    """Return when a digest whose first event came at an instant is told."""
    if plan.digest_span is not None:
        return first + plan.digest_span
    return _arrival(plan.digest_zone, tuple(plan.digest_at), first)


@cache
def _awake(zone: str, start: int | None, end: int | None, days: frozenset[int], now: datetime) -> datetime:
    while _is_quiet(zone, start, end, days, now):
        now += MINUTE
    return now


@cache
def _arrival(zone: str, minutes: tuple[int, ...], now: datetime) -> datetime:
    now += MINUTE
    while not any(_arrives(zone, minute, now) for minute in minutes):
        now += MINUTE
    return now


def _is_quiet(zone: str, start: int | None, end: int | None, days: frozenset[int], at: datetime) -> bool:
    weekday, minute, _ = _shown(zone, at)
    if weekday in days:
        return True
    if start is None or end is None:
        return False
    return start <= minute < end if start < end else not end <= minute < start


def _arrives(zone: str, minute: int, at: datetime) -> bool:
    """Whether a clock comes to a minute of the day, or jumps over it; it comes there once a day."""
    day, shown, fold = _shown(zone, at)
    was_day, was, _ = _shown(zone, at - MINUTE)
    if fold:
        return False
    if was < shown and day == was_day:
        return was < minute <= shown
    return minute <= shown or minute > was if day != was_day else False


@cache
def _shown(zone: str, at: datetime) -> tuple[int, int, int]:
    shown = at.astimezone(ZoneInfo(zone))
    return shown.weekday(), shown.hour * 60 + shown.minute, shown.fold
