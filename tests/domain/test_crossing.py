"""A crossing: a matcher that holds where a number rose past a threshold."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import NOW, row
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.matcher import Matcher, parse_matcher
from watcher.domain.rule import Rule, judge, route

STEPS = [1, 5, 10]


def crossing(written: Any) -> Matcher:
    return parse_matcher("change.crosses", written, re.compile)


def seen(before: Any, after: Any) -> Mapping[str, Any]:
    return {"type": "questions.new", "change": {"field": "open_questions_count", "before": before, "after": after}}


@pytest.mark.parametrize(
    "written, before, after, holds",
    [
        (5, 4, 5, True),  # reached
        (5, 4, 7, True),  # passed
        (5, 5, 6, False),  # had been reached before
        (5, 3, 4, False),  # not yet
        (5, 7, 4, False),  # a fall crosses nothing
        (5, 5, 5, False),
        (5, None, 5, True),  # an absent value counts as 0
        (1, 0, 1, True),
        (5, None, None, False),
        (5, "4", "6", False),  # texts do not rise
        (5, False, True, False),
        (2.5, 2, 3, True),
        ("5", 4, 5, True),  # written as a text
        ("= 5", 4, 5, True),
        (STEPS, 0, 12, True),  # all of them at once
        (STEPS, 5, 9, False),  # between two of them
        (STEPS, 9, 10, True),
        (STEPS, 10, 99, False),
        ("! 5", 4, 5, False),
        ("! 5", 5, 6, True),
        (["! 5", 1], 0, 3, True),
        (["! 5", 1], 0, 7, False),  # that one must not be crossed
    ],
)
def test_a_threshold_holds_where_the_number_rose_past_it(written: Any, before: Any, after: Any, holds: bool) -> None:
    assert crossing(written).holds(seen(before, after)) is holds


@pytest.mark.parametrize(
    "written, before, after, reason",
    [
        (STEPS, 0, 12, "change.crosses is 1 and 5 and 10 (from 0 to 12) (wanted: 1 or 5 or 10)"),
        (STEPS, None, 1, "change.crosses is 1 (from 0 to 1) (wanted: 1 or 5 or 10)"),
        (STEPS, 5, 9, "change.crosses is none (from 5 to 9), not 1 or 5 or 10"),
        (5, 9, 2, "change.crosses has no value, not 5"),
        ("! 5", 4, 6, "change.crosses is 5 (from 4 to 6), not ! 5"),
    ],
)
def test_the_reason_says_which_one_was_crossed(written: Any, before: Any, after: Any, reason: str) -> None:
    assert crossing(written).reason(seen(before, after)) == reason


@pytest.mark.parametrize("written", [">= 5", "~ 5", "many", True, [1, "! > 3"], 0, -1, "0", "2026-11-23T08:15"])
def test_what_is_no_threshold_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"; write it like 5 or \[1, 5, 10\]"):
        crossing(written)


@pytest.mark.parametrize("data", [{}, {"change": None}, {"change": {}}, {"changes": [{"before": 1, "after": 9}]}])
def test_where_nothing_changed_nothing_is_crossed(data: Mapping[str, Any]) -> None:
    assert not crossing(5).holds(data)
    assert crossing("! 5").holds(data)


def test_several_thresholds_crossed_at_once_are_one_message() -> None:
    event = Event(
        id="e",
        source="campus",
        type=EventType.QUESTIONS_NEW,
        subject="1017",
        time=NOW,
        severity=Severity.NOTICE,
        details={"change": {"field": "open_questions_count", "before": 0, "after": 12, "delta": 12}},
        conversation=row().conversation,
    )
    rule = Rule(name="r", events=("questions.new",), channels=("ops",), where=(crossing(STEPS),))
    assert [match.channel for match in route(event, [rule])] == ["ops"]
    assert judge(event, rule).reason == "change.crosses is 1 and 5 and 10 (from 0 to 12) (wanted: 1 or 5 or 10)"


@given(
    counts=st.lists(st.integers(0, 20), min_size=1, max_size=12),
    threshold=st.integers(1, 20),
)
def test_a_number_that_only_rises_crosses_a_threshold_once(counts: list[int], threshold: int) -> None:
    rising = [0, *sorted(counts)]
    crossed = [crossing(threshold).holds(seen(*pair)) for pair in pairwise(rising)]
    assert sum(crossed) == (rising[-1] >= threshold)
