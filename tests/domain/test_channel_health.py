"""A channel that fails is told of once, and so is its recovery."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.domain.channel_health import OUTAGE, PATIENCE, ChannelHealth, after_attempt, ends_outage
from watcher.domain.delivery import Attempt
from watcher.domain.event import Event, EventType, Severity

NOW = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)


def attempt(minute: int = 0, **fields: object) -> Attempt:
    at = NOW + timedelta(minutes=minute)
    return Attempt(number=1, started_at=at, ended_at=at, **fields)  # type: ignore[arg-type]


def down(minute: int = 0) -> Attempt:
    return attempt(minute, error="refused")


def busy(minute: int = 0, seconds: int | None = 30) -> Attempt:
    wait = None if seconds is None else timedelta(seconds=seconds)
    return attempt(minute, error="slow down", status=429, retry_after=wait)


def told(*attempts: Attempt, health: ChannelHealth | None = None) -> tuple[ChannelHealth, list[Event]]:
    health, events = health or ChannelHealth(), list[Event]()
    for each in attempts:
        health, raised = after_attempt(health, "ops", each)
        events += raised
    return health, events


OK = attempt()
DENIED = attempt(error="denied", status=401, is_permanent=True)


@pytest.mark.parametrize(
    "attempts, types",
    [
        ([OK, OK], []),
        ([down(), down()], []),
        ([down(), down(), down()], ["channel.failing"]),
        ([down()] * 9, ["channel.failing"]),
        ([down(), down(), OK, down(), down()], []),  # not in a row
        ([DENIED], ["channel.failing"]),
        ([DENIED, DENIED, OK, OK], ["channel.failing", "channel.recovered"]),
        ([down(), OK], []),  # nothing was told, so there is nothing to take back
        ([busy()] * 9, []),
        ([busy(), down(), down()], []),  # a busy answer does not count
        ([busy(0), busy(10), busy(int(PATIENCE.total_seconds() / 60))], ["channel.failing"]),
    ],
)
def test_an_episode_is_told_once(attempts: list[Attempt], types: list[str]) -> None:
    assert [event.type.value for event in told(*attempts)[1]] == types


def test_what_is_told_names_the_error_the_start_and_how_bad_it_is() -> None:
    _, (failing, recovered) = told(down(0), down(1), down(2), attempt(3))
    assert (failing.type, failing.severity) == (EventType.CHANNEL_FAILING, Severity.WARNING)
    assert (recovered.type, recovered.severity) == (EventType.CHANNEL_RECOVERED, Severity.INFO)
    assert failing.details == recovered.details == {"error": "refused", "since": "2026-11-23T07:15:02Z"}
    assert (failing.source, failing.subject, failing.time) == ("ops", "ops", NOW + timedelta(minutes=2))


def test_the_same_episode_has_the_same_id_and_the_next_one_another() -> None:
    _, once = told(down(0), down(1), down(2))
    _, again = told(down(0), down(1), down(9))
    _, later = told(down(1), down(2), down(3))
    assert once[0].id == again[0].id != later[0].id


@pytest.mark.parametrize(
    "answer, pause", [(busy(), 30), (busy(seconds=None), 1), (busy(seconds=10**6), 3600), (busy(seconds=0), 1)]
)
def test_an_answer_that_asks_for_patience_pauses_the_channel(answer: Attempt, pause: int) -> None:
    health, _ = told(answer)
    end = NOW + timedelta(seconds=pause)
    assert health.paused_until == end
    assert health.is_paused(end - timedelta(seconds=1))
    assert not health.is_paused(end)


def test_a_plain_failure_pauses_nothing_and_a_success_ends_all_trouble() -> None:
    assert told(busy(), down())[0].paused_until is None
    assert told(busy(), down(), OK)[0] == ChannelHealth()


def test_no_pause_outlives_a_clock_that_was_set_back() -> None:
    health, _ = told(busy())
    assert not health.is_paused(NOW - timedelta(days=1))


@pytest.mark.parametrize(
    "health, now, is_over",
    [
        (ChannelHealth(troubled_since=NOW, failures=3, is_failing=True), attempt(5), True),
        (ChannelHealth(troubled_since=NOW, failures=3, is_failing=True), attempt(4), False),  # it waits for no longer
        (ChannelHealth(troubled_since=NOW, failures=2), attempt(60), False),  # nobody said that it fails
        (ChannelHealth(troubled_since=NOW, failures=3, is_failing=True), down(60), False),
        (ChannelHealth(), attempt(60), False),
    ],
)
def test_an_outage_is_over_when_a_channel_works_again_after_long(
    health: ChannelHealth, now: Attempt, is_over: bool
) -> None:
    assert timedelta(minutes=5) == OUTAGE
    assert ends_outage(health, now) is is_over
