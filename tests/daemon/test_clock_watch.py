from datetime import UTC, datetime, timedelta

import pytest

from watcher.daemon.clock_watch import ClockWatch

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "wall_s, monotonic_s, jump_s",
    [
        (10, 10, None),
        (11.5, 10, None),  # a clock that is slewed
        (3610, 10, 3600),
        (-3590, 10, -3600),
        (500, 500, None),  # a beat that came late
    ],
)
def test_a_jump_is_what_the_wall_clock_went_more_than_time_did(
    wall_s: float, monotonic_s: float, jump_s: float | None
) -> None:
    watch = ClockWatch(NOW, 100.0)
    jump = watch.jump(NOW + timedelta(seconds=wall_s), 100.0 + monotonic_s)
    assert jump == (None if jump_s is None else timedelta(seconds=jump_s))


def test_a_jump_is_told_once() -> None:
    watch = ClockWatch(NOW, 0.0)
    assert watch.jump(NOW + timedelta(hours=1), 10.0)
    assert watch.jump(NOW + timedelta(hours=1, seconds=10), 20.0) is None
