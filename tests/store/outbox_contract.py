"""What every store of deliveries must do: the contract of the Outbox port, to be inherited by each store's test."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.conversation import Conversation
from watcher.domain.delivery import Attempt, DeliveryState, Outcome, after_attempt
from watcher.domain.event import Between, Event, EventType, Severity, event_id
from watcher.domain.rule import Match
from watcher.domain.state import State
from watcher.pipeline.outbox import Claim, Outbox, Owed, Settlement

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


class Stand(Protocol):
    """An empty store under test."""

    @property
    def outbox(self) -> Outbox:
        """The store, opened anew at each look (as after a crash)."""
        ...

    def owe(self, event: Event, *channels: str, due_at: datetime) -> None:
        """Store an event and what is owed for it, as a poll does."""
        ...

    def attempts(self, delivery_id: str) -> list[tuple[int, str]]:
        """Number and outcome of every attempt."""
        ...


def make_event(number: int, *, kind: EventType = EventType.QUESTIONS_NEW, time: datetime = NOW) -> Event:
    conversation = Conversation(
        id="1017", name="Leading Change", state=State.STARTED, reason=None, fields={"n": number}
    )
    return Event(
        id=event_id("campus", kind, "1017", str(number)),
        source="campus",
        type=kind,
        subject="1017",
        time=time,
        severity=Severity.NOTICE,
        between=Between(after=NOW - 5 * LEASE, before=NOW),
        details={"change": {"field": "open_questions_count", "before": 2, "after": number, "delta": number - 2}},
        conversation=conversation,
    )


def settlement(at: datetime, *, number: int = 1, error: str = "") -> Settlement:
    attempt = Attempt(number=number, started_at=at, ended_at=at, error=error)
    return Settlement(outcome=after_attempt(attempt, jitter=0), attempt=attempt, health=ChannelHealth())


def settle(
    outbox: Outbox, claim: Claim, at: datetime, *, error: str = "", dead: bool = False, owed: tuple[Owed, ...] = ()
) -> bool:
    """Settle a claim as the state machine says; `dead`: a repetition of the error cannot help."""
    attempt = Attempt(number=claim.attempt, started_at=at, ended_at=at, error=error, is_permanent=dead)
    health = ChannelHealth(failures=1, error=error, troubled_since=at) if error else ChannelHealth()
    outcome = after_attempt(attempt, jitter=0)
    return outbox.settle(claim, Settlement(outcome=outcome, attempt=attempt, health=health, owed=owed))


def claim(outbox: Outbox, now: datetime = NOW, *, channel: str = "mail", owner: str = "one") -> Claim:
    found = outbox.claim_due(channel, now, LEASE, owner)
    assert found is not None
    return found


class OutboxContract:
    """The contract; `stand` gives an empty store."""

    @pytest.fixture
    @abstractmethod
    def stand(self) -> Stand:
        """Give an empty store."""
        ...

    def test_nothing_is_due_in_an_empty_outbox(self, stand: Stand) -> None:
        assert stand.outbox.claim_due("mail", NOW, LEASE, "one") is None
        assert stand.outbox.next_due("mail") is None
        assert stand.outbox.channel_health("mail") == ChannelHealth()

    def test_a_claim_carries_the_event_whole(self, stand: Stand) -> None:
        event = make_event(5)
        stand.owe(event, "mail", due_at=NOW)
        found = claim(stand.outbox)
        assert (found.event, found.channel, found.rule) == (event, "mail", "a rule")
        assert (found.attempt, found.was_interrupted, found.state) == (1, False, DeliveryState.PENDING)
        assert (found.owner, found.lease_until, found.created_at) == ("one", NOW + LEASE, event.time)

    def test_what_has_been_due_the_longest_comes_first(self, stand: Stand) -> None:
        for number, wait in ((3, 3), (4, 9), (5, 6)):
            stand.owe(make_event(number), "mail", due_at=NOW - wait * SECOND)
        order = [claim(stand.outbox).event.details["change"]["after"] for _ in range(3)]
        assert order == [4, 5, 3]

    def test_what_is_due_at_one_instant_comes_as_it_was_stored(self, stand: Stand) -> None:
        for number in range(8):
            stand.owe(make_event(number), "mail", due_at=NOW)
        order = [claim(stand.outbox).event.details["change"]["after"] for _ in range(8)]
        assert order == list(range(8))

    def test_what_is_not_due_yet_waits(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW + SECOND)
        assert stand.outbox.claim_due("mail", NOW, LEASE, "one") is None
        assert stand.outbox.next_due("mail") == NOW + SECOND
        assert claim(stand.outbox, NOW + SECOND).attempt == 1

    def test_a_channel_sees_only_its_own(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", "chat", due_at=NOW)
        assert stand.outbox.claim_due("other", NOW, LEASE, "one") is None
        one, other = claim(stand.outbox), claim(stand.outbox, channel="chat")
        assert one.event == other.event
        assert one.delivery_id != other.delivery_id

    def test_the_same_event_is_owed_once(self, stand: Stand) -> None:
        for _ in range(2):
            stand.owe(make_event(3), "mail", due_at=NOW)
        settle(stand.outbox, claim(stand.outbox), NOW)
        assert stand.outbox.next_due("mail") is None

    def test_a_claimed_delivery_is_nobody_elses(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        claim(stand.outbox, owner="one")
        assert stand.outbox.claim_due("mail", NOW + LEASE - SECOND, LEASE, "two") is None
        assert stand.outbox.next_due("mail") == NOW + LEASE

    def test_a_delivered_one_is_over(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        found = claim(stand.outbox)
        assert settle(stand.outbox, found, NOW + SECOND)
        assert stand.outbox.claim_due("mail", NOW + 100 * LEASE, LEASE, "one") is None
        assert stand.attempts(found.delivery_id) == [(1, "delivered")]

    def test_a_failed_one_comes_back_when_it_is_due_under_the_same_id(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        first = claim(stand.outbox)
        assert settle(stand.outbox, first, NOW, error="refused")
        due = stand.outbox.next_due("mail")
        assert due is not None
        assert due > NOW
        again = claim(stand.outbox, due)
        assert (again.delivery_id, again.attempt, again.was_interrupted) == (first.delivery_id, 2, False)
        assert again.state is DeliveryState.FAILED
        assert stand.attempts(first.delivery_id) == [(1, "failed"), (2, "")]

    def test_a_dead_one_is_over(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        found = claim(stand.outbox)
        attempt = Attempt(number=1, started_at=NOW, ended_at=NOW, error="410 Gone", is_permanent=True)
        outcome = Outcome(state=DeliveryState.DEAD, due_at=None, reason="a repetition cannot help")
        assert stand.outbox.settle(found, Settlement(outcome=outcome, attempt=attempt, health=ChannelHealth()))
        assert stand.outbox.next_due("mail") is None

    def test_one_that_never_came_back_is_repeated_and_says_so(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        lost = claim(stand.outbox, owner="killed")
        again = claim(stand.outbox, NOW + LEASE, owner="next")
        assert (again.delivery_id, again.attempt, again.was_interrupted) == (lost.delivery_id, 2, True)
        assert again.state is DeliveryState.SENDING
        assert stand.attempts(lost.delivery_id) == [(1, "unknown"), (2, "")]

    def test_it_still_says_so_after_a_failure_in_between(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        claim(stand.outbox, owner="killed")
        settle(stand.outbox, claim(stand.outbox, NOW + LEASE), NOW + LEASE, error="refused")
        assert claim(stand.outbox, NOW + 100 * LEASE).was_interrupted

    def test_a_lost_lease_settles_nothing(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        slow = claim(stand.outbox, owner="slow")
        quick = claim(stand.outbox, NOW + LEASE, owner="quick")
        failing = make_event(9, kind=EventType.CHANNEL_FAILING)
        owed = (Owed(event=failing, deliveries=(Match(channel="ops", rule="operator"),)),)
        assert not settle(stand.outbox, slow, NOW + LEASE, error="refused", owed=owed)
        assert stand.outbox.channel_health("mail") == ChannelHealth()
        assert stand.outbox.next_due("ops") is None
        assert stand.attempts(slow.delivery_id) == [(1, "unknown"), (2, "")]
        assert settle(stand.outbox, quick, NOW + LEASE)

    def test_a_lease_that_ran_out_unnoticed_still_settles(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        slow = claim(stand.outbox)
        assert settle(stand.outbox, slow, NOW + 2 * LEASE)
        assert stand.attempts(slow.delivery_id) == [(1, "delivered")]

    def test_a_claim_settles_once(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        found = claim(stand.outbox)
        assert settle(stand.outbox, found, NOW)
        assert not settle(stand.outbox, found, NOW, error="refused")
        assert stand.attempts(found.delivery_id) == [(1, "delivered")]

    def test_an_owner_that_claims_twice_settles_only_the_later_claim(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        first, second = claim(stand.outbox), claim(stand.outbox, NOW + LEASE)
        assert not settle(stand.outbox, first, NOW + LEASE)
        assert settle(stand.outbox, second, NOW + LEASE)

    def test_a_settlement_leaves_health_and_what_is_owed_for_it(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        failing = Event(
            id=event_id("mail", EventType.CHANNEL_FAILING, "mail", "1"), source="mail", subject="mail", time=NOW,
            type=EventType.CHANNEL_FAILING, severity=Severity.WARNING, details={"error": "refused"},
        )  # fmt: skip
        owed = (
            Owed(event=failing, deliveries=(Match(channel="ops", rule="operator"), Match(channel="chat", rule="all"))),
        )
        assert settle(stand.outbox, claim(stand.outbox), NOW, error="refused", owed=owed)
        assert stand.outbox.channel_health("mail") == ChannelHealth(failures=1, error="refused", troubled_since=NOW)
        told = claim(stand.outbox, channel="ops", now=NOW + SECOND)
        assert (told.event, told.rule) == (failing, "operator")
        assert claim(stand.outbox, channel="chat", now=NOW + SECOND).rule == "all"

    def test_one_transaction_settles_a_delivery_and_claims_the_next(self, stand: Stand) -> None:
        for number in (3, 4):
            stand.owe(make_event(number), "mail", due_at=NOW)
        first = claim(stand.outbox)
        is_settled, second = stand.outbox.settle_and_claim(first, settlement(NOW), NOW + SECOND, LEASE)
        assert is_settled
        assert second is not None
        assert (second.event, second.owner) == (make_event(4), first.owner)
        assert (second.attempt, second.was_interrupted, second.lease_until) == (1, False, NOW + SECOND + LEASE)
        assert stand.attempts(first.delivery_id) == [(1, "delivered")]
        assert stand.attempts(second.delivery_id) == [(1, "")]
        assert stand.outbox.settle_and_claim(second, settlement(NOW), NOW + SECOND, LEASE) == (True, None)

    def test_a_failed_one_is_not_claimed_again_before_it_is_due(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        failed = settlement(NOW, error="refused")
        assert stand.outbox.settle_and_claim(claim(stand.outbox), failed, NOW, LEASE) == (True, None)

    def test_a_lost_lease_claims_nothing(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        slow = claim(stand.outbox, owner="slow")
        claim(stand.outbox, NOW + LEASE, owner="quick")
        stand.owe(make_event(4), "mail", due_at=NOW)
        assert stand.outbox.settle_and_claim(slow, settlement(NOW), NOW + LEASE, LEASE) == (False, None)
        assert claim(stand.outbox, NOW + LEASE, owner="quick").event == make_event(4)

    def test_a_claim_that_is_given_back_was_never_made(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        found = claim(stand.outbox)
        stand.outbox.give_back(found, NOW + SECOND)
        assert stand.attempts(found.delivery_id) == []
        assert stand.outbox.next_due("mail") == NOW
        again = claim(stand.outbox, NOW + SECOND, owner="two")
        assert (again.attempt, again.was_interrupted, again.state) == (1, False, DeliveryState.PENDING)
        assert settle(stand.outbox, again, NOW + SECOND)

    def test_one_that_is_given_back_may_still_be_a_repetition(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        claim(stand.outbox, owner="killed")
        found = claim(stand.outbox, NOW + LEASE)
        stand.outbox.give_back(found, NOW + LEASE)
        again = claim(stand.outbox, NOW + LEASE)
        assert (again.attempt, again.was_interrupted, again.state) == (2, True, DeliveryState.UNKNOWN)
        assert stand.attempts(found.delivery_id) == [(1, "unknown"), (2, "")]

    def test_only_the_claim_that_holds_the_lease_is_given_back(self, stand: Stand) -> None:
        stand.owe(make_event(3), "mail", due_at=NOW)
        slow = claim(stand.outbox, owner="slow")
        quick = claim(stand.outbox, NOW + LEASE, owner="quick")
        stand.outbox.give_back(slow, NOW + LEASE)
        assert settle(stand.outbox, quick, NOW + LEASE)
        assert stand.attempts(slow.delivery_id) == [(1, "unknown"), (2, "delivered")]
