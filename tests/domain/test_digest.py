"""A digest: it closes after a span, or at the next local time, once a day also when the clock jumps."""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.digest import Digest

BERLIN, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
MINUTE = timedelta(minutes=1)


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def daily(*at: str, zone: tzinfo = BERLIN) -> Digest:
    return Digest(span=None, at=tuple(map(time.fromisoformat, at)), zone=zone)


@pytest.mark.parametrize(
    "first_at, closes_at",
    [
        ("2026-11-23T08:15:02", "2026-11-23T08:30:02"),  # counted from the first event, not from the clock
        ("2026-10-25T00:50:00", "2026-10-25T01:05:00"),  # a span is a span when the clock jumps
    ],
)
def test_a_span_counts_from_the_first_event(first_at: str, closes_at: str) -> None:
    assert Digest(span=15 * MINUTE, at=(), zone=BERLIN).closes_at(utc(first_at)) == utc(closes_at)


CLOSINGS: list[tuple[Digest, str, str]] = [
    (daily("08:00"), "2026-11-23T06:59:59", "2026-11-23T07:00"),  # later today
    (daily("08:00"), "2026-11-23T07:00", "2026-11-24T07:00"),  # at the very time: the next one
    (daily("08:00"), "2026-11-23T12:00", "2026-11-24T07:00"),  # tomorrow
    (daily("08:00"), "2026-11-22T23:30", "2026-11-23T07:00"),  # the day is the reader's
    (daily("08:00", "16:00"), "2026-11-23T07:00", "2026-11-23T15:00"),  # the nearest of two
    (daily("16:00", "08:00"), "2026-11-23T15:30", "2026-11-24T07:00"),  # in whatever order
    (daily("00:00"), "2026-11-23T12:00", "2026-11-23T23:00"),  # midnight
    (daily("08:00"), "2026-03-28T12:00", "2026-03-29T06:00"),  # the morning after the clock went forward
    (daily("08:00"), "2026-10-24T12:00", "2026-10-25T07:00"),  # … and back
    (daily("02:30"), "2026-03-29T00:00", "2026-03-29T01:00"),  # skipped: after the gap
    (daily("02:30"), "2026-03-29T01:00", "2026-03-30T00:30"),  # … and once only
    (daily("02:00", "02:30", "03:00"), "2026-03-29T00:00", "2026-03-29T01:00"),  # three times in one
    (daily("02:30"), "2026-10-24T23:00", "2026-10-25T00:30"),  # comes twice: the first
    (daily("02:30"), "2026-10-25T00:30", "2026-10-26T01:30"),  # … and once only
    (daily("02:30", zone=NEW_YORK), "2026-03-08T06:00", "2026-03-08T07:00"),
    (daily("01:30", zone=NEW_YORK), "2026-11-01T05:45", "2026-11-02T06:30"),
    (daily("02:15", zone=LORD_HOWE), "2026-10-03T15:00", "2026-10-03T15:30"),  # half an hour is skipped
    (daily("01:45", zone=LORD_HOWE), "2026-04-04T14:50", "2026-04-05T15:15"),  # … and comes twice
    (daily("08:00", zone=APIA), "2011-12-29T20:00", "2011-12-30T10:00"),  # the day that was left out
    (daily("08:00", zone=timezone(-timedelta(hours=3, minutes=30))), "2026-11-23T11:30", "2026-11-24T11:30"),
]


@pytest.mark.parametrize("digest, first_at, closes_at", CLOSINGS)
def test_local_times_close_it_at_the_next_of_them(digest: Digest, first_at: str, closes_at: str) -> None:
    assert digest.closes_at(utc(first_at)) == utc(closes_at)


@pytest.mark.parametrize(
    "span, at",
    [
        (None, ()),  # never
        (15 * MINUTE, (time(8),)),  # both
        (timedelta(), ()),  # no time at all
        (-MINUTE, ()),
    ],
)
def test_a_digest_that_never_gathers_is_refused(span: timedelta | None, at: tuple[time, ...]) -> None:
    with pytest.raises(ValueError, match="digest"):
        Digest(span=span, at=at, zone=UTC)


@settings(deadline=None)
@given(
    zone=st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, UTC]),
    at=st.lists(st.integers(0, 95).map(lambda count: time(count // 4, count % 4 * 15)), min_size=1, max_size=3),
    day=st.sampled_from(
        [
            date(2026, 3, 8),
            date(2026, 3, 29),
            date(2026, 4, 5),
            date(2026, 10, 4),
            date(2026, 10, 25),
            date(2026, 11, 1),
        ]
    ),
    minute=st.integers(-720, 1_440),
)
def test_no_minute_before_the_closing_shows_one_of_the_times_anew(
    zone: tzinfo, at: list[time], day: date, minute: int
) -> None:
    first_at = datetime.combine(day, time(), UTC) + minute * MINUTE
    closing = Digest(span=None, at=tuple(at), zone=zone).closes_at(first_at)
    assert closing == _walk(first_at, {wall.hour * 60 + wall.minute for wall in at}, zone)


def _walk(first_at: datetime, minutes: set[int], zone: tzinfo) -> datetime:
    """The first minute after an instant at which the clock reaches or skips one of some times, twice only once."""
    before = first_at
    while True:
        now = before + MINUTE
        was, shown = (instant.astimezone(zone).replace(tzinfo=None) for instant in (before, now))
        passed = (was + count * MINUTE for count in range(1, (shown - was) // MINUTE + 1))
        is_second = now.astimezone(zone).fold == 1
        if not is_second and any(wall.hour * 60 + wall.minute in minutes for wall in passed):
            return now
        before = now
