"""One delivery goes from its claim to its settling; whatever a channel does, it ends delivered or dead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline.fakes_outbox import START, Clock, MemoryOutbox, ScriptedChannel
from watcher.domain.delivery import MAX_ATTEMPTS, DeliveryState
from watcher.domain.errors import ChannelError
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.rule import Match
from watcher.pipeline.dispatch import Desk, deliver_next
from watcher.pipeline.ports import Receipt
from watcher.pipeline.settling import Aftermath

DOWN = ChannelError("the connection was refused")
GONE = ChannelError("the service answered 410", status=410, is_permanent=True)
BUSY = ChannelError("the service answered 429", status=429, retry_after=timedelta(seconds=90))


def event(number: int = 1) -> Event:
    return Event(
        id=f"{number:032x}", source="campus", type=EventType.SOURCE_RECOVERED, subject="campus",
        time=START, severity=Severity.INFO,
    )  # fmt: skip


def route(_: Event) -> tuple[Match, ...]:
    return tuple(Match(channel=channel, rule="operator") for channel in ("ops", "pager"))


def desk(clock: Clock, jitter: float = 0.0, owner: str = "worker-1", *, goes_on: bool = False) -> Desk:
    return Desk(
        clock=clock,
        jitter=lambda: jitter,
        aftermath=Aftermath(route=route),
        owner=owner,
        zone=UTC,
        goes_on=lambda: goes_on,
    )


def test_what_is_due_is_sent_once_and_delivered() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    delivery = outbox.owe(event(), "ops")
    turn = deliver_next(channel, outbox, desk(clock))
    assert turn.outcome is not None
    assert turn.next_at is None
    assert outbox.state(delivery) is DeliveryState.DELIVERED
    assert [sent for sent, _ in channel.sent] == [delivery]
    assert deliver_next(channel, outbox, desk(clock)).outcome is None


def test_nothing_is_sent_before_it_is_due() -> None:
    outbox, channel = MemoryOutbox(), ScriptedChannel("ops")
    outbox.owe(event(), "ops", START + timedelta(minutes=1))
    assert deliver_next(channel, outbox, desk(Clock())).next_at == START + timedelta(minutes=1)
    assert channel.sent == []


def test_a_service_that_cannot_acknowledge_leaves_a_delivery_unconfirmed() -> None:
    outbox, channel = MemoryOutbox(), ScriptedChannel("ops", Receipt(is_confirmed=False))
    delivery = outbox.owe(event(), "ops")
    deliver_next(channel, outbox, desk(Clock()))
    assert outbox.state(delivery) is DeliveryState.UNCONFIRMED


def test_a_failed_delivery_waits_and_goes_out_under_the_same_id() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops", DOWN, None), Clock()
    delivery = outbox.owe(event(), "ops")
    turn = deliver_next(channel, outbox, desk(clock))
    assert outbox.state(delivery) is DeliveryState.FAILED
    assert turn.next_at == START + timedelta(seconds=5)
    clock.now = turn.next_at
    deliver_next(channel, outbox, desk(clock))
    assert outbox.state(delivery) is DeliveryState.DELIVERED
    assert [sent for sent, _ in channel.sent] == [delivery, delivery]
    assert "may be a repetition" not in channel.sent[1][1].body  # the service said that it did not take the first


def test_a_kill_while_sending_repeats_the_delivery_and_the_message_says_so() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    delivery = outbox.owe(event(), "ops")
    assert outbox.claim_due("ops", clock.now, timedelta(minutes=5), "killed worker") is not None
    assert deliver_next(channel, outbox, desk(clock)).next_at == START + timedelta(minutes=5)
    clock.pass_by(timedelta(minutes=5))
    deliver_next(channel, outbox, desk(clock))
    ((sent, message),) = channel.sent
    assert sent == delivery
    assert message.body.splitlines()[0].startswith("may be a repetition")
    assert outbox.state(delivery) is DeliveryState.DELIVERED


def test_a_delivery_that_kills_the_process_each_time_is_given_up() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    delivery = outbox.owe(event(), "ops")
    for _ in range(MAX_ATTEMPTS):
        outbox.claim_due("ops", clock.now, timedelta(minutes=5), "killed worker")
        clock.pass_by(timedelta(minutes=5))
    deliver_next(channel, outbox, desk(clock))
    assert outbox.state(delivery) is DeliveryState.DEAD
    assert channel.sent == []
    assert outbox.channel_health("ops").failures == 0


def test_a_worker_that_lost_its_lease_stores_nothing() -> None:
    clock, outbox = Clock(), MemoryOutbox()
    delivery = outbox.owe(event(), "ops")

    class SlowChannel(ScriptedChannel):
        def send(self, message: object, delivery_id: str) -> Receipt:
            clock.pass_by(timedelta(minutes=5))
            outbox.claim_due("ops", clock.now, timedelta(minutes=5), "worker-2")
            return Receipt(status=200)

    turn = deliver_next(SlowChannel("ops"), outbox, desk(clock))
    assert turn.outcome is None
    assert outbox.state(delivery) is DeliveryState.SENDING
    assert outbox.attempts == []


def test_a_permanent_error_is_dead_at_once_and_tells_the_other_operators_only() -> None:
    outbox, channel = MemoryOutbox(), ScriptedChannel("ops", GONE)
    delivery = outbox.owe(event(), "ops")
    deliver_next(channel, outbox, desk(Clock()))
    assert outbox.state(delivery) is DeliveryState.DEAD
    ((told, deliveries),) = outbox.owed
    assert told.type is EventType.CHANNEL_FAILING
    assert deliveries == (Match(channel="pager", rule="operator"),)


def test_a_channel_that_fails_three_times_is_told_once_and_so_is_its_recovery() -> None:
    outbox, clock = MemoryOutbox(), Clock()
    channel = ScriptedChannel("ops", DOWN, DOWN, DOWN, DOWN, None)
    outbox.owe(event(), "ops")
    for _ in range(5):
        turn = deliver_next(channel, outbox, desk(clock))
        clock.now = turn.next_at or clock.now
    assert [told.type for told, _ in outbox.owed] == [EventType.CHANNEL_FAILING, EventType.CHANNEL_RECOVERED]
    assert [told.details["error"] for told, _ in outbox.owed] == ["the connection was refused"] * 2


def test_a_retry_after_holds_the_whole_channel() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops", BUSY, None), Clock()
    for number in (1, 2):
        outbox.owe(event(number), "ops")
    first = deliver_next(channel, outbox, desk(clock))
    assert first.next_at == START + timedelta(seconds=90)
    clock.pass_by(timedelta(seconds=89))
    assert deliver_next(channel, outbox, desk(clock)).next_at == first.next_at
    assert len(channel.sent) == 1
    assert outbox.owed == []  # asking for patience is no failure
    clock.pass_by(timedelta(seconds=1))
    assert deliver_next(channel, outbox, desk(clock)).outcome is not None


def test_the_next_turn_keeps_the_pace_of_the_service() -> None:
    outbox, channel = MemoryOutbox(), ScriptedChannel("ops", pace=timedelta(seconds=1))
    for number in (1, 2):
        outbox.owe(event(number), "ops")
    assert deliver_next(channel, outbox, desk(Clock())).next_at == START + timedelta(seconds=1)


def test_a_caller_that_comes_back_is_given_the_next_delivery_with_the_settling_of_the_last() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    first, second = (outbox.owe(event(number), "ops") for number in (1, 2))
    turn = deliver_next(channel, outbox, desk(clock, goes_on=True))
    assert turn.ahead is not None
    assert (turn.ahead.delivery_id, turn.next_at) == (second, START)
    assert (outbox.state(first), outbox.state(second)) == (DeliveryState.DELIVERED, DeliveryState.SENDING)
    turn = deliver_next(channel, outbox, desk(clock, goes_on=True), turn.ahead)
    assert (turn.claim and turn.claim.delivery_id, turn.ahead, turn.next_at) == (second, None, None)
    assert [sent for sent, _ in channel.sent] == [first, second]
    assert "may be a repetition" not in channel.sent[1][1].body


@pytest.mark.parametrize(
    "answer, pace, goes_on",
    [
        (DOWN, timedelta(), True),
        (BUSY, timedelta(), True),
        (None, timedelta(seconds=1), True),
        (None, timedelta(), False),
    ],
)
def test_nothing_is_claimed_ahead_before_a_wait_or_a_stop(
    answer: ChannelError | None, pace: timedelta, goes_on: bool
) -> None:
    outbox = MemoryOutbox()
    outbox.owe(event(1), "ops")
    waiting = outbox.owe(event(2), "ops")
    channel = ScriptedChannel("ops", answer, pace=pace)
    assert deliver_next(channel, outbox, desk(Clock(), goes_on=goes_on)).ahead is None
    assert outbox.state(waiting) is DeliveryState.PENDING


def test_what_was_claimed_ahead_is_given_back_by_a_worker_that_stops() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    for number in (1, 2):
        outbox.owe(event(number), "ops")
    ahead = deliver_next(channel, outbox, desk(clock, goes_on=True)).ahead
    assert ahead is not None
    turn = deliver_next(channel, outbox, desk(clock), ahead)
    assert (turn.claim, turn.next_at, outbox.state(ahead.delivery_id)) == (None, START, DeliveryState.PENDING)
    deliver_next(channel, outbox, desk(clock))
    assert [sent for sent, _ in channel.sent][1:] == [ahead.delivery_id]
    assert outbox.log[ahead.delivery_id] == [(1, "delivered")]


def test_a_kill_after_a_claim_ahead_leaves_one_delivery_in_doubt() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    for number in (1, 2, 3):
        outbox.owe(event(number), "ops")
    ahead = deliver_next(channel, outbox, desk(clock, goes_on=True)).ahead  # and then the process is killed
    assert ahead is not None
    clock.pass_by(timedelta(minutes=5))
    for _ in range(2):
        deliver_next(channel, outbox, desk(clock))
    told = {sent: message.body.startswith("may be a repetition") for sent, message in channel.sent}
    assert [sent for sent, is_repeat in told.items() if is_repeat] == [ahead.delivery_id]
    assert len(channel.sent) == len(told) == 3


def test_a_channel_with_nothing_due_lets_go_of_its_connections() -> None:
    outbox, channel, clock = MemoryOutbox(), ScriptedChannel("ops"), Clock()
    outbox.owe(event(), "ops")
    deliver_next(channel, outbox, desk(clock))
    assert channel.closed == 0
    deliver_next(channel, outbox, desk(clock))
    assert channel.closed == 1


def test_a_channel_that_works_again_takes_what_failed_meanwhile_oldest_first() -> None:
    outbox, clock = MemoryOutbox(), Clock()
    channel = ScriptedChannel("ops", *[DOWN] * 4, None)
    first, second, third = (outbox.owe(event(number), "ops") for number in (1, 2, 3))
    for _ in range(3):
        deliver_next(channel, outbox, desk(clock))
    clock.pass_by(timedelta(seconds=5))
    deliver_next(channel, outbox, desk(clock))  # fails again, and waits for five minutes
    clock.pass_by(timedelta(hours=2))
    outbox.rows[first] = replace(outbox.rows[first], due_at=clock.now + timedelta(hours=5))
    outbox.rows[second] = replace(outbox.rows[second], due_at=clock.now + timedelta(hours=4))
    turn = deliver_next(channel, outbox, desk(clock))
    assert turn.next_at == clock.now
    deliver_next(channel, outbox, desk(clock))
    deliver_next(channel, outbox, desk(clock))
    assert [sent for sent, _ in channel.sent[4:]] == [third, first, second]


@pytest.mark.parametrize("second", [datetime(2026, 11, 24, 7, 15, 2, tzinfo=UTC), START])
def test_the_time_left_counts_from_the_sending(second: datetime) -> None:
    outbox, channel = MemoryOutbox(), ScriptedChannel("ops")
    closing = replace(
        event(), type=EventType.REGISTRATION_CLOSING, details={"deadline": {"at": "2026-11-24T06:15:02Z"}}
    )
    outbox.owe(closing, "ops")
    deliver_next(channel, outbox, desk(Clock(now=second)))
    said = "closes in 23 h" if second == START else "was to close 1 h ago"
    assert said in channel.sent[0][1].title


answers = st.sampled_from([DOWN, GONE, BUSY, None, "kill"])


@settings(deadline=None)
@given(script=st.lists(answers, max_size=40), jitter=st.floats(-1, 1))
def test_every_delivery_ends_delivered_or_dead(script: list[ChannelError | str | None], jitter: float) -> None:
    outbox, clock = MemoryOutbox(), Clock()
    delivery = outbox.owe(event(), "ops")
    for answer in [*script, *[DOWN] * MAX_ATTEMPTS]:
        if answer == "kill":
            outbox.claim_due("ops", clock.now, timedelta(minutes=5), "killed worker")
        else:
            deliver_next(ScriptedChannel("ops", answer), outbox, desk(clock, jitter))  # type: ignore[arg-type]
        due_at = outbox.next_due("ops")
        clock.now = max(filter(None, [clock.now, due_at, outbox.channel_health("ops").paused_until]))
    assert outbox.state(delivery) in {DeliveryState.DELIVERED, DeliveryState.DEAD}
    assert clock.now - START < timedelta(hours=40)
