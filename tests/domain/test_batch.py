"""What goes in one message, of all that is to be told now."""

from typing import Any

import pytest

from tests.domain.test_arrangement import HOUR, MINUTE, NIGHT, NOW, waiting
from watcher.domain.batch import find_batches
from watcher.domain.event import EventType
from watcher.domain.stage import CLEARED, escalation, repeat
from watcher.domain.timing import Grouping, Timing
from watcher.domain.waiting import HeldBy, Waiting


def batches(*awake: Waiting, timing: Timing | None = None, storm: int = 0) -> list[list[str]]:
    found = find_batches(awake, lambda _: timing or Timing(), storm, NOW)
    return [[one.id for one in group] for group, _ in found]


@pytest.mark.parametrize("storm, sizes", [(0, [1, 1, 1]), (3, [1, 1, 1]), (2, [3])])
def test_what_one_cause_made_too_much_of_goes_together(storm: int, sizes: list[int]) -> None:
    flood = [waiting(name) for name in "abc"]
    assert [len(batch) for batch in batches(*flood, storm=storm)] == sizes


def test_what_is_urgent_is_no_part_of_a_storm() -> None:
    urgent = waiting("u", kind=EventType.REGISTRATION_CLOSING, details={})
    found = batches(waiting("a"), waiting("b"), urgent, timing=Timing(quiet=NIGHT), storm=1)
    assert found == [["a.5", "b.5"], ["u.5"]]


@pytest.mark.parametrize("number, sizes", [(2, [1, 1]), (3, [3])])
def test_three_that_are_overdue_go_together(number: int, sizes: list[int]) -> None:
    stale = [waiting(str(place), age=2 * HOUR + place * MINUTE) for place in range(number)]
    assert [len(batch) for batch in batches(*stale)] == sizes


def test_what_is_not_to_be_tried_again_yet_goes_with_what_is_overdue_by_its_rule_or_waits_on() -> None:
    stale = [waiting(name, age=2 * HOUR) for name in "ab"]
    in_vain: dict[str, Any] = {"is_due": False, "is_formed": True, "is_refused": True}
    later = {"age": 3 * HOUR, "due_at": NOW + HOUR, **in_vain}
    refused = waiting("r", **later)

    def found(awake: list[Waiting], *refused: Waiting) -> list[list[str]]:
        batches = find_batches(awake, lambda _: Timing(), 0, NOW, refused)
        return [[one.id for one in group] for group, _ in batches]

    assert found(stale, refused) == [["a.5", "b.5", "r.5"]]
    assert found(stale[:1], refused) == [["a.5"]]
    assert found(stale, waiting("r", rule="other", **later)) == [["a.5"], ["b.5"]]
    assert found(stale, waiting("r", **{**later, "age": HOUR})) == [["a.5"], ["b.5"]]
    assert found([], refused) == []


def test_what_waited_over_quiet_hours_goes_together_whatever_its_rule_and_what_was_throttled_by_its_rule() -> None:
    quiet = [waiting(name, rule=name, held_by=HeldBy.QUIET) for name in "ab"]
    throttled = [waiting(name, rule=name, held_by=HeldBy.THROTTLE) for name in "cd"]
    assert batches(*quiet, *throttled) == [["a.5", "b.5"], ["c.5"], ["d.5"]]


def test_a_digest_is_divided_as_its_rule_says() -> None:
    gathered = [waiting(name, version=number, held_by=HeldBy.DIGEST) for name, number in (("a", 5), ("b", 6), ("a", 7))]
    assert batches(*gathered) == [["a.5", "b.6", "a.7"]]
    by_conversation = Timing(group_by=(Grouping.CONVERSATION,))
    assert batches(*gathered, timing=by_conversation) == [["a.5", "a.7"], ["b.6"]]


def test_messages_of_one_stage_stay_apart_from_others() -> None:
    stages = [repeat(1), repeat(2), escalation(1), escalation(2), CLEARED]
    found = batches(*[waiting(str(place), stage=stage) for place, stage in enumerate(stages)], waiting("first"))
    assert found == [["0.5", "1.5"], ["2.5"], ["3.5"], ["4.5"], ["first.5"]]


def test_what_was_tried_before_goes_as_it_was() -> None:
    formed = [waiting(name, is_formed=True, held_by=HeldBy.DIGEST) for name in "ab"]
    assert batches(*formed) == [["a.5"], ["b.5"]]
