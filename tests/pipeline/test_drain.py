"""A drain sends what is due when it begins, at the service's pace, and ends."""

from datetime import timedelta

from tests.pipeline.fakes_outbox import START, Clock, MemoryOutbox, ScriptedChannel
from tests.pipeline.test_dispatch import BUSY, DOWN, desk, event
from watcher.pipeline.dispatch import drain


def test_a_drain_sends_all_that_was_due_and_leaves_later_retries_for_later() -> None:
    outbox, clock = MemoryOutbox(), Clock()
    channel = ScriptedChannel("ops", None, DOWN, None, None, DOWN, pace=timedelta(seconds=10))
    for number in (1, 2, 3, 4):
        outbox.owe(event(number), "ops")
    turns = drain(channel, outbox, desk(clock), clock.pass_by)
    sent = [int(turn.claim.event.id, 16) for turn in turns if turn.claim]
    assert sent == [
        1,
        2,
        2,
        3,
        4,
    ]  # a retry that fell due meanwhile goes before what is newer; that of the last one waits
    assert clock.now == START + timedelta(seconds=40)  # a wait between two sends, none after the last


def test_a_drain_stops_at_a_pause() -> None:
    outbox, clock = MemoryOutbox(), Clock()
    for number in (1, 2):
        outbox.owe(event(number), "ops")
    assert len(drain(ScriptedChannel("ops", BUSY), outbox, desk(clock), clock.pass_by)) == 1


def test_a_drain_stops_when_it_is_told_to() -> None:
    outbox = MemoryOutbox()
    for number in (1, 2):
        outbox.owe(event(number), "ops")
    channel = ScriptedChannel("ops", pace=timedelta(seconds=1))
    assert len(drain(channel, outbox, desk(Clock()), lambda _: False)) == 1


def test_a_drain_claims_the_next_one_with_the_settling_of_the_last_and_nothing_beyond_what_was_due() -> None:
    outbox, clock = MemoryOutbox(), Clock()
    for number in (1, 2, 3):
        outbox.owe(event(number), "ops")
    turns = drain(ScriptedChannel("ops"), outbox, desk(clock), clock.pass_by)
    assert [turn.ahead for turn in turns] == [turns[1].claim, turns[2].claim, None]
    assert outbox.next_due("ops") is None
