"""What people write for an instant to come, read in their zone, also on the nights when the clock is set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from watcher.domain.moment import read_moment, say_until

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
"""15:05 on a Tuesday in Berlin, 09:05 in New York, 01:05 on Wednesday on Lord Howe"""


def local(text: str, zone: ZoneInfo, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    "written, wanted",
    [
        ("2h", "2026-11-24T17:05"),
        ("in 2h", "2026-11-24T17:05"),
        ("1h30m", "2026-11-24T16:35"),
        ("3d", "2026-11-27T15:05"),
        ("18:30", "2026-11-24T18:30"),
        ("9:00", "2026-11-25T09:00"),  # has passed today
        ("15:05", "2026-11-25T15:05"),  # is now
        ("at 18:30:15", "2026-11-24T18:30:15"),
        ("24:00", "2026-11-25T00:00"),
        ("today 18:30", "2026-11-24T18:30"),
        ("tomorrow", "2026-11-25T00:00"),
        ("tomorrow 09:00", "2026-11-25T09:00"),
        ("  Tomorrow  at 09:00 ", "2026-11-25T09:00"),
        ("09:00 tomorrow", "2026-11-25T09:00"),
        ("tomorrow 24:00", "2026-11-26T00:00"),
        ("monday", "2026-11-30T00:00"),
        ("Mon", "2026-11-30T00:00"),
        ("friday 17:00", "2026-11-27T17:00"),
        ("17:00 fri", "2026-11-27T17:00"),
        ("tuesday", "2026-12-01T00:00"),  # today has begun: the next one
        ("tuesday 15:04", "2026-12-01T15:04"),
        ("tuesday 15:06", "2026-11-24T15:06"),
        ("end of day", "2026-11-25T00:00"),
        ("end of week", "2026-11-30T00:00"),
        ("the end of the month", "2026-12-01T00:00"),
        ("2026-11-25", "2026-11-25T00:00"),
        ("2026-11-25T09:00", "2026-11-25T09:00"),
        ("2026-11-25 09:00", "2026-11-25T09:00"),
        ("20261125T0900", "2026-11-25T09:00"),
        ("2026-11-25T09:00Z", "2026-11-25T10:00"),
        ("2026-11-25t09:00:00+02:00", "2026-11-25T08:00"),
    ],
)
def test_a_moment_is_read_by_the_readers_clock(written: str, wanted: str) -> None:
    assert read_moment(written, NOW, BERLIN) == local(wanted, BERLIN)


@pytest.mark.parametrize(
    "zone, wanted",
    [
        (BERLIN, "2026-11-25T09:00+01:00"),
        (NEW_YORK, "2026-11-25T09:00-05:00"),
        (LORD_HOWE, "2026-11-26T09:00+11:00"),  # it is Wednesday there already
    ],
)
def test_tomorrow_is_the_readers(zone: ZoneInfo, wanted: str) -> None:
    assert read_moment("tomorrow 09:00", NOW, zone) == datetime.fromisoformat(wanted)


# Now, what is written, and the instant with the offset in force then.
NIGHTS = [
    # Berlin, 29 March 2026: 02:00 +01:00 becomes 03:00 +02:00
    (BERLIN, "2026-03-28T12:00+01:00", "tomorrow 01:59", "2026-03-29T01:59+01:00"),
    (BERLIN, "2026-03-28T12:00+01:00", "tomorrow 02:30", "2026-03-29T03:30+02:00"),  # is left out
    (BERLIN, "2026-03-28T12:00+01:00", "tomorrow 03:00", "2026-03-29T03:00+02:00"),
    (BERLIN, "2026-03-28T12:00+01:00", "tomorrow 09:00", "2026-03-29T09:00+02:00"),
    (BERLIN, "2026-03-28T12:00+01:00", "24h", "2026-03-29T13:00+02:00"),  # a duration is what passes
    (BERLIN, "2026-03-28T12:00+01:00", "end of week", "2026-03-30T00:00+02:00"),
    # Berlin, 25 October 2026: 03:00 +02:00 becomes 02:00 +01:00
    (BERLIN, "2026-10-24T12:00+02:00", "sunday 02:30", "2026-10-25T02:30+02:00"),  # comes twice: the first
    (BERLIN, "2026-10-25T02:45+02:00", "02:30", "2026-10-25T02:30+01:00"),  # the first has passed
    (BERLIN, "2026-10-25T02:45+02:00", "today 02:30", "2026-10-25T02:30+01:00"),
    (BERLIN, "2026-10-25T02:45+02:00", "2026-10-25T02:30", "2026-10-25T02:30+01:00"),
    (BERLIN, "2026-10-25T02:45+01:00", "02:30", "2026-10-26T02:30+01:00"),  # both have
    (BERLIN, "2026-10-25T02:15+02:00", "02:30", "2026-10-25T02:30+02:00"),
    (BERLIN, "2026-10-24T12:00+02:00", "tomorrow", "2026-10-25T00:00+02:00"),
    (BERLIN, "2026-10-25T12:00+01:00", "1d", "2026-10-26T12:00+01:00"),
    # New York, 8 March 2026: 02:00 -05:00 becomes 03:00 -04:00; 1 November: 02:00 -04:00 becomes 01:00 -05:00
    (NEW_YORK, "2026-03-07T12:00-05:00", "tomorrow 02:30", "2026-03-08T03:30-04:00"),
    (NEW_YORK, "2026-03-07T12:00-05:00", "monday", "2026-03-09T00:00-04:00"),
    (NEW_YORK, "2026-10-31T12:00-04:00", "tomorrow 01:30", "2026-11-01T01:30-04:00"),
    (NEW_YORK, "2026-11-01T01:40-04:00", "01:30", "2026-11-01T01:30-05:00"),
    (NEW_YORK, "2026-10-31T23:59-04:00", "monday 09:00", "2026-11-02T09:00-05:00"),
    # Lord Howe moves by half an hour. 5 April 2026: 02:00 +11:00 becomes 01:30 +10:30
    (LORD_HOWE, "2026-04-04T12:00+11:00", "tomorrow 01:45", "2026-04-05T01:45+11:00"),
    (LORD_HOWE, "2026-04-05T01:50+11:00", "01:45", "2026-04-05T01:45+10:30"),
    (LORD_HOWE, "2026-04-04T12:00+11:00", "tomorrow 02:00", "2026-04-05T02:00+10:30"),
    # 4 October 2026: 02:00 +10:30 becomes 02:30 +11:00
    (LORD_HOWE, "2026-10-03T12:00+10:30", "tomorrow 02:15", "2026-10-04T02:45+11:00"),
    (LORD_HOWE, "2026-10-03T12:00+10:30", "tomorrow 02:30", "2026-10-04T02:30+11:00"),
    (LORD_HOWE, "2026-10-03T12:00+10:30", "sunday 09:00", "2026-10-04T09:00+11:00"),
]


@pytest.mark.parametrize("zone, now, written, wanted", NIGHTS)
def test_a_night_on_which_the_clock_is_set_is_no_exception(zone: ZoneInfo, now: str, written: str, wanted: str) -> None:
    assert read_moment(written, datetime.fromisoformat(now), zone) == datetime.fromisoformat(wanted)


@pytest.mark.parametrize(
    "written, reading",
    [
        ("today 09:00", "09:00 Tue 24 Nov (Europe/Berlin), 6 h 5 min ago"),
        ("today", "00:00 Tue 24 Nov (Europe/Berlin), 15 h 5 min ago"),
        ("2026-11-20", "00:00 Fri 20 Nov (Europe/Berlin), 4 d 15 h ago"),
        ("2025-11-24T15:05", "15:05 Mon 24 Nov 2025 (Europe/Berlin), 365 d ago"),
        ("2026-11-24T14:05Z", "15:05 Tue 24 Nov (Europe/Berlin), that is now"),
        ("0s", "15:05 Tue 24 Nov (Europe/Berlin), that is now"),
    ],
)
def test_what_has_passed_is_refused_with_how_it_was_read(written: str, reading: str) -> None:
    with pytest.raises(ValueError, match="name an instant to come") as caught:
        read_moment(written, NOW, BERLIN)
    assert f"was read as {reading};" in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "soon", "mo", "day", "25:00", "24:01", "9", "18:60", "monday friday", "09:00 10:00", "-2h", "at",
        "tomorrow morning", "2026-13-01", "2026-02-30", "end of term", "x" * 101, "9" * 99,
    ],
)  # fmt: skip
def test_what_names_no_instant_is_refused_with_what_would(written: str) -> None:
    with pytest.raises(ValueError, match=r"names no instant; write it like 2h, 3d, 18:30, 'tomorrow 09:00'"):
        read_moment(written, NOW, BERLIN)


@pytest.mark.parametrize("written", ["9000y", "3000000d", "9999-12-31T23:59-12:00"])
def test_what_is_beyond_the_calendar_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is beyond any calendar; write it like"):
        read_moment(written, NOW, BERLIN)


def test_the_end_is_said_as_it_was_read() -> None:
    ends = read_moment("tomorrow 09:00", NOW, BERLIN)
    assert say_until(ends, NOW, BERLIN) == "until 09:00 Wed 25 Nov (Europe/Berlin), 17 h 55 min from now"
    assert say_until(NOW + timedelta(days=400), NOW, BERLIN).startswith("until 15:05 Wed 29 Dec 2027 (Europe/Berlin)")
