"""A throttle: never more than some messages within any span, and never a wait that is not needed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.throttle import Throttle

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    "most, minutes_ago, wait",
    [
        (1, [], None),  # the first one
        (1, [30], 30),  # one an hour
        (1, [60], None),  # exactly a span ago no longer counts
        (1, [59], 1),
        (2, [30], None),  # one is left
        (2, [30, 10], 30),  # the older of two makes room
        (2, [10, 30], 30),  # in any order
        (2, [30, 20, 10], 40),  # more than may be: only the newest count
        (2, [90, 80, 10], None),  # what lies behind does not
        (1, [0], 60),  # just now
        (1, [-1], 61),  # a little ahead of us: sent meanwhile
        (1, [-60], 120),
        (1, [-61], None),  # the clock was set back
    ],
)
def test_one_more_may_be_sent_when_the_oldest_has_left_the_span(
    most: int, minutes_ago: list[int], wait: int | None
) -> None:
    sent = [NOW - minutes * MINUTE for minutes in minutes_ago]
    assert Throttle(most=most, span=HOUR).free_at(sent, NOW) == (None if wait is None else NOW + wait * MINUTE)


@pytest.mark.parametrize("most, span", [(0, HOUR), (1, timedelta()), (1, -HOUR)])
def test_a_throttle_that_lets_nothing_pass_is_refused(most: int, span: timedelta) -> None:
    with pytest.raises(ValueError, match="throttle"):
        Throttle(most=most, span=span)


@given(
    most=st.integers(1, 4),
    span=st.integers(1, 20),
    asked=st.lists(st.integers(0, 100), max_size=30).map(sorted),
)
def test_a_sender_that_waits_as_told_never_sends_too_many_nor_waits_in_vain(
    most: int, span: int, asked: list[int]
) -> None:
    throttle = Throttle(most=most, span=span * MINUTE)
    sent: list[datetime] = []
    for minute in asked:
        now = max(NOW + minute * MINUTE, *sent[-1:]) if sent else NOW + minute * MINUTE
        free_at = throttle.free_at(sent, now)
        if free_at is not None:
            assert free_at > now
            assert throttle.free_at(sent, free_at - MINUTE / 2) is not None  # no earlier would do
            assert throttle.free_at(sent, free_at) is None
        sent.append(free_at or now)
    for last in sent:
        assert sum(last - throttle.span < at <= last for at in sent) <= most
