"""Timing: which events of a rule belong to one digest."""

from datetime import UTC, datetime

import pytest

from watcher.domain.event import Event, EventType, Severity
from watcher.domain.timing import Grouping, Timing

EVENT = Event(
    id="e",
    source="campus",
    type=EventType.QUESTIONS_NEW,
    subject="1017",
    time=datetime(2026, 11, 23, tzinfo=UTC),
    severity=Severity.NOTICE,
)


@pytest.mark.parametrize(
    "by, group",
    [
        ([], ()),  # all of a rule's events are one group
        (["conversation"], ("campus", "1017")),  # an id alone may belong to two sources
        (["subject"], ("campus", "1017")),  # of which no third system knows
        (["source"], ("campus",)),
        (["type"], ("questions.new",)),
        (["severity"], ("notice",)),
        (["rule"], ("r",)),
        (["type", "conversation"], ("questions.new", "campus", "1017")),
    ],
)
def test_a_group_is_what_its_events_have_in_common(by: list[str], group: tuple[str, ...]) -> None:
    assert Timing(group_by=tuple(map(Grouping, by))).group_of(EVENT, "r") == group
