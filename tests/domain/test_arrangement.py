"""What goes out now, together with what, and what waits: decided from what waits and what is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from watcher.domain.arrangement import PLAIN, Policy, arrange
from watcher.domain.condition import Verdict
from watcher.domain.conversation import Conversation
from watcher.domain.delivery import DeliveryState
from watcher.domain.digest import Digest
from watcher.domain.event import Event, EventType, Severity, event_id
from watcher.domain.follow_up import Escalated
from watcher.domain.quiet import QuietHours
from watcher.domain.state import State
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Grouping, Timing
from watcher.domain.waiting import Arrangement, HeldBy, Waiting

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SPAN = Digest(span=15 * MINUTE, at=(), zone=UTC)
NIGHT = QuietHours(start=time(11), end=time(13), days=frozenset(), zone=UTC, urgent=("registration.closing",))


@dataclass
class World:
    muted: set[str] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    went: list[datetime] = field(default_factory=list)
    unwatched: set[str] = field(default_factory=set)
    escalated: dict[str, Escalated] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def find_mute(self, event: Event, rule: str) -> tuple[str, str] | None:
        return ("s1", f"silenced for {rule}") if event.subject in self.muted else None

    def verdict(self, event: Event) -> Verdict:
        return Verdict(holds=event.subject not in self.over, reason="as it is")

    def is_watched(self, event: Event) -> bool:
        return event.subject not in self.unwatched

    def find_escalated(self, one: Waiting) -> Escalated | None:
        return self.escalated.get(one.event.subject)

    def was_told(self, one: Waiting) -> bool:
        return one.event.subject in self.told

    def sent(self, rule: str, since: datetime) -> Sequence[datetime]:
        return [at for at in self.went if at > since]


def waiting(
    subject: str,
    *,
    kind: EventType = EventType.QUESTIONS_NEW,
    age: timedelta = timedelta(),
    rule: str = "r",
    version: int = 5,
    details: dict[str, Any] | None = None,
    **other: Any,
) -> Waiting:
    at = NOW - age
    change = {"field": "open_questions_count", "before": version - 1, "after": version, "delta": 1}
    shown = Conversation(id=subject, name=subject, state=State.OPEN, reason=None, fields={})
    event = Event(
        id=event_id("campus", kind, subject, str(version)),
        source="campus",
        type=kind,
        subject=subject,
        time=at,
        severity=Severity.NOTICE,
        details={"change": change} if details is None else details,
        conversation=shown,
    )
    usual: dict[str, Any] = {"created_at": at, "due_at": at, "is_due": True}
    return Waiting(id=f"{subject}.{version}", event=event, rule=rule, **{**usual, **other})


def decided(*found: Waiting, timing: Timing = PLAIN, world: World | None = None, storm: int = 0) -> Arrangement:
    return arrange(found, Policy(timings={"r": timing}, storm=storm), world or World(), NOW)


def parcels(made: Arrangement) -> list[list[str]]:
    return [[parcel.lead, *parcel.members] for parcel in made.parcels]


def postponed(made: Arrangement) -> list[tuple[str, timedelta, HeldBy]]:
    return [(each.id, each.until - NOW, each.held_by) for each in made.postponed]


def test_without_a_timing_each_goes_at_once_and_alone() -> None:
    assert parcels(decided(waiting("a"), waiting("b"))) == [["a.5"], ["b.5"]]


def test_what_a_silence_mutes_ends_with_its_reason() -> None:
    made = decided(waiting("a"), waiting("b"), world=World(muted={"a"}))
    assert parcels(made) == [["b.5"]]
    assert [(each.id, each.state, each.silence) for each in made.ended] == [("a.5", DeliveryState.SILENCED, "s1")]


@pytest.mark.parametrize("is_over", [False, True])
def test_a_hold_tells_only_what_is_still_true_after_it(is_over: bool) -> None:
    timing = Timing(hold=10 * MINUTE)
    assert postponed(decided(waiting("a"), timing=timing)) == [("a.5", 10 * MINUTE, HeldBy.PROOF)]
    proven = waiting("a", age=10 * MINUTE, held_by=HeldBy.PROOF)
    made = decided(proven, timing=timing, world=World(over={"a"} if is_over else set()))
    assert parcels(made) == ([] if is_over else [["a.5"]])
    assert [each.state for each in made.ended] == [DeliveryState.OBSOLETE] * is_over


def test_a_digest_closes_a_span_after_its_first_event_and_takes_all_that_came_since() -> None:
    timing = Timing(digest=SPAN)
    assert postponed(decided(waiting("a"), timing=timing)) == [("a.5", 15 * MINUTE, HeldBy.DIGEST)]
    first = waiting("a", age=15 * MINUTE, held_by=HeldBy.DIGEST)
    later = waiting("b", age=MINUTE, held_by=HeldBy.DIGEST, due_at=NOW + 14 * MINUTE, is_due=False)
    assert parcels(decided(first, later, timing=timing)) == [["a.5", "b.5"]]
    assert parcels(decided(later, timing=timing)) == []


def test_a_digest_by_conversation_is_one_message_for_each() -> None:
    timing = Timing(digest=SPAN, group_by=(Grouping.CONVERSATION,))
    found = [
        waiting(subject, version=version, age=age * MINUTE, held_by=HeldBy.DIGEST)
        for subject, version, age in (("a", 5, 20), ("b", 5, 19), ("a", 6, 18))
    ]
    assert parcels(decided(*found, timing=timing)) == [["a.5", "a.6"], ["b.5"]]


def test_what_comes_to_nothing_within_a_digest_is_not_told() -> None:
    opened = waiting("a", kind=EventType.CONVERSATION_OPENED, age=20 * MINUTE, details={"first_seen": True})
    gone = waiting("a", kind=EventType.CONVERSATION_REMOVED, version=6, age=10 * MINUTE, details={})
    held = [Waiting(**{**_fields(one), "held_by": HeldBy.DIGEST}) for one in (opened, gone)]
    made = decided(*held, timing=Timing(digest=SPAN))
    assert parcels(made) == []
    assert {each.state for each in made.ended} == {DeliveryState.OBSOLETE}
    assert {each.id for each in made.ended} == {"a.5", "a.6"}


@pytest.mark.parametrize("held_by", [HeldBy.DIGEST, HeldBy.QUIET, HeldBy.THROTTLE])
def test_a_warning_that_waited_until_its_instant_had_passed_ends(held_by: HeldBy) -> None:
    details = {"deadline": {"at": "2026-11-23T11:59:00Z", "lead": "1h", "seconds_left": 3540}}
    closing = waiting("a", kind=EventType.REGISTRATION_CLOSING, details=details, age=HOUR, held_by=held_by)
    made = decided(closing)
    assert (parcels(made), [each.state for each in made.ended]) == ([], [DeliveryState.OBSOLETE])


def test_quiet_hours_hold_what_is_not_urgent_and_tell_it_together_at_their_end() -> None:
    timing = Timing(quiet=NIGHT)
    urgent = waiting("u", kind=EventType.REGISTRATION_CLOSING, details={})
    made = decided(waiting("a"), urgent, timing=timing)
    assert (postponed(made), parcels(made)) == ([("a.5", HOUR, HeldBy.QUIET)], [["u.5"]])
    after = Policy(timings={"r": timing})
    woken = [waiting(name, age=2 * HOUR, held_by=HeldBy.QUIET) for name in "abc"]
    made = arrange(woken, after, World(over={"b"}), NOW + 2 * HOUR)
    assert parcels(made) == [["a.5", "c.5"]]
    assert [(each.id, each.state) for each in made.ended] == [("b.5", DeliveryState.OBSOLETE)]


@pytest.mark.parametrize("held_by", [HeldBy.QUIET, HeldBy.THROTTLE])
def test_what_flapped_while_it_waited_is_not_told_by_half(held_by: HeldBy) -> None:
    asked = waiting("a", age=3 * HOUR, held_by=held_by, version=1)
    back = {"change": {"field": "open_questions_count", "before": 1, "after": 0, "delta": -1}}
    cleared = waiting("a", kind=EventType.QUESTIONS_CLEARED, age=2 * HOUR, held_by=held_by, version=2, details=back)
    made = decided(asked, cleared, world=World())
    assert (parcels(made), {each.state for each in made.ended}) == ([], {DeliveryState.OBSOLETE})


def test_what_flaps_within_a_hold_is_not_told_at_all() -> None:
    timing = Timing(hold=10 * MINUTE)
    asked = waiting("a", age=10 * MINUTE, held_by=HeldBy.PROOF, version=1)
    back = {"change": {"field": "open_questions_count", "before": 1, "after": 0, "delta": -1}}
    cleared = waiting(
        "a",
        kind=EventType.QUESTIONS_CLEARED,
        age=5 * MINUTE,
        held_by=HeldBy.PROOF,
        version=2,
        details=back,
        due_at=NOW + 5 * MINUTE,
        is_due=False,
    )
    made = decided(asked, cleared, timing=timing)
    assert (parcels(made), {each.id for each in made.ended}) == ([], {"a.1", "a.2"})


@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_held_is_proven_before_a_digest_gathers_it(is_over: bool) -> None:
    timing = Timing(hold=10 * MINUTE, digest=SPAN)
    held = waiting("a", age=10 * MINUTE, held_by=HeldBy.PROOF)
    made = decided(held, timing=timing, world=World(over={"a"} if is_over else set()))
    assert postponed(made) == [("a.5", 15 * MINUTE, HeldBy.DIGEST)] * (not is_over)
    assert [each.state for each in made.ended] == [DeliveryState.OBSOLETE] * is_over


def test_a_digest_that_closed_while_nothing_ran_is_one_message() -> None:
    timing = Timing(hold=10 * MINUTE, digest=SPAN)
    gathered = waiting("a", age=90 * MINUTE, held_by=HeldBy.DIGEST)
    held = waiting("b", age=80 * MINUTE, held_by=HeldBy.PROOF)
    assert parcels(decided(gathered, held, timing=timing)) == [["a.5", "b.5"]]


def test_a_digest_that_closes_in_quiet_hours_leaves_no_part_of_it_behind() -> None:
    timing = Timing(digest=SPAN, quiet=NIGHT)
    first = waiting("a", age=15 * MINUTE, held_by=HeldBy.DIGEST)
    later: dict[str, Any] = {"held_by": HeldBy.DIGEST, "due_at": NOW + 14 * MINUTE, "is_due": False}
    urgent = waiting("u", kind=EventType.REGISTRATION_CLOSING, details={}, age=MINUTE, **later)
    made = decided(first, waiting("b", age=MINUTE, **later), urgent, timing=timing)
    assert postponed(made) == [("a.5", HOUR, HeldBy.QUIET), ("b.5", HOUR, HeldBy.QUIET)]
    assert parcels(made) == [["u.5"]]


@pytest.mark.parametrize("held_by", [HeldBy.PROOF, HeldBy.DIGEST])
def test_a_silence_mutes_what_is_due_and_not_what_may_be_due_after_it(held_by: HeldBy) -> None:
    timing = Timing(hold=10 * MINUTE, digest=SPAN, group_by=(Grouping.CONVERSATION,))
    due = waiting("a", age=HOUR, held_by=held_by)
    later = waiting("b", age=MINUTE, held_by=held_by, due_at=NOW + 9 * MINUTE, is_due=False)
    made = decided(due, later, timing=timing, world=World(muted={"b"}))
    assert (made.ended, parcels(made)) == ([], [["a.5"]])


def test_a_throttle_lets_so_many_pass_and_gathers_the_rest() -> None:
    timing = Timing(throttle=Throttle(most=2, span=HOUR))
    made = decided(*[waiting(name) for name in "abcd"], timing=timing, world=World(went=[NOW - 40 * MINUTE]))
    assert parcels(made) == [["a.5"]]
    assert postponed(made) == [(f"{name}.5", 20 * MINUTE, HeldBy.THROTTLE) for name in "bcd"]
    held = [waiting(name, age=HOUR, held_by=HeldBy.THROTTLE) for name in "bcd"]
    assert parcels(decided(*held, timing=timing)) == [["b.5", "c.5", "d.5"]]


def test_more_than_a_limit_of_one_cause_is_told_in_one_and_what_is_urgent_alone() -> None:
    flood = [waiting(str(number)) for number in range(6)]
    urgent = waiting("u", kind=EventType.REGISTRATION_CLOSING, details={})
    timing = Timing(quiet=QuietHours(start=time(1), end=time(2), days=frozenset(), zone=UTC, urgent=NIGHT.urgent))
    made = decided(*flood, urgent, timing=timing, storm=5)
    assert [len(parcel) for parcel in parcels(made)] == [6, 1]
    assert [len(parcel) for parcel in parcels(decided(*flood, storm=6))] == [1] * 6
    other = waiting("later", age=MINUTE)
    assert ["later.5"] in parcels(decided(*flood, other, storm=5))


def test_what_is_overdue_after_an_outage_is_told_together() -> None:
    stale = [waiting(str(number), age=3 * HOUR + number * MINUTE) for number in range(4)]
    fresh = waiting("fresh", age=MINUTE)
    assert sorted(map(len, parcels(decided(*stale, fresh)))) == [1, 4]
    assert [len(parcel) for parcel in parcels(decided(*stale[:2]))] == [1, 1]
    assert [parcel.is_overdue for parcel in decided(*stale, fresh).parcels] == [True, False]


def test_what_was_attempted_before_or_carries_others_goes_as_it_was() -> None:
    formed = waiting("a", age=3 * HOUR, is_formed=True, held_by=HeldBy.THROTTLE)
    world = World(went=[NOW], over={"a"}, muted={"a"})
    made = decided(formed, timing=Timing(digest=SPAN, throttle=Throttle(most=1, span=HOUR)), world=world)
    assert (parcels(made), made.ended) == ([["a.5"]], [])


def test_quiet_hours_hold_it_back_all_the_same() -> None:
    formed = waiting("a", age=3 * HOUR, is_formed=True, held_by=HeldBy.DIGEST)
    assert postponed(decided(formed, timing=Timing(quiet=NIGHT))) == [("a.5", HOUR, HeldBy.DIGEST)]


def test_what_was_refused_for_long_is_told_together_and_what_may_have_arrived_alone() -> None:
    refused = [waiting(name, age=3 * HOUR, due_at=NOW, is_formed=True, is_refused=True) for name in "abc"]
    unsure = waiting("u", age=3 * HOUR, due_at=NOW, is_formed=True)
    assert parcels(decided(*refused, unsure)) == [["a.5", "b.5", "c.5"], ["u.5"]]
    assert [len(parcel) for parcel in parcels(decided(*refused[:2]))] == [1, 1]
    later = [replace(one, is_due=False, due_at=NOW + HOUR) for one in refused]
    assert parcels(decided(refused[0], *later[1:])) == [["a.5", "b.5", "c.5"]]
    assert parcels(decided(refused[0], *[replace(one, is_refused=False) for one in later[1:]])) == [["a.5"]]
    fresh = [waiting(name, due_at=NOW, is_formed=True, is_refused=True) for name in "abc"]
    assert [len(parcel) for parcel in parcels(decided(*fresh))] == [1, 1, 1]


def test_a_rule_that_is_gone_from_the_config_is_a_plain_one() -> None:
    assert parcels(decided(waiting("a", rule="gone"), timing=Timing(digest=SPAN))) == [["a.5"]]


@pytest.mark.parametrize("held_by", [HeldBy.QUIET, HeldBy.THROTTLE])
def test_a_warning_that_waited_beyond_its_instant_ends(held_by: HeldBy) -> None:
    details = {"deadline": {"at": (NOW - MINUTE).isoformat(), "lead": "1h"}}
    late = waiting("a", kind=EventType.REGISTRATION_CLOSING, age=HOUR, held_by=held_by, details=details)
    made = decided(late)
    assert parcels(made) == []
    assert [(each.id, each.reason) for each in made.ended] == [("a.5", "came to nothing: the instant has passed")]


def _fields(one: Waiting) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}
