"""The states of a delivery, and when a failed attempt is repeated."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.delivery import (
    MAX_ATTEMPTS,
    MAX_RETRY_AFTER,
    RETRY_SCHEDULE,
    Attempt,
    DeliveryState,
    after_attempt,
    refused,
    shown_state,
    succeeded,
)
from watcher.domain.errors import ChannelError

NOW = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)


def failed(number: int = 1, retry_after: timedelta | None = None, *, is_permanent: bool = False) -> Attempt:
    error = ChannelError("refused", status=500, retry_after=retry_after, is_permanent=is_permanent)
    return refused(number, NOW, NOW, error)


def test_the_schedule_gives_up_after_a_day_and_a_bit() -> None:
    assert timedelta(hours=27) < sum(RETRY_SCHEDULE, timedelta()) < timedelta(hours=28)


@pytest.mark.parametrize("number, wait", list(enumerate(RETRY_SCHEDULE, start=1)))
def test_each_failure_waits_longer(number: int, wait: timedelta) -> None:
    outcome = after_attempt(failed(number), jitter=0)
    assert (outcome.state, outcome.due_at) == (DeliveryState.FAILED, NOW + wait)


def test_the_last_failure_is_dead_and_says_how_often_it_was_tried() -> None:
    outcome = after_attempt(failed(MAX_ATTEMPTS), jitter=0)
    assert (outcome.state, outcome.due_at) == (DeliveryState.DEAD, None)
    assert outcome.reason == "gave up after 8 attempts: refused"


def test_a_permanent_error_is_dead_at_once() -> None:
    outcome = after_attempt(failed(is_permanent=True), jitter=0)
    assert (outcome.state, outcome.due_at) == (DeliveryState.DEAD, None)


@pytest.mark.parametrize("is_confirmed, state", [(True, DeliveryState.DELIVERED), (False, DeliveryState.UNCONFIRMED)])
def test_what_went_out_is_final(is_confirmed: bool, state: DeliveryState) -> None:
    outcome = after_attempt(succeeded(1, NOW, NOW, 204, is_confirmed=is_confirmed), jitter=0)
    assert outcome.state is state
    assert state.is_final
    assert outcome.due_at is None


@settings(deadline=None)
@given(jitter=st.floats(-5, 5), number=st.integers(1, MAX_ATTEMPTS - 1))
def test_the_jitter_moves_a_wait_by_a_tenth_at_most(jitter: float, number: int) -> None:
    due_at = after_attempt(failed(number), jitter=jitter).due_at
    wait = RETRY_SCHEDULE[number - 1]
    assert due_at is not None
    assert wait * 0.89 < due_at - NOW < wait * 1.11


@settings(deadline=None)
@given(asked=st.timedeltas(timedelta(days=-1), timedelta(days=400)), jitter=st.floats(-1, 1))
def test_a_wait_is_never_shorter_than_asked_for_up_to_an_hour(asked: timedelta, jitter: float) -> None:
    due_at = after_attempt(failed(1, asked), jitter=jitter).due_at
    assert due_at is not None
    assert min(asked, MAX_RETRY_AFTER) <= due_at - NOW <= max(MAX_RETRY_AFTER, RETRY_SCHEDULE[0] * 1.1)


@pytest.mark.parametrize(
    "status, retry_after, is_paced",
    [
        (429, None, True),
        (503, timedelta(seconds=1), True),
        (503, None, False),  # down, not busy
        (500, timedelta(seconds=1), False),
    ],
)
def test_a_busy_service_is_no_failing_one(status: int, retry_after: timedelta | None, is_paced: bool) -> None:
    error = ChannelError("no", status=status, retry_after=retry_after)
    assert refused(1, NOW, NOW, error).is_paced is is_paced


def test_an_error_without_words_is_a_failure_all_the_same() -> None:
    assert not refused(1, NOW, NOW, ChannelError("")).is_sent


@pytest.mark.parametrize(
    "state, lease_until, shown",
    [
        (DeliveryState.SENDING, NOW + timedelta(seconds=1), DeliveryState.SENDING),
        (DeliveryState.SENDING, NOW, DeliveryState.UNKNOWN),
        (DeliveryState.PENDING, None, DeliveryState.PENDING),
    ],
)
def test_a_delivery_that_sends_beyond_its_lease_is_unknown(
    state: DeliveryState, lease_until: datetime | None, shown: DeliveryState
) -> None:
    assert shown_state(state, lease_until, NOW) is shown
