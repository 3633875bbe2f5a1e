from datetime import UTC, datetime, timedelta

import pytest

from watcher.daemon.backoff import held_until, next_poll, retry_wait

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=1)
INTERVAL = 10 * MINUTES


@pytest.mark.parametrize(
    "interval, failures, chance, wait",
    [
        (INTERVAL, 1, 1.0, 5 * MINUTES),  # after the first failure at most half the interval
        (INTERVAL, 2, 1.0, INTERVAL),  # the bound doubles
        (INTERVAL, 9, 1.0, INTERVAL),  # and never exceeds the interval
        (INTERVAL, 2, 0.25, 2.5 * MINUTES),  # full jitter: any share of the bound
        (INTERVAL, 5, 0.0, timedelta(seconds=1)),  # but not at once
        (timedelta(seconds=1), 1, 0.0, timedelta(seconds=1)),  # an interval of a second is kept
    ],
)
def test_the_wait_grows_to_the_interval(interval: timedelta, failures: int, chance: float, wait: timedelta) -> None:
    assert retry_wait(interval, failures, chance) == wait


@pytest.mark.parametrize(
    "slot, failures, not_before, chance, planned",
    [
        (6 * MINUTES, 0, None, 0.5, 6 * MINUTES),  # a good poll: the schedule's next time
        (9 * MINUTES, 1, None, 0.5, 2.5 * MINUTES),  # a failed one: earlier
        (2 * MINUTES, 1, None, 0.5, 2 * MINUTES),  # but not later than the schedule says
        (600 * MINUTES, 3, None, 0.5, 600 * MINUTES),  # outside the hours of a cron expression: not before they begin
        (9 * MINUTES, 1, 40 * MINUTES, 0.5, 40 * MINUTES),  # Retry-After, also beyond the interval
        (9 * MINUTES, 0, 40 * MINUTES, 0.5, 40 * MINUTES),
        (9 * MINUTES, 1, 300 * MINUTES, 0.5, 60 * MINUTES),  # up to an hour
        (9 * MINUTES, 0, -5 * MINUTES, 0.5, 9 * MINUTES),  # one that is over holds nothing
    ],
)
def test_the_next_poll_follows_from_the_schedule_the_failures_and_the_server(
    slot: timedelta, failures: int, not_before: timedelta | None, chance: float, planned: timedelta
) -> None:
    held = None if not_before is None else NOW + not_before
    found = next_poll(NOW, NOW + slot, interval=INTERVAL, failures=failures, not_before=held, chance=chance)
    assert found == NOW + planned


def test_a_schedule_without_a_further_time_has_no_next_poll() -> None:
    assert next_poll(NOW, None, interval=INTERVAL, failures=1, not_before=None, chance=0.5) is None


def test_a_hold_that_a_clock_running_ahead_stored_ends_within_the_hour() -> None:
    assert held_until(NOW, NOW + timedelta(days=900)) == NOW + timedelta(hours=1)
