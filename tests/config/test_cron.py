import re
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from watcher.config.cron import parse_cron

GOOD = [
    # text, minute, hour, day, month, weekday
    ("* * * * *", "*", "*", "*", "*", "*"),
    ("*/20 7-9 * * mon-fri", "0,20,40", "7,8,9", "*", "*", "mon,tue,wed,thu,fri"),
    ("0 0 1,15 * *", "0", "0", "1,15", "*", "*"),
    ("5/25 0 * JAN,mar-apr *", "5,30,55", "0", "*", "1,3,4", "*"),
    ("0 0 * * 0", "0", "0", "*", "*", "sun"),  # the standard counts weekdays from Sunday
    ("0 0 * * 7", "0", "0", "*", "*", "sun"),
    ("0 0 * * 1-5", "0", "0", "*", "*", "mon,tue,wed,thu,fri"),
    ("0 0 * * sat-sun", "0", "0", "*", "*", "sun,sat"),
    ("0 0 * * 5-7", "0", "0", "*", "*", "sun,fri,sat"),
    ("0 0 * * 0-6", "0", "0", "*", "*", "*"),
    ("0 0 * * */3", "0", "0", "*", "*", "sun,wed,sat"),
    ("0 0 29 2 *", "0", "0", "29", "2", "*"),
    ("0 0 30,31 2,4 *", "0", "0", "30,31", "2,4", "*"),
    ("0,0-59 0 * * *", "*", "0", "*", "*", "*"),
]
BAD = [
    ("* * * *", "has 4 fields, not 5; write minute hour day month weekday"),
    ("@daily", "has 1 fields, not 5"),
    ("60 * * * *", "'60' is no minute; it goes from 0 to 59"),
    ("* 24 * * *", "'24' is no hour; it goes from 0 to 23"),
    ("* * 0 * *", "'0' is no day; it goes from 1 to 31"),
    ("* * * 13 *", "'13' is no month; it goes from 1 to 12 or jan-dec"),
    ("* * * * mo", "'mo' is no weekday; it goes from 0 to 7 or sun-sat"),
    ("5-1 * * * *", "'5-1' is an empty range of minutes"),
    ("*/0 * * * *", "'*/0' is an empty range of minutes"),
    ("x! * * * *", "'x!' is no minute; write it like"),
    (", * * * *", "'' is no minute"),
    ("0 0 31 2,4 *", "names a day that never comes"),
    ("0 0 1 * mon", "names days of the month and of the week at once"),
]


@pytest.mark.parametrize("text, minute, hour, day, month, weekday", GOOD)
def test_fields_are_spelt_out(text: str, minute: str, hour: str, day: str, month: str, weekday: str) -> None:
    cron = parse_cron(text)
    assert (cron.minute, cron.hour, cron.day, cron.month, cron.day_of_week) == (minute, hour, day, month, weekday)
    assert cron.written == text


@pytest.mark.parametrize("text, said", BAD)
def test_a_bad_expression_says_what_would_be_right(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_cron(text)


def test_a_scheduler_reads_weekdays_as_the_standard_means_them() -> None:
    trigger = CronTrigger(**parse_cron("30 8 * * 1").fields(), timezone=UTC)
    following = trigger.get_next_fire_time(None, datetime(2026, 11, 24, tzinfo=UTC))  # a Tuesday
    assert following == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)  # the next Monday


@pytest.mark.parametrize(
    "text, gap",
    [("*/5 7-19 * * *", timedelta(minutes=5)), ("0 6,18 * * *", timedelta(hours=12)), ("0 6 * * *", timedelta(days=1))],
)
def test_the_shortest_gap_lies_within_a_day(text: str, gap: timedelta) -> None:
    assert parse_cron(text).shortest_gap() == gap


@given(st.text(alphabet="0123456789*/-, monsufriajn", max_size=30))
def test_any_text_is_a_cron_that_a_scheduler_takes_or_a_value_error(text: str) -> None:
    try:
        cron = parse_cron(text)
    except ValueError:
        return
    assert CronTrigger(**cron.fields(), timezone=UTC) is not None
