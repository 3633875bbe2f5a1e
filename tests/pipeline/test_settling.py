"""What an attempt leaves behind: for the delivery, the channel's health, the backup, and what comes next."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.pipeline.fakes_outbox import START
from tests.pipeline.test_dispatch import event, route
from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import Attempt, DeliveryState, after_attempt, exhausted, interrupted
from watcher.domain.event import EventType
from watcher.domain.stage import FIRST, Stage, escalation, repeat
from watcher.domain.timing import Timing
from watcher.domain.waiting import Part
from watcher.pipeline.outbox import Claim, Settlement
from watcher.pipeline.settling import Aftermath, conclude

HOUR = timedelta(hours=1)
WELL = ChannelHealth()
FAILING = ChannelHealth(is_failing=True, failures=4, troubled_since=START)
LASTING = replace(event(3), type=EventType.SOURCE_FAILING)


def claim(stage: Stage = FIRST, *members: Part) -> Claim:
    return Claim(
        delivery_id="d", event=LASTING, rule="r", channel="ops", attempt=1, was_interrupted=False, created_at=START,
        state=DeliveryState.PENDING, owner="one", lease_until=START, stage=stage, members=members,
    )  # fmt: skip


def settled(claimed: Claim, *, error: str = "", health: ChannelHealth = WELL, backup: str = "") -> Settlement:
    attempt = Attempt(number=claimed.attempt, started_at=START, ended_at=START, error=error)
    aftermath = Aftermath(
        route=route,
        timings={"r": Timing(repeat=(HOUR,))},
        backups={"ops": backup} if backup else {},
    )
    return conclude(claimed, health, attempt, after_attempt(attempt, jitter=0), aftermath)


@pytest.mark.parametrize("stage, following", [(FIRST, "repeat 1"), (repeat(2), "repeat 3"), (escalation(1), "None")])
def test_what_was_told_is_followed_on_the_same_channel(stage: Stage, following: str) -> None:
    (followed,) = settled(claim(stage)).followed
    assert str(followed.next and followed.next.stage) == following


def test_each_rule_that_a_message_tells_for_is_followed() -> None:
    other = Part(event=LASTING, rule="other")
    assert [one.rule for one in settled(claim(FIRST, other)).followed] == ["r"]


def test_what_failed_is_followed_by_nothing_and_waits_for_its_next_attempt() -> None:
    found = settled(claim(), error="refused", backup="mail")
    assert (found.followed, found.handover, found.outcome.state) == ((), None, DeliveryState.FAILED)


def test_what_fails_on_a_failing_channel_is_handed_over_with_all_that_it_carries() -> None:
    other = Part(event=event(4), rule="other", stage=repeat(1))
    found = settled(claim(FIRST, other), error="refused", health=FAILING, backup="mail")
    assert found.outcome.state is DeliveryState.DEAD
    assert found.handover is not None
    assert [(part.event, part.rule, part.stage) for part in found.handover.parts] == [
        (LASTING, "r", FIRST), (other.event, "other", repeat(1)),
    ]  # fmt: skip


def test_the_attempt_that_makes_a_channel_failing_hands_over_at_once() -> None:
    found = settled(claim(), error="refused", health=ChannelHealth(failures=2, troubled_since=START), backup="mail")
    assert [owed.event.type for owed in found.owed] == [EventType.CHANNEL_FAILING]
    assert [match.channel for owed in found.owed for match in owed.deliveries] == ["pager"]
    assert found.handover is not None


def test_a_delivery_that_killed_the_process_each_time_is_handed_over_and_says_nothing_of_the_channel() -> None:
    attempt = interrupted(9, START)
    aftermath = Aftermath(route=route, backups={"ops": "mail"})
    found = conclude(claim(), ChannelHealth(), attempt, exhausted(8, attempt.error), aftermath)
    assert (found.health, found.owed) == (ChannelHealth(), ())
    assert found.handover is not None


def test_without_a_backup_a_dead_one_stays_a_dead_letter() -> None:
    attempt = Attempt(number=8, started_at=START, ended_at=START, error="refused")
    found = conclude(claim(), FAILING, attempt, after_attempt(attempt, jitter=0), Aftermath(route=route))
    assert (found.handover, found.outcome.state) == (None, DeliveryState.DEAD)
