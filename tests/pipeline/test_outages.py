"""What has waited for a channel is told when it works again: what is overdue together, everything once."""

from collections import Counter
from collections.abc import Iterable

import pytest

from tests.pipeline.office import DAY, DOWN, HOUR, MINUTE, TO_LEADS, Office, rule
from tests.pipeline.stage import Stage
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message

NAMES = "abcdefghijklmnopqr"
OVERDUE = 3
BUSY = ChannelError("the service answered 429", status=429, retry_after=30 * MINUTE)


@pytest.fixture
def office(stage: Stage) -> Office:
    rules = [rule(), rule("that times", "messages.new", hold=MINUTE)]
    office = Office(stage, rules, fields={name: {"open_questions_count": 0} for name in NAMES})
    office.opens("chat", DOWN)
    return office


def told(messages: Iterable[Message]) -> list[str]:
    return ["".join(event.subject for event in message.events) for message in messages]


def ask_and_try(office: Office, names: str, *, every: int) -> None:
    """Let one question after the other be asked, while the channel is tried each minute."""
    for name in names:
        office.asks(**{name: 1})
        for _ in range(every):
            office.send(after=MINUTE)


def recover(office: Office, minutes: int = 180) -> list[str]:
    """Let the channel work again, and return what it is told of until nothing waits."""
    office.opens("chat", None)
    office.channels["chat"].sent.clear()
    return [one for _ in range(minutes) for one in told(office.send(after=MINUTE).get("chat", []))]


@pytest.mark.parametrize("answer", [DOWN, BUSY])
def test_what_is_overdue_goes_in_one_message_after_the_one_that_shows_that_the_channel_works(
    office: Office, answer: ChannelError
) -> None:
    office.opens("chat", answer)
    ask_and_try(office, NAMES, every=9)
    first, together, *alone = recover(office)
    assert "".join(sorted(first + together + "".join(alone))) == NAMES
    assert [*together, *alone] == sorted([*together, *alone])
    assert len(alone) <= 6  # those of the last hour


def test_what_is_not_to_be_tried_again_yet_goes_with_others_that_are_overdue(office: Office) -> None:
    ask_and_try(office, "abc", every=30)
    office.send(after=10 * MINUTE)
    assert [one.state.value for one in office.deliveries()] == ["failed"] * OVERDUE
    assert recover(office) == ["abc"]


def test_two_that_are_overdue_are_told_one_by_one_each_in_its_turn(office: Office) -> None:
    ask_and_try(office, "ab", every=30)
    office.send(after=10 * MINUTE)
    assert recover(office) == ["a", "b"]


def test_what_may_have_arrived_is_repeated_as_it_was(office: Office) -> None:
    ask_and_try(office, "abc", every=30)
    office.stage.now += 3 * HOUR
    assert office.kill_while_sending("chat")
    ask_and_try(office, "d", every=70)
    found = recover(office, 600)
    assert "abc" in found
    assert Counter("".join(found)) == Counter("abcd")


def test_what_has_just_been_escalated_in_another_message_is_not_once_more(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.opens("leads", DOWN)
    office.asks(a=1, b=1)
    office.send()
    office.asks(a=2)
    office.send(after=DAY - MINUTE)
    office.send(after=2 * MINUTE)
    office.opens("leads", None)
    office.channels["leads"].sent.clear()
    office.send(after=HOUR)
    assert told(message for _, message in office.channels["leads"].sent) == ["ab"]


def test_an_episode_is_escalated_once_though_its_first_escalation_was_refused(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.opens("leads", DOWN)
    office.asks(a=1)
    office.send()
    office.asks(a=2)
    office.send()
    for _ in range((DAY + HOUR // 2) // MINUTE):
        office.send(after=MINUTE)
    office.opens("leads", None)
    office.channels["leads"].sent.clear()
    for _ in range(6 * HOUR // MINUTE):
        office.send(after=MINUTE)
    assert told(message for _, message in office.channels["leads"].sent) == ["a"]
