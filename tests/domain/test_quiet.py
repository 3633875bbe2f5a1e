"""Quiet hours: nights, days and both together, on nights when the clock jumps, against every single minute."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.event import EventType
from watcher.domain.quiet import QuietHours

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
MINUTE = timedelta(minutes=1)
MON, FRI, SAT, SUN = 0, 4, 5, 6


def quiet(hours: str = "", days: Collection[int] = (), zone: tzinfo = BERLIN) -> QuietHours:
    start, end = (time.fromisoformat(part) for part in hours.split("-")) if hours else (None, None)
    return QuietHours(start=start, end=end, days=frozenset(days), zone=zone)


def local(written: str, zone: tzinfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    "hours, days, at, until",
    [
        # 23 November 2026 is a Monday
        ("22:00-08:00", [], "2026-11-23T12:00", None),  # by day
        ("22:00-08:00", [], "2026-11-23T21:59:59.999999", None),  # just before
        ("22:00-08:00", [], "2026-11-23T22:00", "2026-11-24T08:00"),  # the start is in it
        ("22:00-08:00", [], "2026-11-24T03:00", "2026-11-24T08:00"),  # after midnight
        ("22:00-08:00", [], "2026-11-24T07:59:59.999999", "2026-11-24T08:00"),
        ("22:00-08:00", [], "2026-11-24T08:00", None),  # the end is not
        ("12:00-13:30", [], "2026-11-23T12:45", "2026-11-23T13:30"),  # within one day
        ("12:00-13:30", [], "2026-11-23T22:00", None),
        ("18:00-00:00", [], "2026-11-23T18:00", "2026-11-24T00:00"),  # up to midnight
        ("00:00-06:00", [], "2026-11-23T00:00", "2026-11-23T06:00"),  # from midnight
        ("", [SAT, SUN], "2026-11-27T23:59:59", None),  # Friday
        ("", [SAT, SUN], "2026-11-28T00:00", "2026-11-30T00:00"),  # two days are one span
        ("", [SUN], "2026-11-29T12:00", "2026-11-30T00:00"),
        ("22:00-08:00", [SAT, SUN], "2026-11-27T22:00", "2026-11-30T08:00"),  # Friday night to Monday morning
        ("22:00-08:00", [SAT, SUN], "2026-11-28T12:00", "2026-11-30T08:00"),
        ("12:00-13:00", [SAT, SUN], "2026-11-27T12:30", "2026-11-27T13:00"),  # a pause does not touch the weekend
        ("12:00-13:00", [SAT, SUN], "2026-11-28T12:30", "2026-11-30T00:00"),
        ("22:00-08:00", [MON, SAT, SUN], "2026-11-27T23:00", "2026-12-01T08:00"),
        ("08:00-07:00", [], "2026-11-23T12:00", "2026-11-24T07:00"),  # one hour a day is left
        ("", [], "2026-11-23T03:00", None),  # nothing is quiet
    ],
)
def test_it_is_quiet_until(hours: str, days: list[int], at: str, until: str | None) -> None:
    found = quiet(hours, days).quiet_until(local(at))
    assert found == (local(until) if until else None)


JUMPING: list[tuple[tzinfo, str, list[int], str, str | None]] = [
    # spring: the clock goes from 02:00 to 03:00 at 01:00 UTC
    (BERLIN, "22:00-08:00", [], "2026-03-28T21:00", "2026-03-29T06:00"),  # a night of nine hours
    (BERLIN, "22:00-02:30", [], "2026-03-29T00:30", "2026-03-29T01:00"),  # the end is skipped: it ends at the jump
    (BERLIN, "22:00-02:00", [], "2026-03-29T00:30", "2026-03-29T01:00"),
    (BERLIN, "02:30-04:00", [], "2026-03-29T00:59:59", None),
    (BERLIN, "02:30-04:00", [], "2026-03-29T01:00", "2026-03-29T02:00"),  # the start is skipped: at the jump
    (BERLIN, "02:15-02:45", [], "2026-03-29T01:00", None),  # skipped as a whole
    (BERLIN, "03:00-02:00", [], "2026-03-28T12:00", "2026-03-30T00:00"),  # the hour that is left is skipped
    (BERLIN, "", [SUN], "2026-03-29T12:00", "2026-03-29T22:00"),  # a Sunday of 23 hours
    # autumn: the clock goes from 03:00 to 02:00 at 01:00 UTC
    (BERLIN, "22:00-08:00", [], "2026-10-24T20:00", "2026-10-25T07:00"),  # a night of eleven hours
    (BERLIN, "22:00-02:30", [], "2026-10-25T00:00", "2026-10-25T00:30"),  # the end comes twice: the first
    (BERLIN, "22:00-02:30", [], "2026-10-25T00:45", None),
    (BERLIN, "22:00-02:30", [], "2026-10-25T01:00", "2026-10-25T01:30"),  # … and the second
    (BERLIN, "02:30-03:00", [], "2026-10-25T00:45", "2026-10-25T01:00"),  # the jump itself ends it
    (BERLIN, "02:30-03:30", [], "2026-10-25T01:45", "2026-10-25T02:30"),
    (BERLIN, "02:00-03:00", [], "2026-10-25T00:15", "2026-10-25T02:00"),  # the same hour twice, without a gap
    (BERLIN, "", [SUN], "2026-10-24T22:00", "2026-10-25T23:00"),  # a Sunday of 25 hours
    # New York: 8 March at 07:00 UTC, 1 November at 06:00 UTC
    (NEW_YORK, "22:00-07:00", [], "2026-03-08T03:00", "2026-03-08T11:00"),
    (NEW_YORK, "22:00-02:30", [], "2026-03-08T05:00", "2026-03-08T07:00"),
    (NEW_YORK, "22:00-01:30", [], "2026-11-01T05:15", "2026-11-01T05:30"),
    (NEW_YORK, "22:00-01:30", [], "2026-11-01T06:00", "2026-11-01T06:30"),
    # Lord Howe: half an hour, forward on 4 October, back on 5 April
    (LORD_HOWE, "22:00-02:15", [], "2026-10-03T15:00", "2026-10-03T15:30"),
    (LORD_HOWE, "22:00-08:00", [], "2026-10-03T15:00", "2026-10-03T21:00"),
    (LORD_HOWE, "22:00-01:45", [], "2026-04-04T14:40", "2026-04-04T14:45"),
    (LORD_HOWE, "22:00-01:45", [], "2026-04-04T15:00", "2026-04-04T15:15"),
    # an offset that never changes
    (timezone(timedelta(hours=5, minutes=45)), "22:00-06:00", [], "2026-03-29T00:00", "2026-03-29T00:15"),
    (UTC, "22:00-06:00", [], "2026-03-29T00:00", "2026-03-29T06:00"),
]


@pytest.mark.parametrize("zone, hours, days, at, until", JUMPING)
def test_a_night_in_which_the_clock_jumps_ends_by_the_clock(
    zone: tzinfo, hours: str, days: list[int], at: str, until: str | None
) -> None:
    found = quiet(hours, days, zone).quiet_until(local(at, UTC))
    assert found == (local(until, UTC) if until else None)


@pytest.mark.parametrize(
    "event_type, is_urgent",
    [
        (EventType.REGISTRATION_CLOSING, True),  # named
        (EventType.SOURCE_FAILING, True),  # by a glob
        (EventType.REGISTRATION_CLOSED, False),
    ],
)
def test_what_is_urgent_is_named_by_its_type(event_type: EventType, is_urgent: bool) -> None:
    hours = QuietHours(
        start=None, end=None, days=frozenset({SAT}), zone=UTC, urgent=("registration.closing", "source.*")
    )
    assert hours.is_urgent(event_type) is is_urgent


@pytest.mark.parametrize(
    "start, end, days",
    [
        (time(22), None, []),  # half a span
        (None, time(8), []),
        (time(8), time(8), []),  # nothing, or everything
        (None, None, range(7)),  # every day
    ],
)
def test_what_would_never_end_is_refused(start: time | None, end: time | None, days: Collection[int]) -> None:
    with pytest.raises(ValueError, match="quiet"):
        QuietHours(start=start, end=end, days=frozenset(days), zone=BERLIN)


# --- Minute by minute -------------------------------------------------------------------------------------------------

JUMPS = [
    (BERLIN, "2026-03-29T01:00"),
    (BERLIN, "2026-10-25T01:00"),
    (NEW_YORK, "2026-03-08T07:00"),
    (NEW_YORK, "2026-11-01T06:00"),
    (LORD_HOWE, "2026-10-03T15:30"),
    (LORD_HOWE, "2026-04-04T15:00"),
    (ZoneInfo("America/Havana"), "2026-03-08T05:00"),
    (timezone(timedelta(hours=5, minutes=45)), "2026-03-29T01:00"),
]
quarters = st.integers(0, 95).map(lambda count: time(count // 4, count % 4 * 15))
hours = st.one_of(st.none(), st.tuples(quarters, quarters).filter(lambda span: span[0] != span[1]))


@cache
def shown_at(zone: tzinfo, near: str, minute: int) -> tuple[int, int]:
    """What the clock shows some minutes after an instant: the weekday, and the minute of the day."""
    shown = (local(near, UTC) + minute * MINUTE).astimezone(zone)
    return shown.weekday(), shown.hour * 60 + shown.minute


def quiet_minutes(hours: QuietHours) -> set[int]:
    if hours.start is None or hours.end is None:
        return set()
    first, last = (edge.hour * 60 + edge.minute for edge in (hours.start, hours.end))
    return {count % 1440 for count in range(first, last if first < last else last + 1440)}


def walk(hours: QuietHours, near: str, minute: int) -> int:
    """The first minute from one on that is not quiet, looked at one by one."""
    nightly = quiet_minutes(hours)
    while True:
        weekday, shown = shown_at(hours.zone, near, minute)
        if weekday not in hours.days and shown not in nightly:
            return minute
        minute += 1


@settings(max_examples=300, deadline=None)
@given(
    jump=st.sampled_from(JUMPS),
    span=hours,
    days=st.frozensets(st.integers(0, 6), max_size=5),
    start=st.integers(-3_000, 3_000),
)
def test_it_is_quiet_as_long_as_every_minute_is(
    jump: tuple[tzinfo, str], span: tuple[time, time] | None, days: frozenset[int], start: int
) -> None:
    zone, near = jump
    asked = QuietHours(start=span[0] if span else None, end=span[1] if span else None, days=days, zone=zone)
    at = local(near, UTC) + start * MINUTE
    until = asked.quiet_until(at)
    walked = walk(asked, near, start)
    assert until == (None if walked == start else local(near, UTC) + walked * MINUTE)
    assert asked.is_quiet(at) is (until is not None)
    assert until is None or (not asked.is_quiet(until) and asked.is_quiet(until - MINUTE))
