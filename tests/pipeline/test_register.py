"""What a replay follows up: reminders that are owed, and the news of an end."""

from dataclasses import replace
from datetime import timedelta

from tests.store.outbox_contract import NOW, make_event
from watcher.domain.event import Event, EventType
from watcher.domain.stage import FIRST
from watcher.domain.timing import Timing
from watcher.domain.waiting import FollowUp, Part
from watcher.pipeline.register import Register
from watcher.pipeline.waitlist import MemoryWaitlist

MINUTE = timedelta(minutes=1)
ASKED, AGAIN = make_event(5), make_event(9, time=NOW + MINUTE)
CLEARED = make_event(0, kind=EventType.QUESTIONS_CLEARED, time=NOW + 2 * MINUTE)


def new_register(**timings: Timing) -> tuple[Register, MemoryWaitlist]:
    waitlists: dict[str, MemoryWaitlist] = {}
    register = Register(timings, waitlists)
    waitlists["mail"] = MemoryWaitlist(channel="mail", note_over=register.note_over, resume=register.follow_one)
    return register, waitlists["mail"]


def tell(register: Register, waitlist: MemoryWaitlist, place: int, event: Event) -> None:
    register.follow([Part(event=event, rule="r")], {event.id: place}, waitlist, event.time)


def waits(waitlist: MemoryWaitlist) -> list[tuple[int, str]]:
    return [(one.place, str(one.stage)) for one in waitlist.waiting()]


def test_what_was_told_is_owed_again_and_a_newer_one_takes_its_place() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    tell(register, waitlist, 1, ASKED)
    assert (waits(waitlist), waitlist.next_due()) == ([(1, "repeat 1")], NOW + MINUTE)
    tell(register, waitlist, 2, AGAIN)
    assert waits(waitlist) == [(2, "repeat 1")]
    assert waitlist.untold[0].reason.startswith("a newer one was told")


def test_an_end_ends_the_reminders_and_is_news_to_who_was_told() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    tell(register, waitlist, 1, ASKED)
    register.take_in([(2, CLEARED)])
    assert waits(waitlist) == [(2, "cleared")]
    assert waitlist.untold[0].reason.startswith("over since questions.cleared")


def test_an_end_that_goes_there_anyway_is_its_own_news() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    tell(register, waitlist, 1, ASKED)
    waitlist.owe(2, FollowUp(event=CLEARED, rule="other", stage=FIRST, due_at=CLEARED.time), CLEARED.time)
    register.take_in([(2, CLEARED)])
    assert waits(waitlist) == [(2, "first")]


def test_what_is_over_by_itself_has_no_end_to_be_told_of() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    tell(register, waitlist, 1, ASKED)
    register.note_over(1, ASKED)
    register.take_in([(2, CLEARED)])
    assert waits(waitlist) == []


def test_without_a_rule_that_follows_up_nothing_is_owed() -> None:
    register, waitlist = new_register()
    tell(register, waitlist, 1, ASKED)
    register.take_in([(2, CLEARED)])
    assert waits(waitlist) == []


GONE = make_event(1, kind=EventType.CONVERSATION_REMOVED, time=NOW + 2 * MINUTE)
BACK = make_event(2, kind=EventType.CONVERSATION_RETURNED, time=NOW + 9 * MINUTE)


def test_what_a_removal_ended_goes_on_when_the_conversation_is_back() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    tell(register, waitlist, 1, ASKED)
    register.take_in([(2, GONE)])
    assert waits(waitlist) == [(2, "cleared")]
    register.take_in([(3, BACK)])
    assert waits(waitlist) == [(2, "cleared"), (1, "repeat 1")]
    assert waitlist.untold == []
    assert {one.due_at for one in waitlist.due(BACK.time)} >= {BACK.time}, "it was due meanwhile"


def test_what_ended_while_the_conversation_was_gone_is_over() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    tell(register, waitlist, 1, ASKED)
    register.take_in([(2, GONE)])
    register.take_in([(3, BACK), (4, replace(CLEARED, time=BACK.time))])
    assert waits(waitlist) == [(2, "cleared")], "its end was told when it was removed"


def test_what_is_told_too_late_after_a_return_is_ended_by_what_came_with_that() -> None:
    register, waitlist = new_register(r=Timing(repeat=(MINUTE,)))
    register.take_up(1, ASKED, "r", FIRST)
    waitlist.owe(1, FollowUp(event=ASKED, rule="r", stage=FIRST, due_at=BACK.time + MINUTE), ASKED.time)
    register.take_in([(2, GONE)])
    register.take_in([(3, BACK), (4, replace(CLEARED, time=BACK.time))])
    tell(register, waitlist, 1, ASKED)
    assert (4, "cleared") in waits(waitlist)
