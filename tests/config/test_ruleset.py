"""Rules read back from the record judge as those that were written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from watcher.config.pattern import LinearPattern
from watcher.config.routing import write_rules
from watcher.config.ruleset import read_ruleset
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.matcher import parse_matcher
from watcher.domain.rule import Rule, judge


def make_rule(path: str, written: Any) -> Rule:
    matcher = parse_matcher(path, written, LinearPattern)
    return Rule(
        name="a rule", events=("questions.*",), sources=("camp*",), channels=("mail", "tag:x"), where=(matcher,)
    )


def make_event(**change: Any) -> Event:
    return Event(
        id="1", source="campus", type=EventType.QUESTIONS_NEW, subject="1", time=datetime(2026, 11, 23, tzinfo=UTC),
        severity=Severity.NOTICE, details={"change": change},
    )  # fmt: skip


@pytest.mark.parametrize(
    "written, fitting, other",
    [
        (3, 3, 4),
        (2.5, 2.5, 2),
        (True, True, False),
        ("course", "course", "sequence"),
        ([1, 2], 2, 3),
        (">= 3", 3, 2),
        ("< 24h", "23h", "25h"),
        ("! x", "y", "x"),
        (["a", "! b"], "a", "b"),
        ("~ ^Lead.*ing$", "Leading", "Lead"),
        ("= !important", "!important", "important"),
    ],
)
def test_a_rule_comes_back_as_it_was(written: Any, fitting: Any, other: Any) -> None:
    rule = make_rule("change.after", written)
    [back] = read_ruleset(write_rules([rule]))
    assert (back.name, back.events, back.sources, back.channels) == (
        rule.name,
        rule.events,
        rule.sources,
        rule.channels,
    )
    for value in (fitting, other):
        assert (
            judge(make_event(after=value), back).holds
            is judge(make_event(after=value), rule).holds
            is (value == fitting)
        )


def test_what_was_read_back_is_written_as_before() -> None:
    text = write_rules([make_rule("change.after", [">= 3", "! x"]), make_rule("change.field", "~ count$")])
    assert write_rules(read_ruleset(text)) == text


def test_no_rules_are_no_rules() -> None:
    assert read_ruleset(write_rules([])) == ()


@pytest.mark.parametrize("written", [5, [1, 5, 10], "5", "! 5"])
def test_thresholds_come_back_as_they_were(written: Any) -> None:
    rule = make_rule("change.crosses", written)
    [back] = read_ruleset(write_rules([rule]))
    for before, after in ((4, 5), (5, 6), (0, 12), (6, 2)):
        event = make_event(before=before, after=after)
        assert judge(event, back) == judge(event, rule)
