"""A message says what happened, where, when and why it came; its first line alone is enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.domain.test_inert import HOSTILE, live
from watcher.domain.conversation import Conversation
from watcher.domain.event import Between, Event, EventType, Severity
from watcher.domain.inert import inert, is_address
from watcher.domain.message import Message, Urgency, compose, conversation_of
from watcher.domain.state import State

NOW = datetime(2026, 11, 23, 7, 15, 2, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
COURSE = Conversation(
    id="1017",
    name="Leading Change",
    state=State.STARTED,
    reason=None,
    fields={"type": "course", "close_on": "2026-11-24T06:15:02Z", "open_questions_count": 5},
    url="https://tenant.onq.io/c/1017",
)
RISE: dict[str, Any] = {"change": {"field": "open_questions_count", "before": 2, "after": 5, "delta": 3}}
NO_CONVERSATION = ("source.", "channel.")


def event(kind: str = "questions.new", conversation: Conversation | None = COURSE, **details: Any) -> Event:
    is_health = kind.startswith(NO_CONVERSATION)
    return Event(
        id="6f2c1a90" * 4,
        source="campus",
        type=EventType(kind),
        subject="campus" if is_health else "1017",
        time=NOW,
        severity=Severity.NOTICE,
        between=Between(after=NOW - timedelta(minutes=5), before=NOW),
        details=details,
        conversation=None if is_health else conversation,
    )


def written(happened: Event, *, is_repeat: bool = False, now: datetime = NOW, rule: str = "all") -> Message:
    return compose(happened, rule=rule, zone=BERLIN, now=now, is_repeat=is_repeat)


def test_a_message_is_what_was_promised() -> None:
    message = written(event(**RISE), rule="questions reach the facilitators")
    assert f"{message.title}\n{message.text}".splitlines() == [
        "3 new open questions in “Leading Change” (5 open)",
        "campus · course, started · registration closes in 23 h",
        "happened 08:10–08:15, noticed 08:15 Mon 23 Nov (Europe/Berlin)",
        "https://tenant.onq.io/c/1017",
        "rule: questions reach the facilitators · event 6f2c1a90… (watcher explain 6f2c1a90)",
    ]


def test_a_repeated_message_says_so_first_in_its_second_line() -> None:
    assert written(event(**RISE), is_repeat=True).body.startswith("may be a repetition · campus · ")


def test_a_late_message_says_so_first_in_its_second_line() -> None:
    assert written(event("registration.closed", late=True)).body.startswith("late · campus · ")


def test_a_late_repetition_says_both() -> None:
    message = written(event("registration.closed", late=True), is_repeat=True)
    assert message.body.startswith("may be a repetition · late · campus")


def test_what_is_left_counts_from_the_sending() -> None:
    later = NOW + timedelta(hours=22)
    assert "registration closes in 1 h" in written(event(**RISE), now=later).body


def test_a_deadline_event_was_noticed_and_not_between_two_reads() -> None:
    happened = replace(event("registration.closing", deadline={"at": "2026-11-24T06:15:02Z"}), between=None)
    assert "\nnoticed 08:15 Mon 23 Nov (Europe/Berlin)\n" in written(happened).text


def test_reads_on_two_days_are_both_dated() -> None:
    between = Between(after=NOW - timedelta(hours=10), before=NOW)
    body = written(replace(event(**RISE), between=between)).body
    assert "happened 22:15 Sun 22 Nov – 08:15 Mon 23 Nov, noticed" in body


def test_a_conversation_without_a_link_has_no_empty_line() -> None:
    assert "" not in written(event(conversation=replace(COURSE, url=None), **RISE)).lines


def test_each_changed_field_says_what_it_was_before() -> None:
    changes = [{"field": "name", "before": "Old", "after": "New"}, {"field": "is_open", "before": None, "after": True}]
    body = written(event("conversation.changed", changes=changes)).body
    assert "\nname: Old → New\nis_open: nothing → yes\n" in body


def test_of_many_changes_the_rest_is_counted() -> None:
    changes = [{"field": f"f{number}", "before": 0, "after": 1} for number in range(14)]
    body = written(event("conversation.changed", changes=changes)).body
    assert body.count(" → ") == 10
    assert "… and 4 more" in body


@pytest.mark.parametrize(
    "kind, severity, urgency",
    [
        ("source.failing", Severity.WARNING, Urgency.FAILURE),
        ("channel.recovered", Severity.INFO, Urgency.SUCCESS),
        ("registration.closing", Severity.WARNING, Urgency.WARNING),
        ("questions.new", Severity.NOTICE, Urgency.INFO),
    ],
)
def test_a_receiver_can_mark_what_matters(kind: str, severity: Severity, urgency: Urgency) -> None:
    assert written(replace(event(kind), severity=severity)).urgency is urgency


@pytest.mark.parametrize("kind", EventType)
@pytest.mark.parametrize("hostile", ["<!channel> @everyone https://evil.example\r\nBcc: x", "\u202eabc**x**"])
def test_nothing_from_an_api_is_live_in_any_message(kind: EventType, hostile: str) -> None:
    conversation = replace(
        COURSE, name=hostile, url=f"https://host/{hostile}", fields={"type": hostile, "end_on": hostile}
    )
    happened = event(
        kind.value, conversation, error=hostile, reason=hostile, sample=[hostile], field=hostile, since=hostile,
        changes=[{"field": hostile, "before": hostile, "after": hostile}], deadline={"at": hostile},
        change={"field": "x", "before": hostile, "after": hostile},
    )  # fmt: skip
    message = written(replace(happened, subject=hostile), rule=hostile)
    assert "\n" not in message.title
    assert len(message.lines) <= 6
    for line in (message.title, *message.lines):
        assert (line == message.link and is_address(line)) or live(line) == []


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_adds_no_line_and_stays_short(name: str) -> None:
    message = written(event(conversation=replace(COURSE, name=name), **RISE))
    assert live(message.title) == []
    assert len(message.title.splitlines()) == 1
    assert len(message.title) < 200
    assert len(message.lines) == 4


def test_a_message_names_what_it_tells_for_services_that_thread_or_sign() -> None:
    happened = event(**RISE)
    message = written(happened)
    assert (message.events, message.conversation, message.severity) == ((happened,), "campus/1017", Severity.NOTICE)
    assert (message.link, message.footer) == message.lines[-2:]


def test_only_events_about_one_conversation_belong_to_it() -> None:
    one, other = event(**RISE), replace(event(**RISE), subject="1018")
    assert conversation_of([one, one]) == "campus/1017"
    assert conversation_of([one, other]) is None
    assert conversation_of([replace(one, source="staff"), one]) is None
    assert conversation_of([event("source.failing")]) is None
    assert conversation_of([]) is None


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_text_from_an_api_is_never_a_line_that_is_an_address(name: str) -> None:
    message = written(event(conversation=replace(COURSE, name=name), **RISE))
    assert not any(is_address(line) for line in (message.title, *message.body.splitlines()))
    assert not is_address(inert(name))
