"""An event's id and its forms."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.facts import NOW, conversation
from watcher.domain.event import Between, Event, EventType, Severity, event_id, stamp

part = st.text(st.characters(exclude_characters="\x1f"), max_size=5)
identity = st.tuples(part, st.sampled_from(EventType), part, part)


@given(identity, identity)
def test_two_events_have_one_id_only_where_they_are_one(
    one: tuple[str, EventType, str, str], other: tuple[str, EventType, str, str]
) -> None:
    assert (event_id(*one) == event_id(*other)) is (one == other)


def test_an_id_is_short_plain_and_the_same_in_every_run() -> None:
    assert event_id("campus", EventType.QUESTIONS_NEW, "1017", "1.3") == "71d828c5b1ce8dd5eec7163cca436344"
    assert event_id("campus", EventType.QUESTIONS_NEW, "\ud800", "1.3")  # half a character is an id as well


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (NOW, "2026-11-23T08:15:00Z"),
        (NOW + timedelta(microseconds=999_999), "2026-11-23T08:15:00Z"),
        (datetime(2026, 11, 23, 9, 15, tzinfo=timezone(timedelta(hours=1))), "2026-11-23T08:15:00Z"),
    ],
)
def test_an_instant_is_written_in_utc_to_the_second(instant: datetime, written: str) -> None:
    assert stamp(instant) == written


def test_the_two_half_past_two_of_a_night_in_which_clocks_go_back_are_an_hour_apart() -> None:
    early = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    late = early.replace(fold=1)
    assert early == late  # as Python has it
    assert [stamp(early), stamp(late)] == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]


def event(**changes: object) -> Event:
    usual: dict[str, object] = {
        "id": "6f2c",
        "source": "campus",
        "type": EventType.QUESTIONS_NEW,
        "subject": "1017",
        "time": NOW,
        "severity": Severity.NOTICE,
    }
    return Event(**{**usual, **changes})  # type: ignore[arg-type]  # a test's table


def test_the_data_of_a_conversations_event_is_the_promised_one() -> None:
    change = {"field": "open_questions_count", "before": 2, "after": 5, "delta": 3}
    shown = conversation({"name": "Leading Change", "state": "started"})
    span = Between(after=NOW - timedelta(minutes=5), before=NOW)
    assert event(conversation=shown, details={"change": change}, between=span).data() == {
        "conversation": {
            "id": "1017",
            "name": "Leading Change",
            "url": None,
            "state": "started",
            "fields": {"name": "Leading Change", "state": "started"},
        },
        "change": change,
        "between": {"after": "2026-11-23T08:10:00Z", "before": "2026-11-23T08:15:00Z"},
        "severity": "notice",
    }


def test_an_event_without_a_conversation_and_span_shows_neither() -> None:
    assert event(details={"count": 3}, severity=Severity.INFO).data() == {"count": 3, "severity": "info"}


def test_the_cloud_event_wraps_the_data() -> None:
    whole = event().cloud_event()
    assert whole.pop("data") == event().data()
    assert whole == {
        "specversion": "1.0",
        "id": "6f2c",
        "source": "campus",
        "type": "questions.new",
        "subject": "1017",
        "time": "2026-11-23T08:15:00Z",
        "datacontenttype": "application/json",
    }
