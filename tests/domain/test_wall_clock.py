"""A wall clock: local times that do not exist or come twice, in zones that jump by an hour, half an hour or a day."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.wall_clock import find_jump, instant_at

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
HAVANA, APIA, NEPAL = ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Kathmandu")
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, HAVANA, NEPAL, UTC, timezone(-timedelta(hours=3, minutes=30)))


@pytest.mark.parametrize(
    "zone, day, at, expected",
    [
        (BERLIN, date(2026, 11, 23), time(8), "2026-11-23T07:00:00"),  # a plain day in winter
        (BERLIN, date(2026, 7, 1), time(8), "2026-07-01T06:00:00"),  # … and in summer
        (BERLIN, date(2026, 3, 29), time(2), "2026-03-29T01:00:00"),  # the first time that the clock skips
        (BERLIN, date(2026, 3, 29), time(2, 30), "2026-03-29T01:00:00"),  # … one within the gap
        (BERLIN, date(2026, 3, 29), time(2, 59, 59, 999_999), "2026-03-29T01:00:00"),  # … the last one
        (BERLIN, date(2026, 3, 29), time(3), "2026-03-29T01:00:00"),  # the first after it exists
        (BERLIN, date(2026, 3, 29), time(1, 59), "2026-03-29T00:59:00"),  # the last before it as well
        (BERLIN, date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00"),  # twice: the first, in summer time
        (BERLIN, date(2026, 10, 25), time(3), "2026-10-25T02:00:00"),  # once again
        (NEW_YORK, date(2026, 3, 8), time(2, 30), "2026-03-08T07:00:00"),
        (NEW_YORK, date(2026, 11, 1), time(1, 30), "2026-11-01T05:30:00"),
        (LORD_HOWE, date(2026, 10, 4), time(2, 15), "2026-10-03T15:30:00"),  # half an hour is skipped
        (LORD_HOWE, date(2026, 4, 5), time(1, 45), "2026-04-04T14:45:00"),  # … and comes twice
        (HAVANA, date(2026, 3, 8), time(0), "2026-03-08T05:00:00"),  # a day that has no midnight
        (APIA, date(2011, 12, 30), time(8), "2011-12-30T10:00:00"),  # a day that was left out
        (timezone(timedelta(hours=5, minutes=45)), date(2026, 3, 29), time(2, 30), "2026-03-28T20:45:00"),
    ],
)
def test_a_local_time_is_one_instant(zone: tzinfo, day: date, at: time, expected: str) -> None:
    assert instant_at(day, at, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    at=st.times().map(lambda at: at.replace(microsecond=0)),
)
def test_the_clock_shows_the_time_or_has_just_skipped_it(zone: tzinfo, day: date, at: time) -> None:
    instant = instant_at(day, at, zone)
    wall = datetime.combine(day, at)
    shown = instant.astimezone(zone).replace(tzinfo=None)
    before = (instant - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
    assert shown == wall or before < wall < shown
    for jump in (timedelta(minutes=30), timedelta(hours=1)):  # of two it is the first
        assert (instant - jump).astimezone(zone).replace(tzinfo=None) != wall


@pytest.mark.parametrize(
    "after, until, expected",
    [
        ("2026-03-29T00:00:00", "2026-03-29T02:00:00", "2026-03-29T01:00:00"),
        ("2026-03-29T00:00:00.5", "2026-03-29T01:00:00", "2026-03-29T01:00:00"),  # the end belongs to it
        ("2026-03-29T00:59:59.9", "2026-03-29T01:00:00.1", "2026-03-29T01:00:00"),
        ("2026-03-29T01:00:00", "2026-03-30T01:00:00", None),  # the start does not
        ("2026-10-24T12:00:00", "2026-10-25T12:00:00", "2026-10-25T01:00:00"),
        ("2026-06-01T00:00:00", "2026-06-02T00:00:00", None),
    ],
)
def test_a_jump_is_found_to_the_second(after: str, until: str, expected: str | None) -> None:
    span = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (after, until)]
    found = find_jump(span[0], span[1], BERLIN)
    assert found == (datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None)
