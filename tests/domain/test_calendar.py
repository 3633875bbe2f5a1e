"""Instants as a reader says them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from watcher.domain.calendar import read_instant, say_date, say_left, say_range

NOW = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "value, instant",
    [
        ("2026-11-23T07:15:02Z", NOW),
        ("2026-11-23T08:15:02+01:00", NOW),
        ("2026-11-23T07:15:02", None),  # without a zone it names no instant
        ("soon", None),
        ("0001-01-01T00:00:00+05:00", None),  # it would be in year 0
        (None, None),
        (1700000000, None),
    ],
)
def test_only_a_text_with_a_zone_names_an_instant(value: Any, instant: datetime | None) -> None:
    assert read_instant(value) == instant


@pytest.mark.parametrize(
    "left, words",
    [
        (timedelta(hours=23), "in 23 h"),
        (timedelta(days=6, hours=4), "in 6 d 4 h"),
        (timedelta(hours=-2), "2 h ago"),
        (timedelta(milliseconds=300), "now"),
    ],
)
def test_what_is_left_has_words(left: timedelta, words: str) -> None:
    assert say_left(NOW + left, NOW) == words


def test_another_year_is_named() -> None:
    assert say_date(NOW.replace(year=2027), BERLIN, NOW) == "08:15 Tue 23 Nov 2027"


def test_a_summer_day_is_in_summer_time() -> None:
    assert say_date(NOW.replace(month=7), BERLIN, NOW) == "09:15 Thu 23 Jul"


def test_a_range_within_one_day_of_the_reader_has_no_dates() -> None:
    assert say_range(NOW - timedelta(minutes=5), NOW, BERLIN, NOW) == "08:10–08:15"
    midnight = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    assert say_range(midnight - timedelta(minutes=1), midnight, BERLIN, NOW) == "23:59 Sun 22 Nov – 00:00 Mon 23 Nov"


def test_the_last_instant_that_stands_for_never_has_words_in_every_zone() -> None:
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert say_date(never, BERLIN, NOW) == "23:59 Fri 31 Dec 9999"
    assert say_range(NOW, never, BERLIN, NOW) == "08:15 Mon 23 Nov – 23:59 Fri 31 Dec 9999"
