"""What waits for a channel in a replay: once each, in the order in which it falls due."""

from datetime import timedelta

from tests.store.outbox_contract import NOW, make_event
from watcher.domain.delivery import DeliveryState
from watcher.domain.stage import FIRST, repeat
from watcher.domain.waiting import Arrangement, Ended, FollowUp, HeldBy, Parcel, Postponed
from watcher.pipeline.waitlist import MemoryWaitlist

MINUTE = timedelta(minutes=1)


def new_waitlist() -> MemoryWaitlist:
    return MemoryWaitlist(channel="mail", note_over=lambda *_: None, resume=lambda *_: None)


def owe(waitlist: MemoryWaitlist, place: int, after: int = 0) -> None:
    event = make_event(place)
    waitlist.owe(place, FollowUp(event=event, rule="r", stage=FIRST, due_at=NOW + after * MINUTE), NOW)


def test_an_event_waits_once_a_stage_and_what_is_due_the_longest_comes_first() -> None:
    waitlist = new_waitlist()
    owe(waitlist, 2, after=1)
    owe(waitlist, 1)
    owe(waitlist, 1)
    assert waitlist.next_due() == NOW
    assert [waitlist.place_of(one) for one in waitlist.due(NOW + MINUTE)] == [1, 2]
    assert (waitlist.knows(1, FIRST), waitlist.knows(1, repeat(1)), waitlist.is_open(3)) == (True, False, False)


def test_what_is_put_together_goes_out_as_one_message() -> None:
    waitlist = new_waitlist()
    owe(waitlist, 1)
    owe(waitlist, 2)
    lead, member = waitlist.due(NOW)
    waitlist.apply(Arrangement(parcels=[Parcel(lead=lead.id, members=(member.id,), reason="together")]), NOW)
    assert waitlist.claim(NOW) is not None
    assert waitlist.claim(NOW) is None
    (posted,) = waitlist.posted
    assert (posted.places, posted.reason, list(waitlist.waiting())) == ((1, 2), "together", [])


def test_what_is_postponed_is_due_later_and_may_go_with_others_before() -> None:
    waitlist = new_waitlist()
    owe(waitlist, 1)
    (one,) = waitlist.due(NOW)
    later = Postponed(id=one.id, until=NOW + MINUTE, held_by=HeldBy.DIGEST, reason="gathered")
    waitlist.apply(Arrangement(postponed=[later]), NOW)
    assert waitlist.next_due() == NOW + MINUTE
    assert [each.id for each in waitlist.later("r", HeldBy.DIGEST, NOW)] == [one.id]
    assert waitlist.later("r", HeldBy.PROOF, NOW) == []


def test_what_is_put_off_to_when_it_was_due_anyway_is_due_once() -> None:
    waitlist = new_waitlist()
    owe(waitlist, 1, after=1)
    later = Postponed(id="1 first", until=NOW + MINUTE, held_by=HeldBy.QUIET, reason="quiet hours")
    waitlist.apply(Arrangement(postponed=[later]), NOW)
    assert [one.id for one in waitlist.due(NOW + MINUTE)] == ["1 first"]


def test_what_was_told_before_is_that_of_the_last_one_that_did_not_come_to_nothing() -> None:
    waitlist = new_waitlist()
    for place in (1, 2, 3, 4):
        owe(waitlist, place)
    first, second, third, fourth = waitlist.due(NOW)
    assert not waitlist.was_told(fourth)
    ended = [
        Ended(id=second.id, state=DeliveryState.OBSOLETE, reason="over"),
        Ended(id=third.id, state=DeliveryState.OBSOLETE, reason="over"),
    ]
    waitlist.apply(Arrangement(parcels=[Parcel(lead=first.id)], ended=ended), NOW)
    waitlist.claim(NOW)
    assert waitlist.was_told(fourth)
    owe(waitlist, 5)
    last = next(one for one in waitlist.due(NOW) if waitlist.place_of(one) == 5)
    waitlist.apply(Arrangement(ended=[Ended(id=fourth.id, state=DeliveryState.SILENCED, reason="muted")]), NOW)
    assert not waitlist.was_told(last)
    assert [one.place for one in waitlist.untold] == [2, 3, 4]


def test_reminders_that_are_put_aside_are_taken_back_each_by_its_rule() -> None:
    waitlist = new_waitlist()
    for number, rule in ((1, "r"), (2, "s")):
        again = FollowUp(event=make_event(1), rule=rule, stage=repeat(number), due_at=NOW + MINUTE)
        waitlist.owe(1, again, NOW, HeldBy.REPEAT)
    waitlist.drop(waitlist.reminders(1), "removed", NOW, is_aside=True)
    assert (waitlist.reminders(1), len(waitlist.untold)) == ([], 2)
    waitlist.take_back(1, NOW)
    assert (waitlist.reminders(1), len(waitlist.untold)) == (["1 repeat 1", "1 repeat 2"], 0)
    assert (waitlist.repeats(1, "r"), waitlist.repeats(1, "s")) == (["1 repeat 1"], ["1 repeat 2"])
    assert [one.id for one in waitlist.due(NOW + MINUTE)] == ["1 repeat 1", "1 repeat 2"]
