"""What follows an event that was told: pure decisions, as tables and as laws."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import NOW
from tests.domain.tellings import event
from watcher.domain.condition import Verdict
from watcher.domain.event import Event, EventType
from watcher.domain.follow_up import (
    LASTING,
    NO_ESCALATION,
    Address,
    Escalated,
    Readdressed,
    ended_by,
    ends,
    follow,
    is_lasting,
    judge,
    readdress,
    renew,
    span_of,
)
from watcher.domain.stage import CLEARED, FIRST, Stage, escalation, repeat
from watcher.domain.timing import Escalation, Timing
from watcher.domain.waiting import Followed, FollowUp, Part, Waiting

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
REPEATING = Timing(repeat=(4 * HOUR, DAY))
ESCALATING = Timing(
    escalate=(Escalation(after=DAY, channels=("leads",)), Escalation(after=2 * DAY, channels=("boss",)))
)
ASKED = event(0, "questions.new")


@dataclass
class Outlook:
    holds: bool | None = True
    is_there: bool = True
    escalated: Escalated | None = None

    def verdict(self, event: Event) -> Verdict:
        return Verdict(holds=self.holds, reason="open_questions_count is 4")

    def is_watched(self, event: Event) -> bool:
        return self.is_there

    def find_escalated(self, one: Waiting) -> Escalated | None:
        return self.escalated

    def was_told(self, one: Waiting) -> bool:
        return True


def waiting(stage: Stage, told: Event = ASKED) -> Waiting:
    return Waiting(id="d", event=told, rule="r", created_at=NOW, due_at=NOW, is_due=True, stage=stage)


def part(told: Event = ASKED, stage: Stage = FIRST, rule: str = "r") -> Part:
    return Part(event=told, rule=rule, stage=stage)


def test_only_what_somebody_ends_or_ends_at_an_instant_lasts() -> None:
    assert not any(map(is_lasting, set(EventType) - LASTING))
    lacking = {kind.value for kind in LASTING if not ended_by(kind)}
    assert lacking == {"source.suspect"}  # the rest of them some event ends


@pytest.mark.parametrize(
    "ending, ended",
    [
        ("questions.cleared", {"questions.new", "questions.waiting"}),
        ("source.recovered", {"source.failing"}),
        ("channel.recovered", {"channel.failing"}),
        ("registration.available", {"registration.full"}),
        ("conversation.returned", {"conversation.removed"}),
        ("conversation.opened", set()),  # it ends what is not followed up
        ("questions.new", set()),
    ],
)
def test_an_event_ends_what_is_followed_up(ending: str, ended: set[str]) -> None:
    assert {kind.value for kind in ends(EventType(ending))} == ended


@pytest.mark.parametrize("number, span", [(1, 4 * HOUR), (2, DAY), (3, DAY), (50, DAY)])
def test_the_last_span_goes_on(number: int, span: timedelta) -> None:
    assert span_of(REPEATING.repeat, number) == span


@pytest.mark.parametrize(
    "stage, timing, followed",
    [
        (FIRST, REPEATING, (repeat(1), 4 * HOUR)),
        (repeat(1), REPEATING, (repeat(2), DAY)),
        (repeat(2), REPEATING, (repeat(3), DAY)),
        (FIRST, ESCALATING, None),  # followed, and nothing is owed to the same channel
        (escalation(1), Timing(repeat=(HOUR,), escalate=ESCALATING.escalate), None),
    ],
)
def test_what_was_told_is_followed_by_the_next_repeat(
    stage: Stage, timing: Timing, followed: tuple[Stage, timedelta] | None
) -> None:
    owed = FollowUp(event=ASKED, rule="r", stage=followed[0], due_at=NOW + followed[1]) if followed else None
    assert follow([part(stage=stage)], {"r": timing}, NOW) == (Followed(event=ASKED, rule="r", next=owed),)


@pytest.mark.parametrize(
    "told, timings",
    [
        (part(), {}),
        (part(), {"r": Timing()}),
        (part(rule="other"), {"r": REPEATING}),
        (part(event(0, "questions.cleared")), {"r": REPEATING}),  # it does not last
        (part(event(0, "conversation.removed"), CLEARED), {"r": REPEATING}),  # it was told as the end of something
    ],
)
def test_nothing_follows_where_no_rule_says_so(told: Part, timings: Mapping[str, Timing]) -> None:
    assert follow([told], timings, NOW) == ()


parts = st.builds(
    lambda place, kind, subject, rule, stage: part(event(place, kind, subject=subject), stage, rule),
    st.integers(0, 50),
    st.sampled_from(["questions.new", "questions.waiting", "messages.new", "questions.cleared"]),
    st.sampled_from(["1017", "1018"]),
    st.sampled_from(["r", "other"]),
    st.sampled_from([FIRST, repeat(1), escalation(1), CLEARED]),
)


@given(told=st.lists(parts, max_size=12))
def test_of_several_events_about_one_thing_the_last_is_followed_once(told: list[Part]) -> None:
    found = follow(told, {"r": REPEATING}, NOW)
    things = [(one.rule, one.event.subject, one.event.type) for one in found]
    assert len(things) == len(set(things))
    for one in found:
        same = [
            other.event
            for other in told
            if other.stage != CLEARED
            and (other.rule, other.event.subject, other.event.type) == things[found.index(one)]
        ]
        assert one.event == same[-1]


TOLD = Escalated(event_id="0123456789abcdef", told_at=NOW - DAY)
RECENT = Escalated(event_id="0123456789abcdef", told_at=NOW - HOUR)


@pytest.mark.parametrize(
    "stage, timing, outlook, end, is_over",
    [
        (repeat(1), REPEATING, Outlook(), "", False),
        (repeat(1), Timing(), Outlook(), "its rule has no repeat for it any more", False),
        (repeat(1), REPEATING, Outlook(holds=False), "over by now: open_questions_count is 4", True),
        (repeat(1), REPEATING, Outlook(holds=None), "", False),  # what cannot be known counts as true
        (repeat(1), REPEATING, Outlook(is_there=False), "what it is about is no longer watched", True),
        (escalation(1), ESCALATING, Outlook(), "", False),
        (escalation(3), ESCALATING, Outlook(), "its rule has no escalation for it any more", False),
        (escalation(1), ESCALATING, Outlook(holds=False), "over by now: open_questions_count is 4", True),
        (escalation(1), ESCALATING, Outlook(escalated=TOLD), "escalated already, for event 01234567", False),
        (CLEARED, Timing(), Outlook(), "", False),
        (CLEARED, Timing(), Outlook(is_there=False), "", False),  # it is over, whoever looks
        (CLEARED, Timing(), Outlook(holds=False), "begun anew meanwhile: open_questions_count is 4", False),
    ],
)
def test_a_follow_up_that_is_due_is_told_while_it_is_true(
    stage: Stage, timing: Timing, outlook: Outlook, end: str, is_over: bool
) -> None:
    found = judge(waiting(stage), timing, outlook, NOW)
    assert (found.end, found.is_over) == (end, is_over)


@pytest.mark.parametrize(
    "kind, past, is_told",
    [
        ("questions.new", TOLD, False),
        ("source.failing", TOLD, False),
        ("source.suspect", TOLD, True),  # no event ends it: after a while it is another episode
        ("source.suspect", RECENT, False),
        ("messages.new", TOLD, True),  # nothing but the conversation's end does
        ("messages.new", RECENT, False),
        ("conversation.removed", TOLD, False),
    ],
)
def test_an_escalation_is_told_once_an_episode(kind: str, past: Escalated, is_told: bool) -> None:
    found = judge(waiting(escalation(1), event(0, kind)), ESCALATING, Outlook(escalated=past), NOW)
    assert (not found.end) is is_told


@pytest.mark.parametrize("holds, said", [(True, "still true: "), (None, "maybe still true: ")])
def test_a_reminder_says_what_was_found(holds: bool | None, said: str) -> None:
    found = judge(waiting(repeat(1)), REPEATING, Outlook(holds=holds), NOW)
    assert found.finding == f"{said}open_questions_count is 4"


def test_what_ends_something_has_nothing_to_be_found_of() -> None:
    assert judge(waiting(CLEARED), Timing(), Outlook(), NOW).finding == ""


@pytest.mark.parametrize(
    "stage, timing, renewed",
    [
        (repeat(1), REPEATING, (repeat(2), DAY)),
        (repeat(1), Timing(), None),
        (FIRST, REPEATING, None),
        (escalation(1), ESCALATING, None),
        (CLEARED, REPEATING, None),
    ],
)
def test_a_repeat_that_was_silenced_comes_again(
    stage: Stage, timing: Timing, renewed: tuple[Stage, timedelta] | None
) -> None:
    found: FollowUp | None = renew(waiting(stage), timing, NOW)
    later: tuple[Stage, datetime] | None = (renewed[0], NOW + renewed[1]) if renewed else None
    assert (found and (found.stage, found.due_at)) == later


@pytest.mark.parametrize(
    "stage, channel, expected",
    [
        (escalation(1), "leads", None),
        (escalation(1), "gone", Readdressed(end="its rule escalates to leads now", to=("leads",))),
        (escalation(2), "leads", Readdressed(end="its rule escalates to boss now", to=("boss",))),
        (escalation(3), "leads", None),  # the channel is there: it is judged when it is due
        (escalation(3), "gone", Readdressed(end=NO_ESCALATION)),
    ],
)
def test_an_escalation_that_waits_goes_to_whom_its_step_names_now(
    stage: Stage, channel: str, expected: Readdressed | None
) -> None:
    address = Address(rule="r", stage=stage, channel=channel)
    assert readdress(address, {"r": ESCALATING}, {"leads", "boss"}) == expected
