"""Counters that rose or fell."""

from typing import Any

import pytest

from tests.domain.facts import sighting, types
from watcher.domain.events.activity import derive_cleared, derive_rises

Row = dict[str, Any]


@pytest.mark.parametrize(
    ("field", "event"),
    [
        ("open_questions", "questions.new"),
        ("messages", "messages.new"),
        ("unread", "unread.new"),
        ("followups", "followups.new"),
        ("outsiders", "outsiders.joined"),
    ],
)
@pytest.mark.parametrize(
    ("before", "after", "delta"),
    [
        ({"n": 2}, {"n": 5}, 3),
        ({"n": 0}, {"n": 1}, 1),
        (None, {"n": 3}, 3),  # first seen: from 0
        ({"n": 5}, {"n": 2}, None),
        ({"n": 5}, {"n": 5}, None),
        (None, {"n": 0}, None),
        (None, {}, None),
        ({}, {"n": 7}, None),  # it was unknown: nobody can say that it rose
        ({"n": 7}, {}, None),
    ],
)
def test_a_counter_that_rose_is_told(field: str, event: str, before: Row | None, after: Row, delta: int | None) -> None:
    def named(fields: Row) -> Row:
        return {field: fields["n"]} if fields else {}

    facts = list(derive_rises(sighting(None if before is None else named(before), named(after))))
    if delta is None:
        assert facts == []
    else:
        start = 0 if before is None else before["n"]
        change = {"field": field, "before": start, "after": after["n"], "delta": delta}
        assert [(fact.type.value, fact.details) for fact in facts] == [(event, {"change": change})]


def test_each_counter_is_told_of_its_own() -> None:
    both = sighting({"messages": 1, "open_questions": 1}, {"messages": 2, "open_questions": 3})
    assert types(list(derive_rises(both))) == ["questions.new", "messages.new"]


@pytest.mark.parametrize(
    ("before", "after", "is_cleared"),
    [
        ({"open_questions": 4}, {"open_questions": 0}, True),
        ({"open_questions": 4}, {"open_questions": 1}, False),
        ({"open_questions": 0}, {"open_questions": 0}, False),
        ({}, {"open_questions": 0}, False),  # it was unknown
        ({"open_questions": 4}, {}, False),
        (None, {"open_questions": 0}, False),
        ({"messages": 4}, {"messages": 0}, False),
    ],
)
def test_questions_are_cleared_when_they_fall_to_none(before: Row | None, after: Row, is_cleared: bool) -> None:
    assert types(list(derive_cleared(sighting(before, after)))) == (["questions.cleared"] if is_cleared else [])
