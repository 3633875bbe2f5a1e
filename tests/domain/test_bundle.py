"""A message about several events counts first, then lists, and says how to read the rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from watcher.domain.bundle import MOST_LINES, compose_bundle
from watcher.domain.conversation import Conversation
from watcher.domain.event import Event, EventType, Severity, event_id
from watcher.domain.message import Message, compose
from watcher.domain.state import State

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def event(
    subject: str, kind: EventType = EventType.QUESTIONS_NEW, *, before: int = 2, after: int = 5, age: int = 0
) -> Event:
    at = NOW - age * MINUTE
    change = {"field": "open_questions_count", "before": before, "after": after, "delta": after - before}
    shown = Conversation(
        id=subject,
        name=f"Course {subject}",
        state=State.OPEN,
        reason=None,
        fields={"open_questions_count": after},
        url=f"https://tenant.example/c/{subject}",
    )
    return Event(
        id=event_id("campus", kind, subject, f"{before}-{after}"),
        source="campus",
        type=kind,
        subject=subject,
        time=at,
        severity=Severity.NOTICE,
        details={"change": change} if kind is EventType.QUESTIONS_NEW else {},
        conversation=shown,
    )


def bundle(*events: Event, **other: Any) -> Message:
    return compose_bundle(events, **{"rule": "questions", "zone": UTC, "now": NOW, "is_repeat": False, **other})


def test_it_counts_in_its_title_and_lists_with_links() -> None:
    message = bundle(event("1", age=3), event("2", age=2), event("3", EventType.CONVERSATION_ENDED, age=1))
    assert message.title == "3 things happened in 3 conversations (campus)"
    first, *rest = message.body.splitlines()
    assert first == "2 × new questions, 1 × conversation ended"
    assert rest[:2] == ["• 3 new open questions in “Course 1” (5 open)", "https://tenant.example/c/1"]
    assert len(rest) == 7
    assert rest[-1] == "noticed 11:57–11:59 Mon 23 Nov (UTC)"
    assert message.footer.startswith("rule: questions · events ")
    assert message.conversation is None


@pytest.mark.parametrize(
    "ages, said",
    [
        ((1, 1), "noticed 11:59 Mon 23 Nov (UTC)"),
        ((90, 5, 1), "noticed 10:30–11:59 Mon 23 Nov (UTC)"),
        ((13 * 60, 1), "noticed 23:00 Sun 22 Nov – 11:59 Mon 23 Nov (UTC)"),
    ],
)
def test_it_says_when_the_first_and_the_last_were_noticed(ages: tuple[int, ...], said: str) -> None:
    message = bundle(*[event(str(place), age=age) for place, age in enumerate(ages)])
    assert message.body.splitlines()[-1] == said


def test_events_about_one_thing_are_one_line_and_then_its_own_message() -> None:
    first, second = event("1", before=2, after=5, age=5), event("1", before=5, after=7)
    message = bundle(first, second)
    assert message.title == "5 new open questions in “Course 1” (7 open)"
    assert message.conversation == "campus/1"


def test_a_clock_that_was_set_back_between_two_events_changes_nothing() -> None:
    first, second = event("1", before=2, after=5), event("1", before=5, after=7, age=60)
    message = bundle(first, second)
    assert message.title == "5 new open questions in “Course 1” (7 open)"
    early, late = event("1", age=60), event("2")
    assert bundle(late, early).body.splitlines()[-1] == bundle(early, late).body.splitlines()[-1]


def test_a_single_event_has_the_words_that_it_has_alone() -> None:
    one = event("1")
    assert bundle(one) == compose(one, rule="questions", zone=UTC, now=NOW, is_repeat=False)


def test_of_too_many_the_number_is_said_and_how_to_read_them() -> None:
    message = bundle(*[event(str(number), age=number) for number in range(MOST_LINES + 243)])
    assert message.title.startswith("263 things happened in 263 conversations")
    assert message.body.splitlines()[-2] == "… and 243 more: watcher events --since 2026-11-23T07:38:00Z"


def test_a_repetition_is_said_first() -> None:
    assert bundle(event("1"), event("2"), is_repeat=True).body.startswith("may be a repetition · 2 × new questions")


@pytest.mark.parametrize(
    ("late", "second_line"),
    [
        ((), "2 × registration closing, 1 × conversation ended"),
        (("1", "3"), "2 late · 2 × registration closing, 1 × conversation ended"),
        (("1", "2", "3"), "late · 2 × registration closing, 1 × conversation ended"),
    ],
)
def test_what_is_late_is_said_in_the_second_line_and_beside_it(late: tuple[str, ...], second_line: str) -> None:
    kinds = {
        "1": EventType.REGISTRATION_CLOSING,
        "2": EventType.REGISTRATION_CLOSING,
        "3": EventType.CONVERSATION_ENDED,
    }
    events = [replace(event(one, kind), details={"late": one in late}) for one, kind in kinds.items()]
    first, *rest = bundle(*events).body.splitlines()
    assert first == second_line
    assert [one.endswith(" — late") for one in rest if one.startswith("•")] == [one in late for one in kinds]


def test_it_is_as_urgent_as_the_most_urgent_of_its_events() -> None:
    warning = replace(event("2", EventType.REGISTRATION_FULL), severity=Severity.WARNING)
    assert bundle(event("1"), warning).severity is Severity.WARNING


def coded(source: str, subject: str, code: dict[str, Any], kind: EventType = EventType.QUESTIONS_NEW) -> Event:
    one = event(subject, kind)
    assert one.conversation is not None
    shown = replace(one.conversation, name="Leading Change", fields={**one.conversation.fields, **code}, url=None)
    return replace(one, id=f"{source}{subject}{kind}", source=source, conversation=shown)


def test_one_subject_of_two_sources_is_named_and_each_line_says_whose_it_is() -> None:
    message = bundle(
        coded("campus", "1017", {"external_code": "LMS-7"}),
        coded("staff", "a-9", {"externalID": "LMS-7"}, EventType.CONVERSATION_ENDED),
    )
    assert message.title == "2 things happened with “Leading Change” (campus, staff)"
    assert message.body.splitlines()[1:] == [
        "• campus: 3 new open questions in “Leading Change” (5 open)",
        "• staff: “Leading Change” has ended",
        "noticed 12:00 Mon 23 Nov (UTC)",
    ]
    assert message.conversation is None


def test_two_subjects_of_two_sources_are_counted_and_many_sources_too() -> None:
    two = [coded("campus", "1", {"external_code": "LMS-7"}), coded("staff", "2", {"externalID": "LMS-8"})]
    assert bundle(*two).title == "2 things happened in 2 conversations (campus, staff)"
    four = [coded(name, "1", {}) for name in ("a", "b", "c", "d")]
    assert bundle(*four).title == "4 things happened in 4 conversations (4 sources)"


def test_a_line_about_a_source_names_it_once() -> None:
    failing = replace(event("campus", EventType.SOURCE_FAILING), conversation=None, details={"error": "503"})
    message = bundle(failing, replace(event("1"), source="staff"))
    assert message.body.splitlines()[1:3] == [
        "• campus cannot be read: 503",
        "• staff: 3 new open questions in “Course 1” (5 open)",
    ]
