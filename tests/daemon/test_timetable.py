from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from watcher.config.cron import parse_cron
from watcher.daemon.timetable import FIRST_POLLS_WITHIN, Timetable

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday
BERLIN = ZoneInfo("Europe/Berlin")  # an hour ahead of UTC


def _every(interval: timedelta, source: str = "campus") -> Timetable:
    return Timetable(source=source, interval=interval, patience=timedelta(minutes=3))


def _cron(text: str) -> Timetable:
    cron = parse_cron(text)
    gap = cron.shortest_gap()
    return Timetable(source="campus", interval=gap, patience=timedelta(minutes=3), cron=cron, zone=BERLIN)


@pytest.mark.parametrize("interval", [timedelta(seconds=1), timedelta(minutes=5), timedelta(days=31)])
def test_the_times_of_an_interval_lie_an_interval_apart(interval: timedelta) -> None:
    first = _every(interval).slot_after(NOW)
    assert first is not None
    assert NOW < first <= NOW + interval
    assert _every(interval).slot_after(first) == first + interval


def test_the_times_do_not_depend_on_when_the_daemon_began() -> None:
    five = _every(timedelta(minutes=5))
    seen = {five.slot_after(NOW + timedelta(seconds=second)) for second in range(300)}
    assert len(seen) == 2


def test_sources_of_one_interval_are_polled_apart() -> None:
    times = {_every(timedelta(minutes=5), f"source {number}").slot_after(NOW) for number in range(50)}
    assert len(times) == 50


def test_a_cron_expression_means_the_hours_of_the_reader() -> None:
    assert _cron("*/5 10-19 * * mon-fri").slot_after(NOW) == datetime(2026, 11, 23, 10, 0, tzinfo=BERLIN)


def test_a_time_that_is_now_is_not_the_next_one() -> None:
    slot = _cron("0 9 * * *").slot_after(NOW)  # 9 in Berlin is now
    assert slot == datetime(2026, 11, 24, 9, 0, tzinfo=BERLIN)


def test_the_first_poll_of_an_interval_comes_soon() -> None:
    first = _every(timedelta(hours=1)).first_after_start(NOW, NOW - timedelta(seconds=5))
    assert first is not None
    assert NOW <= first <= NOW + FIRST_POLLS_WITHIN


@pytest.mark.parametrize(
    "last_poll_at, is_soon",
    [
        (None, True),  # never polled: the baseline need not wait
        (datetime(2026, 11, 22, 20, 0, tzinfo=UTC), True),  # 7 o'clock was missed
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), False),  # it was not
    ],
)
def test_by_a_cron_expression_the_first_poll_makes_up_for_a_missed_one(
    last_poll_at: datetime | None, is_soon: bool
) -> None:
    first = _cron("0 7 * * *").first_after_start(NOW, last_poll_at)
    assert first is not None
    assert (first <= NOW + FIRST_POLLS_WITHIN) == is_soon
