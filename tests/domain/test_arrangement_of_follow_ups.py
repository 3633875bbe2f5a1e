"""Follow-ups that are due: told only while they are true, in spite of what gathers, and several of a rule at once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain.test_arrangement import HOUR, MINUTE, NIGHT, NOW, SPAN, World, parcels, postponed, waiting
from watcher.domain.arrangement import Policy, arrange
from watcher.domain.delivery import DeliveryState
from watcher.domain.event import EventType
from watcher.domain.follow_up import Escalated
from watcher.domain.stage import CLEARED, Stage, escalation, repeat
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Escalation, Timing
from watcher.domain.waiting import Arrangement, HeldBy, Waiting

STEPS = (Escalation(after=24 * HOUR, channels=("leads",)), Escalation(after=48 * HOUR, channels=("leads",)))
FOLLOWING: dict[str, Any] = {"repeat": (4 * HOUR,), "escalate": STEPS}
AGAIN = Timing(**FOLLOWING)
BLIND = Timing(digest=SPAN, hold=HOUR, **FOLLOWING)
"""it gathers and holds what it tells first"""
STAGES = [repeat(1), escalation(1), CLEARED]


def due(subject: str, stage: Stage, **other: Any) -> Waiting:
    held = {"repeat": HeldBy.REPEAT, "escalation": HeldBy.ESCALATION}.get(stage.kind.value, HeldBy.NOTHING)
    usual: dict[str, Any] = {"age": 24 * HOUR, "due_at": NOW, "held_by": held, "stage": stage}
    return waiting(subject, **{**usual, **other})


def decided(*found: Waiting, timing: Timing = AGAIN, world: World | None = None, storm: int = 0) -> Arrangement:
    return arrange(found, Policy(timings={"r": timing, "other": timing}, storm=storm), world or World(), NOW)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("timing", [AGAIN, BLIND])
def test_what_is_due_and_true_goes_in_spite_of_digest_and_hold(stage: Stage, timing: Timing) -> None:
    made = decided(due("a", stage), timing=timing)
    assert (parcels(made), made.postponed, made.ended) == ([["a.5"]], [], [])


def test_what_is_not_due_yet_is_left_alone() -> None:
    assert decided(due("a", repeat(1), due_at=NOW + HOUR, is_due=False)) == Arrangement()


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_over_is_not_told_and_a_reminder_has_no_end_to_be_told_of(stage: Stage) -> None:
    (ended,) = decided(due("a", stage), world=World(over={"a"})).ended
    assert (ended.state, ended.is_over) == (DeliveryState.OBSOLETE, stage.is_reminder)


def test_a_message_says_what_was_found() -> None:
    assert decided(due("a", repeat(1))).findings == {"a.5": "still true: as it is"}


@pytest.mark.parametrize(
    "stage, renewed", [(repeat(2), [(repeat(3), NOW + 4 * HOUR)]), (escalation(1), []), (CLEARED, [])]
)
def test_what_is_silenced_ends_and_a_repeat_comes_again(stage: Stage, renewed: list[tuple[Stage, datetime]]) -> None:
    made = decided(due("a", stage), world=World(muted={"a"}))
    assert [each.state for each in made.ended] == [DeliveryState.SILENCED]
    assert [(each.stage, each.due_at) for each in made.renewed] == renewed


@pytest.mark.parametrize("stage", STAGES)
def test_quiet_hours_hold_it_and_then_it_must_still_be_true(stage: Stage) -> None:
    timing = Timing(quiet=NIGHT, **FOLLOWING)
    assert postponed(decided(due("a", stage), timing=timing)) == [("a.5", HOUR, HeldBy.QUIET)]
    awake = due("a", stage, held_by=HeldBy.QUIET)
    assert parcels(decided(awake)) == [["a.5"]]
    assert [each.state for each in decided(awake, world=World(over={"a"})).ended] == [DeliveryState.OBSOLETE]


def test_what_is_urgent_is_told_in_quiet_hours() -> None:
    urgent = due("a", repeat(1), kind=EventType.REGISTRATION_CLOSING, details={})
    assert parcels(decided(urgent, timing=Timing(quiet=NIGHT, **FOLLOWING))) == [["a.5"]]


def test_a_throttle_counts_reminders_as_messages() -> None:
    timing = Timing(throttle=Throttle(most=1, span=HOUR), **FOLLOWING)
    world = World(went=[NOW - 20 * MINUTE])
    assert postponed(decided(due("a", repeat(1)), timing=timing, world=world)) == [
        ("a.5", 40 * MINUTE, HeldBy.THROTTLE)
    ]


def test_several_repeats_of_one_rule_are_one_message() -> None:
    found = [due("a", repeat(1)), due("b", repeat(3)), due("c", repeat(1), rule="other")]
    made = decided(*found)
    assert parcels(made) == [["a.5", "b.5"], ["c.5"]]
    assert [parcel.reason for parcel in made.parcels] == ["told together: all of it is still true", ""]


def test_escalations_are_one_message_a_step_and_news_are_another() -> None:
    found = [
        due("a", escalation(1)),
        due("b", escalation(1)),
        due("c", escalation(2)),
        due("d", repeat(1)),
        waiting("e"),
    ]
    assert parcels(decided(*found)) == [["a.5", "b.5"], ["c.5"], ["d.5"], ["e.5"]]


@pytest.mark.parametrize("held_by", [HeldBy.QUIET, HeldBy.THROTTLE])
def test_what_waited_together_is_told_by_its_stage(held_by: HeldBy) -> None:
    news = [waiting(name, age=HOUR, held_by=held_by) for name in "ab"]
    later = [due("c", CLEARED, held_by=held_by), due("d", repeat(1), held_by=held_by)]
    assert parcels(decided(*news, *later)) == [["a.5", "b.5"], ["c.5"], ["d.5"]]


def test_a_flood_of_one_cause_counts_what_is_cleared_and_tells_it_apart() -> None:
    news = [waiting(name) for name in "ab"]
    cleared = [due(name, CLEARED, age=timedelta()) for name in "cd"]
    reminders = [due(name, repeat(1), age=timedelta()) for name in "ef"]
    made = decided(*news, *cleared, *reminders, storm=3)
    assert sorted(parcels(made)) == [["a.5", "b.5"], ["c.5", "d.5"], ["e.5", "f.5"]]
    assert len(parcels(decided(*news, *cleared[:1], *reminders, storm=3))) == 4


@pytest.mark.parametrize("is_refused", [False, True])
def test_an_episode_is_escalated_once(is_refused: bool) -> None:
    past = Escalated(event_id="0123456789", told_at=NOW - HOUR)
    first = due("a", escalation(1), is_formed=is_refused, is_refused=is_refused)
    made = decided(first, due("b", escalation(1)), world=World(escalated={"a": past}))
    assert parcels(made) == [["b.5"]]
    assert [each.reason for each in made.ended] == ["escalated already, for event 01234567"]


def test_a_rule_that_follows_up_no_more_tells_nothing_again() -> None:
    made = decided(due("a", repeat(1)), due("b", escalation(1)), due("c", CLEARED), timing=Timing())
    assert parcels(made) == [["c.5"]]


def test_what_nobody_looks_at_any_more_is_no_longer_told() -> None:
    made = decided(due("a", repeat(1)), due("b", escalation(1)), world=World(unwatched={"a", "b"}))
    assert ([each.is_over for each in made.ended], parcels(made)) == ([True, True], [])


@pytest.mark.parametrize("stage", STAGES)
def test_what_was_begun_goes_out_as_it_was_unless_it_reminds_of_what_is_over(stage: Stage) -> None:
    begun = due("a", stage, is_formed=True)
    made = decided(begun, world=World(muted={"a"}))
    assert (parcels(made), made.ended) == ([["a.5"]], [])
    over = decided(begun, world=World(over={"a"}))
    assert [each.id for each in over.ended] == ["a.5"] * stage.is_reminder
