"""What matchers see of an event, and which names globs match."""

from datetime import UTC, datetime

import pytest

from watcher.domain.event import Event, EventType, Severity
from watcher.domain.sight import is_any, matching, sight

NOW = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)


def _event(subject: str, time: datetime = NOW) -> Event:
    return Event(
        id=subject, source="campus", type=EventType.SOURCE_DRIFT, subject=subject, time=time,
        severity=Severity.WARNING, details={"field": "state"},
    )  # fmt: skip


def test_an_event_is_seen_with_its_data_type_source_and_subject() -> None:
    seen = sight(_event("academy"))
    assert seen["field"] == "state"
    assert (seen["type"], seen["source"], seen["subject"]) == ("source.drift", "campus", "academy")


def test_matching_keeps_the_order_of_the_names() -> None:
    assert matching(["b*", "a"], ["a", "c", "b1", "b2"]) == ("a", "b1", "b2")


@pytest.mark.parametrize(
    ("name", "globs", "is_matched"),
    [("a", ["b", "a"], True), ("A", ["a"], False), ("ab", ["?"], False), ("ab", ["a*"], True), ("a", [], False)],
)
def test_one_glob_that_matches_is_enough(name: str, globs: list[str], is_matched: bool) -> None:
    assert is_any(name, globs) is is_matched
