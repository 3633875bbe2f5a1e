"""A condition: each type of event beside the present, and what ends it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.domain.facts import API, BARE, NOW, row
from watcher.domain.condition import Present, cleared_by, clears, still_holds
from watcher.domain.event import Event, EventType, Severity, stamp
from watcher.domain.paths import is_about_conversation
from watcher.domain.snapshot import Presence, Row, Standing

HOUR = timedelta(hours=1)
GONE = Standing(presence=Presence.REMOVED)
SOON, LATER, PAST = stamp(NOW + HOUR), stamp(NOW + 2 * HOUR), stamp(NOW - HOUR)
DATES = {"starts": SOON, "ends": SOON, "registration_opens": SOON, "registration_closes": SOON}
AT_SOON = {"deadline": {"at": SOON, "lead": "1h", "seconds_left": 3600}}
MOVED = {"change": {"field": "registration_closes", "before": PAST, "after": SOON}}
BOTH = {
    "changes": [{"field": "mood", "before": "sad", "after": "glad"}, {"field": "name", "before": "a", "after": "b"}]
}
WAITED = {"waiting_since": stamp(NOW - 24 * HOUR)}
SINCE = Standing(waiting_since=NOW - 24 * HOUR)


def event(kind: str, details: Mapping[str, Any] | None = None, *, told_of: Row | None = None) -> Event:
    event_type = EventType(kind)
    return Event(
        id="e",
        source="campus",
        type=event_type,
        subject="1017",
        time=NOW - 2 * HOUR,
        severity=Severity.NOTICE,
        details=details or {},
        conversation=(told_of or row()).conversation if is_about_conversation(event_type) else None,
    )


OF_CONVERSATIONS: list[tuple[str, Mapping[str, Any], Row, bool | None, str]] = [
    ("conversation.opened", {}, row(), True, "it is open"),
    ("conversation.opened", {}, row(state="started"), False, "it is started"),
    ("conversation.opened", {}, row(state="odd"), None, "its state is not known"),
    ("conversation.opened", {}, row(GONE), False, "the conversation is gone"),
    (
        "conversation.opened",
        {},
        row(Standing(presence=Presence.MISSING)),
        True,
        "it is open",
    ),  # nothing is concluded yet
    ("conversation.started", {}, row(state="started"), True, "it is started"),
    ("conversation.started", {}, row(state="ended"), False, "it is ended"),
    ("conversation.ended", {}, row(state="dropped"), True, "it is ended"),  # for whatever reason
    ("conversation.ended", {}, row(), False, "it is open"),
    ("conversation.ended", {}, row(GONE, state="ended"), True, "it is ended"),  # what is gone has ended all the same
    ("conversation.removed", {}, row(GONE), True, "it is removed"),
    ("conversation.removed", {}, row(), False, "it is listed"),
    ("conversation.returned", {}, row(), True, "it is listed"),
    ("conversation.returned", {}, row(Standing(presence=Presence.HIDDEN)), True, "it is hidden"),
    ("conversation.returned", {}, row(GONE), False, "the conversation is gone"),
    ("conversation.changed", BOTH, row(mood="glad", name="b"), True, "every value is as it was told"),
    (
        "conversation.changed",
        BOTH,
        row(mood="glad", name="c"),
        True,
        "another value now: name",
    ),  # the other one is news
    ("conversation.changed", BOTH, row(mood="sad", name="a"), False, "another value now: mood, name"),
    ("conversation.changed", {"changes": [{"field": "mood", "before": "sad", "after": None}]}, row(), True, "every"),
    ("conversation.changed", {"changes": [{"field": "ticks", "before": 0, "after": 1}]}, row(ticks=True), False, "ano"),
    ("registration.rescheduled", MOVED, row(registration_closes=SOON), True, "every value is as it was told"),
    (
        "registration.rescheduled",
        MOVED,
        row(registration_closes=LATER),
        False,
        "another value now: registration_closes",
    ),
    ("registration.opened", {}, row(registration="open"), True, "its registration is open"),
    ("registration.opened", {}, row(registration="closed"), False, "its registration is closed"),
    ("registration.opened", {}, row(), None, "the status of its registration is not known"),
    (
        "registration.opened",
        {},
        row(registration="open", registration_closes=PAST),
        False,
        "its closing date has passed",
    ),
    (  # opened in spite of a date that had passed before
        "registration.opened",
        {},
        row(registration="open", registration_closes=stamp(NOW - 3 * HOUR)),
        True,
        "its registration is open",
    ),
    ("registration.closed", {}, row(registration="closed"), True, "its registration is closed"),
    ("registration.closed", {}, row(registration="open"), False, "its registration is open"),
    (
        "registration.closed",
        {"reason": "deadline"},
        row(Standing(is_closed_told=True), registration="open", registration_closes=PAST),
        True,
        "its closing date has passed",
    ),
    (
        "registration.closed",
        {"reason": "deadline"},
        row(Standing(is_closed_told=False), registration="open", registration_closes=SOON),  # it was put off
        False,
        "its registration is open",
    ),
    ("registration.closed", {}, row(GONE, registration="closed"), True, "its registration is closed"),
    ("registration.closing", AT_SOON, row(registration="open", **DATES), True, "the instant is ahead"),
    ("registration.closing", AT_SOON, row(registration="closed", **DATES), False, "it has happened by itself"),
    ("registration.closing", AT_SOON, row(state="ended", **DATES), False, "it has happened by itself"),
    ("registration.closing", AT_SOON, row(registration_closes=LATER), False, f"the instant was moved to {LATER}"),
    ("registration.closing", AT_SOON, row(), False, "the instant was moved to nowhere"),
    (
        "registration.closing",
        {"deadline": {"at": PAST}},
        row(registration_closes=PAST),
        False,
        "the instant has passed",
    ),
    ("registration.closing", {}, row(**DATES), None, "the event names no instant"),
    ("registration.opening", AT_SOON, row(registration="available", **DATES), True, "the instant is ahead"),
    ("registration.opening", AT_SOON, row(registration="open", **DATES), False, "it has happened by itself"),
    ("conversation.ending", AT_SOON, row(state="started", **DATES), True, "the instant is ahead"),
    ("conversation.ending", AT_SOON, row(state="ended", **DATES), False, "it has happened by itself"),
    ("conversation.starting", AT_SOON, row(**DATES), True, "the instant is ahead"),
    ("conversation.starting", AT_SOON, row(state="started", **DATES), False, "it has happened by itself"),
    ("registration.full", {}, row(users=5, max_users=5), True, "no seat is left"),
    ("registration.full", {}, row(users=4, max_users=5), False, "there are seats"),
    ("registration.full", {}, row(max_users=5), None, "how many seats are left is not known"),
    ("registration.available", {}, row(users=4, max_users=5), True, "there are seats"),
    ("registration.available", {}, row(users=5, max_users=5), False, "no seat is left"),
    ("registration.available", {}, row(users=5), None, "how many seats are left is not known"),
    ("questions.new", {}, row(open_questions=1), True, "open_questions is 1"),
    ("questions.new", {}, row(open_questions=0), False, "open_questions is 0"),
    ("questions.new", {}, row(), None, "open_questions is not known"),
    ("questions.new", {}, row(open_questions=1, state="ended"), False, "the conversation has ended"),
    ("questions.cleared", {}, row(open_questions=0), True, "open_questions is 0"),
    ("questions.cleared", {}, row(open_questions=1), False, "open_questions is 1"),
    ("questions.cleared", {}, row(), None, "open_questions is not known"),
    ("questions.waiting", WAITED, row(SINCE, open_questions=1), True, "open_questions is 1"),
    ("questions.waiting", WAITED, row(open_questions=0), False, "open_questions is 0"),
    (
        "questions.waiting",
        WAITED,
        row(Standing(waiting_since=NOW - HOUR), open_questions=1),
        False,
        f"those were answered; others wait since {PAST}",
    ),
    ("messages.new", {}, row(messages=1), True, "messages is 1"),
    ("messages.new", {}, row(messages=0), False, "messages is 0"),
    ("unread.new", {}, row(unread=1), True, "unread is 1"),
    ("unread.new", {}, row(unread=0), False, "unread is 0"),
    ("unread.new", {}, row(), None, "unread is not known"),
    ("followups.new", {}, row(followups=1), True, "followups is 1"),
    ("followups.new", {}, row(followups=0), False, "followups is 0"),
    ("outsiders.joined", {}, row(outsiders=1), True, "outsiders is 1"),
    ("outsiders.joined", {}, row(outsiders=0), False, "outsiders is 0"),
]
OF_HEALTH: list[tuple[str, Present, bool | None, str]] = [
    ("source.failing", Present(is_failing=True), True, "it fails"),
    ("source.failing", Present(is_failing=False), False, "it works"),
    ("source.failing", Present(), None, "its health is not known"),
    ("source.recovered", Present(is_failing=False), True, "it works"),
    ("source.recovered", Present(is_failing=True), False, "it fails"),
    ("source.suspect", Present(is_suspect=True), True, "absences are held"),
    ("source.suspect", Present(is_suspect=False), False, "absences are no longer held"),
    ("source.suspect", Present(), None, "whether absences are held is not known"),
    ("source.grown", Present(is_failing=True), True, "it happened, and nothing undoes it"),
    ("source.baseline", Present(), True, "it happened, and nothing undoes it"),
    ("source.drift", Present(is_failing=False), None, "whether the field is right again is not known"),
    ("channel.failing", Present(is_failing=True), True, "it fails"),
    ("channel.failing", Present(is_failing=False), False, "it works"),
    ("channel.recovered", Present(is_failing=False), True, "it works"),
    ("channel.recovered", Present(), None, "its health is not known"),
]


@pytest.mark.parametrize("kind, details, now, holds, reason", OF_CONVERSATIONS)
def test_what_was_told_of_a_conversation_is_true_as_long_as_its_row_says_so(
    kind: str, details: Mapping[str, Any], now: Row, holds: bool | None, reason: str
) -> None:
    verdict = still_holds(event(kind, details), Present(conversation=now), API, NOW)
    assert (verdict.holds, verdict.is_over) == (holds, holds is False)
    assert verdict.reason.startswith(reason)


@pytest.mark.parametrize("kind, present, holds, reason", OF_HEALTH)
def test_what_was_told_of_a_source_or_channel_is_true_as_long_as_its_health_says_so(
    kind: str, present: Present, holds: bool | None, reason: str
) -> None:
    verdict = still_holds(event(kind), present, None, NOW)
    assert (verdict.holds, verdict.reason) == (holds, reason)


def test_every_type_is_judged() -> None:
    assert {kind for kind, *_ in OF_CONVERSATIONS} | {kind for kind, *_ in OF_HEALTH} == set(EventType)


@pytest.mark.parametrize("kind", [kind for kind in EventType if is_about_conversation(kind)])
def test_what_cannot_be_known_is_not_over(kind: EventType) -> None:
    asked = event(kind.value, {**AT_SOON, **BOTH})
    assert still_holds(asked, Present(), API, NOW).holds is None  # no row is stored
    assert (
        still_holds(asked, Present(conversation=row()), None, NOW).holds is None
    )  # its source is no longer configured


def test_a_question_asked_after_the_end_is_open() -> None:
    over = row(state="ended", open_questions=1)
    assert still_holds(event("questions.new", told_of=over), Present(conversation=over), API, NOW).holds


@pytest.mark.parametrize("closed_at", [NOW - HOUR, NOW])
def test_a_close_by_its_date_is_true_when_it_is_told(closed_at: datetime) -> None:
    now = row(registration="open", registration_closes=stamp(closed_at))
    told = replace(now, standing=Standing(is_closed_told=True))
    assert still_holds(event("registration.closed", {"reason": "deadline"}), Present(conversation=told), API, NOW).holds


def test_an_api_without_a_role_cannot_tell() -> None:
    assert still_holds(event("questions.new"), Present(conversation=row(open_questions=0)), BARE, NOW).holds is None


# --- What ends what ---------------------------------------------------------------------------------------------------

BEFORE: dict[EventType, Event] = {
    kind: event(kind.value, {**AT_SOON, **BOTH, **WAITED})
    for kind in EventType
    if kind is not EventType.REGISTRATION_RESCHEDULED
} | {EventType.REGISTRATION_RESCHEDULED: event("registration.rescheduled", MOVED)}
AFTER: dict[EventType, Present] = {
    EventType(kind): Present(conversation=now)
    for kind, now in {
        "conversation.opened": row(**DATES),
        "conversation.started": row(state="started", **DATES),
        "conversation.ended": row(state="ended", open_questions=2, **DATES),
        "conversation.removed": row(GONE, **DATES),
        "conversation.returned": row(),
        "registration.opened": row(registration="open", **DATES),
        "registration.closed": row(Standing(is_closed_told=True), registration="closed", **DATES),
        "registration.rescheduled": row(registration_closes=LATER),
        "registration.full": row(users=5, max_users=5),
        "registration.available": row(users=4, max_users=5),
        "questions.new": row(open_questions=2),
        "questions.cleared": row(open_questions=0),
    }.items()
} | {
    EventType(f"{whose}.{how}"): Present(is_failing=how == "failing")
    for whose in ("source", "channel")
    for how in ("failing", "recovered")
}


@pytest.mark.parametrize("ending, ended", [(ending, ended) for ending in EventType for ended in clears(ending)])
def test_what_an_event_ends_is_no_longer_true_after_it(ending: EventType, ended: EventType) -> None:
    assert still_holds(BEFORE[ended], AFTER[ending], API, NOW).is_over
    assert ending in cleared_by(ended)
    assert ended is not ending


@pytest.mark.parametrize(
    "ended, endings",
    [
        ("questions.new", ["conversation.ended", "conversation.removed", "questions.cleared"]),
        ("questions.waiting", ["conversation.ended", "conversation.removed", "questions.cleared"]),
        ("source.failing", ["source.recovered"]),
        ("conversation.removed", ["conversation.returned"]),
        ("source.grown", []),  # it happened
        (
            "registration.closing",
            ["conversation.ended", "conversation.removed", "registration.closed", "registration.rescheduled"],
        ),
    ],
)
def test_the_events_that_end_a_condition_are_known(ended: str, endings: list[str]) -> None:
    assert list(map(EventType, endings)) == list(cleared_by(EventType(ended)))
    assert all(EventType(ended) in clears(EventType(ending)) for ending in endings)
