"""Each type of event has a first line that is enough alone."""

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.domain.test_message import NOW, event
from watcher.domain.event import EventType
from watcher.domain.wording import PHRASES, Reader, headline, say_value

READER = Reader(zone=ZoneInfo("Europe/Berlin"), now=NOW)
TOMORROW = "2026-11-24T06:15:02Z"
ONE_FIELD = [{"field": "location", "before": "Bonn", "after": "Köln"}]
FOUR_FIELDS = [{"field": name, "before": 0, "after": 1} for name in "abcd"]


def change(before: Any, after: Any) -> dict[str, Any]:
    return {"change": {"field": "x", "before": before, "after": after}}


def limit(before: int, after: int) -> dict[str, Any]:
    return {"change": {"field": "max_user_count", "before": before, "after": after}}


LINES: list[tuple[str, dict[str, Any], str]] = [
    ("conversation.opened", {}, "“Leading Change” is open"),
    ("conversation.opened", {"first_seen": True}, "New and open: “Leading Change”"),
    ("conversation.opened", {"reopened": True}, "“Leading Change” is open again"),
    ("conversation.started", {}, "“Leading Change” has started"),
    ("conversation.started", {"first_seen": True}, "New and already started: “Leading Change”"),
    ("conversation.ended", {}, "“Leading Change” has ended"),
    ("conversation.ended", {"reason": "resolved"}, "“Leading Change” has ended (resolved)"),
    ("conversation.ended", {"first_seen": True}, "New and already ended: “Leading Change”"),
    ("conversation.removed", {}, "“Leading Change” is gone"),
    ("conversation.returned", {}, "“Leading Change” is back"),
    ("conversation.changed", {"changes": ONE_FIELD}, "“Leading Change”: location is now Köln"),
    ("conversation.changed", {"changes": FOUR_FIELDS}, "“Leading Change”: 4 fields changed (a, b, c, …)"),
    ("conversation.changed", {}, "“Leading Change” changed"),
    ("conversation.starting", {"deadline": {"at": TOMORROW}}, "“Leading Change” starts in 23 h (07:15 Tue 24 Nov)"),
    ("conversation.ending", {"deadline": {"at": TOMORROW}}, "“Leading Change” ends in 23 h (07:15 Tue 24 Nov)"),
    (
        "registration.opening",
        {"deadline": {"at": TOMORROW}},
        "Registration for “Leading Change” opens in 23 h (07:15 Tue 24 Nov)",
    ),
    ("registration.opened", {}, "Registration for “Leading Change” is open"),
    (
        "registration.closing",
        {"deadline": {"at": TOMORROW}},
        "Registration for “Leading Change” closes in 23 h (07:15 Tue 24 Nov)",
    ),
    (
        "registration.closing",  # retried for so long that it has passed
        {"deadline": {"at": "2026-11-23T05:15:02Z"}},
        "Registration for “Leading Change” was to close 2 h ago (06:15 Mon 23 Nov)",
    ),
    ("registration.closing", {}, "Registration for “Leading Change” closes soon"),
    ("registration.closed", {"reason": "deadline"}, "Registration for “Leading Change” is closed"),
    (
        "registration.rescheduled",
        change("2026-11-24T06:15:02Z", "2027-01-01T11:00:00Z"),
        "Registration for “Leading Change” now closes 12:00 Fri 1 Jan 2027 (was 07:15 Tue 24 Nov)",
    ),
    (
        "registration.rescheduled",
        change(TOMORROW, None),
        "Registration for “Leading Change” has no closing date any more (was 07:15 Tue 24 Nov)",
    ),
    (
        "registration.rescheduled",
        change(TOMORROW, "2026-11-22T06:15:02Z"),
        "Registration for “Leading Change” was moved, it closed 07:15 Sun 22 Nov (was 07:15 Tue 24 Nov)",
    ),
    ("registration.full", change(29, 30), "“Leading Change” is full (30 registered, was 29)"),
    ("registration.available", change(30, 28), "“Leading Change” has places again (28 registered, was 30)"),
    ("registration.available", limit(30, 40), "“Leading Change” has places again (the limit is now 40, was 30)"),
    ("registration.full", {"change": {"field": "", "before": None, "after": None}}, "“Leading Change” is full"),
    ("questions.new", change(2, 5), "3 new open questions in “Leading Change” (5 open)"),
    ("questions.new", change(None, 1), "1 new open question in “Leading Change” (1 open)"),
    ("questions.cleared", change(4, 0), "No open questions left in “Leading Change” (before 4)"),
    (
        "questions.waiting",
        {"waiting_since": "2026-11-22T07:15:02Z"},
        "Questions in “Leading Change” have waited 1 d, since 08:15 Sun 22 Nov (5 open)",
    ),
    ("messages.new", change(0, 1), "1 new message to the facilitators of “Leading Change” (1 in all)"),
    ("unread.new", change(3, 5), "2 new unread posts in “Leading Change” (5 unread)"),
    ("followups.new", change(3, 4), "1 new follow-up in “Leading Change” (4 in all)"),
    ("outsiders.joined", change(1, 3), "2 outsiders joined “Leading Change” (3 in all)"),
    (
        "source.baseline",
        {"count": 214, "deadlines_ahead": 12},
        "campus: 214 conversations learnt, 12 deadlines ahead; from now on changes are told",
    ),
    ("source.failing", {"error": "it answered 500"}, "campus cannot be read: it answered 500"),
    ("source.recovered", {}, "campus can be read again"),
    (
        "source.suspect",
        {"would_remove": 40},
        "campus: 40 conversations vanished at once, held back until it is certain",
    ),
    (
        "source.suspect",
        {"would_remove": ["1"]},
        "campus: 1 conversation vanished at once, held back until it is certain",
    ),
    ("source.grown", {"count": 50}, "campus: 50 conversations appeared at once"),
    ("source.drift", {"field": "status"}, "campus: the field status is not what it should be"),
    ("channel.failing", {"error": "refused"}, "Messages to channel campus do not go out: refused"),
    ("channel.recovered", {"error": "refused"}, "Messages to channel campus go out again"),
]


@pytest.mark.parametrize("kind, details, line", LINES)
def test_the_first_line_says_it_all(kind: str, details: dict[str, Any], line: str) -> None:
    assert headline(event(kind, **details), READER) == line


def test_every_type_of_event_has_its_words_and_its_example() -> None:
    assert set(PHRASES) == set(EventType) == {EventType(kind) for kind, _, _ in LINES}


@pytest.mark.parametrize("kind", EventType)
def test_no_event_is_too_poor_for_words(kind: EventType) -> None:
    assert headline(event(kind.value, None), READER)


def test_a_conversation_without_a_name_goes_by_its_id() -> None:
    assert headline(event("conversation.removed", None), READER) == "conversation 1017 is gone"


def test_the_readers_zone_decides_the_day() -> None:
    night: dict[str, Any] = {"deadline": {"at": "2026-11-24T23:30:00Z"}}
    assert "00:30 Wed 25 Nov" in headline(event("conversation.ending", **night), READER)
    assert "23:30 Tue 24 Nov" in headline(event("conversation.ending", **night), Reader(zone=UTC, now=NOW))


@pytest.mark.parametrize(
    "value, words",
    [
        (None, "nothing"),
        ("", "nothing"),
        (True, "yes"),
        (0, "0"),
        ("@all", "@ all"),
        ([1, 2], "[1, 2]"),
        ("2026-11-25T16:27:56Z", "17:27 Wed 25 Nov"),
    ],
)
def test_a_value_has_words(value: Any, words: str) -> None:
    assert say_value(value, READER) == words


def test_an_error_with_braces_is_only_text() -> None:
    line = headline(event("source.failing", error="{0} {x} !"), READER)
    assert line == "campus cannot be read: {0} {x} !"
