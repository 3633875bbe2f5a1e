"""The other ways in which types of the event table come about, each with exactly what it adds."""

from typing import Any

import pytest

from tests.e2e.acts import changed
from tests.stage import START, Stage
from watcher.domain.event import stamp
from watcher.lab import onq_row, osn_row

PAST, SOON = stamp(START.replace(hour=1)), stamp(START.replace(hour=23))
REASONS = ("chained", "disabled", "dropped", "resolved")


def was(field: str, before: Any, after: Any) -> dict[str, Any]:
    return {"change": changed(field, before, after)}


def life(field: str, before: str, after: str, **others: Any) -> dict[str, Any]:
    return {"first_seen": False, **others, **was(field, before, after)}


def closed(before: str) -> dict[str, Any]:
    return {"reason": "status", "late": False, **was("register_status", before, "closed")}


ONQ_WAYS = [
    ({}, {"status": "ended"}, "conversation.ended", life("status", "open", "ended")),
    ({"status": "started"}, {"status": "ended"}, "conversation.ended", life("status", "started", "ended")),
    ({"status": "ended"}, {"status": "started"}, "conversation.started", life("status", "ended", "started")),
    (
        {"status": "started"},
        {"status": "open"},
        "conversation.opened",
        life("status", "started", "open", reopened=True),
    ),
    ({}, {"register_status": "closed"}, "registration.closed", closed("open")),
    ({"register_status": "available"}, {"register_status": "closed"}, "registration.closed", closed("available")),
    (
        {"register_status": "closed", "close_on": PAST},
        {"register_status": "open"},
        "registration.opened",
        was("register_status", "closed", "open"),
    ),
    ({}, {"close_on": SOON}, "registration.rescheduled", was("close_on", None, SOON)),
    ({"close_on": SOON}, {"close_on": None}, "registration.rescheduled", was("close_on", SOON, None)),
    (
        {"max_count": 10, "registered_user_count": 8, "registered_facilitator_count": 1},
        {"registered_facilitator_count": 2},
        "registration.full",
        was("registered_facilitator_count", 1, 2),
    ),
    (
        {"max_user_count": 5, "registered_user_count": 3},
        {"registered_user_count": 7},
        "registration.full",
        was("registered_user_count", 3, 7),
    ),
    ({"open_questions_count": 1}, {"open_questions_count": 2}, "questions.new", was("open_questions_count", 1, 2)),
]


@pytest.mark.parametrize("begins, becomes, kind, details", ONQ_WAYS)
def test_an_onq_conversation_tells(
    stage: Stage, begins: dict[str, Any], becomes: dict[str, Any], kind: str, details: dict[str, Any]
) -> None:
    stage.learn(onq_row(1, **begins), onq_row(2))
    stage.lab.onq.rows.update(1, **becomes)
    stage.poll()
    (event,) = stage.events()
    assert (event.type, dict(event.details)) == (kind, details)


@pytest.mark.parametrize("reason", REASONS)
def test_an_osn_conversation_tells_how_it_ended_and_that_it_is_open_again(stage: Stage, reason: str) -> None:
    state = f"CLOSED_{reason.upper()}"
    stage.learn(osn_row(1), osn_row(2), source="staff")
    for value in (state, "OPEN_ACTIVE"):
        stage.lab.osn.rows.update(1, state=value)
        stage.poll("staff")
    ended, opened = stage.events()
    assert (ended.type, ended.details) == (
        "conversation.ended",
        life("state", "OPEN_ACTIVE", state, reason=reason),
    )
    assert (opened.type, opened.details) == (
        "conversation.opened",
        life("state", state, "OPEN_ACTIVE", reopened=True),
    )


@pytest.mark.parametrize(
    "begins, becomes",
    [
        ({"max_user_count": 0, "registered_user_count": 3}, {"registered_user_count": 900}),  # 0: no maximum
        ({"max_user_count": 5, "registered_user_count": 5}, {"registered_user_count": 6}),  # full as before
        ({"open_questions_count": 3}, {"open_questions_count": 1}),  # fewer, but not none
        ({"to_facilitator_count": 3}, {"to_facilitator_count": 0}),
        ({"register_status": "open"}, {"register_status": "available"}),
    ],
)
def test_an_onq_conversation_says_nothing(stage: Stage, begins: dict[str, Any], becomes: dict[str, Any]) -> None:
    stage.learn(onq_row(1, **begins), onq_row(2))
    stage.lab.onq.rows.update(1, **becomes)
    assert stage.poll().record.events == 0
    assert stage.told() == []


@pytest.mark.parametrize("field", ["nUnread", "nFollowups", "nOutsiders"])
def test_an_osn_counter_that_falls_says_nothing(stage: Stage, field: str) -> None:
    stage.learn(osn_row(1, **{field: 3}), osn_row(2), source="staff")
    for value in (1, 0):
        stage.lab.osn.rows.update(1, **{field: value})
        assert stage.poll("staff").record.events == 0
    assert stage.told() == []


def test_one_event_names_every_watched_field_that_changed(stage: Stage) -> None:
    stage.learn(osn_row(1, name="Before"), osn_row(2), source="staff")
    stage.lab.osn.rows.update(1, name="After", displayName="After", isMuted=True, role="GUEST", nChats=4)
    stage.poll("staff")
    (event,) = stage.events()
    assert event.details == {
        "changes": [
            changed("name", "Before", "After"),
            changed("displayName", "Before", "After"),
            {"field": "role", "before": "HOST", "after": "GUEST"},
            {"field": "isMuted", "before": False, "after": True},
        ]
    }
