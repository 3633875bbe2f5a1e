"""Deadlines: told from what is stored, each lead once, the nearest only, never after; and registration that closes."""

from datetime import timedelta

import pytest

from tests.stage import START, Stage
from watcher.domain.event import stamp
from watcher.lab import onq_row

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def on(span: timedelta) -> str:
    return stamp(START + span)


def until(stage: Stage, span: timedelta) -> int:
    """Let the deadlines fire that are due so long after the start."""
    return stage.ring(after=START + span - stage.now)


def leads(stage: Stage, kind: str = "registration.closing") -> list[tuple[str, bool]]:
    return [(event.details["deadline"]["lead"], event.details["late"]) for event in stage.events(kind)]


def test_each_lead_fires_at_its_time_while_the_api_is_down(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(10 * DAY)), onq_row(2))
    stage.lab.onq.faults.add("status", status=500)
    for span in (3 * DAY, 9 * DAY, 10 * DAY - HOUR):
        assert until(stage, span - MINUTE) == 0
        assert until(stage, span) == 1
        stage.poll(after=timedelta())
    assert leads(stage) == [("7d", False), ("24h", False), ("1h", False)]
    until(stage, 10 * DAY)
    assert stage.told("registration.closed") == [("registration.closed", "1")]
    assert stage.ring(after=DAY) == 0


def test_after_downtime_only_the_nearest_lead_is_told_and_it_is_late(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(10 * DAY)), onq_row(2))
    until(stage, 9 * DAY + 2 * HOUR)
    assert leads(stage) == [("24h", True)]
    assert stage.events("registration.closing")[0].details["deadline"]["seconds_left"] == 22 * 3600
    until(stage, 10 * DAY - HOUR)
    assert leads(stage) == [("24h", True), ("1h", False)]


def test_no_warning_comes_after_what_it_warns_of(stage: Stage) -> None:
    begins = {"start_register_on": on(HOUR), "start_on": on(2 * HOUR), "end_on": on(2 * DAY), "close_on": on(2 * DAY)}
    stage.configure(rest='[deadlines]\nregistration_opening = ["10m"]\nconversation_starting = ["10m"]')
    stage.learn(onq_row(1, register_status="available", **begins), onq_row(2))
    until(stage, 3 * DAY)
    (event,) = stage.events()
    assert (event.type, event.details["late"]) == ("registration.closed", True)


@pytest.mark.parametrize(("waited", "is_late"), [(10 * MINUTE, False), (11 * MINUTE, True)])
def test_what_is_told_more_than_two_intervals_after_its_instant_is_late(
    stage: Stage, waited: timedelta, is_late: bool
) -> None:
    stage.learn(onq_row(1, close_on=on(5 * HOUR)), onq_row(2))
    until(stage, 4 * HOUR + waited)
    assert leads(stage) == [("1h", is_late)]


def test_what_was_not_known_in_time_is_not_late(stage: Stage) -> None:
    stage.learn(onq_row(1), onq_row(2))
    stage.lab.onq.rows.update(1, close_on=on(12 * HOUR))
    stage.poll()
    stage.ring()
    assert leads(stage) == [("24h", False)]


def test_a_moved_deadline_is_armed_again(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(2 * DAY)), onq_row(2))
    until(stage, DAY)
    stage.lab.onq.rows.update(1, close_on=on(10 * DAY))
    stage.poll()
    assert until(stage, 2 * DAY) == 0
    until(stage, 3 * DAY)
    until(stage, 9 * DAY)
    assert leads(stage) == [("24h", False), ("7d", False), ("24h", False)]
    assert len(stage.told("registration.rescheduled")) == 1


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("start_register_on", "registration.opening"),
        ("start_on", "conversation.starting"),
        ("end_on", "conversation.ending"),
    ],
)
def test_each_kind_of_deadline_is_armed_again_when_it_moves(stage: Stage, field: str, kind: str) -> None:
    stage.configure(rest='[deadlines]\nregistration_opening = ["24h"]\nconversation_starting = ["24h"]')
    stage.learn(onq_row(1, register_status="available", **{field: on(2 * DAY)}), onq_row(2))
    until(stage, DAY)
    stage.lab.onq.rows.update(1, **{field: on(9 * DAY)})
    stage.poll()
    until(stage, 2 * DAY)
    assert leads(stage, kind) == [("24h", False)]
    until(stage, 8 * DAY)
    assert leads(stage, kind) == [("24h", False)] * 2


def test_of_a_deadline_that_moved_near_the_nearest_lead_is_told_at_once(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(20 * DAY)), onq_row(2))
    stage.lab.onq.rows.update(1, close_on=on(HOUR))
    stage.poll()
    assert stage.ring() == 1
    assert leads(stage) == [("1h", False)]


def test_a_deadline_that_was_dropped_is_not_told(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(2 * DAY), end_on=on(2 * DAY)), onq_row(2))
    stage.lab.onq.rows.update(1, close_on=None, end_on=None)
    stage.poll()
    until(stage, 3 * DAY)
    assert [kind for kind, _ in stage.told()] == ["registration.rescheduled", "conversation.changed"]


@pytest.mark.parametrize(
    "fields, silenced",
    [
        ({"register_status": "closed"}, "registration.closing"),
        ({"status": "ended"}, "registration.closing"),
        ({"status": "ended"}, "conversation.ending"),
        ({"status": "started"}, "conversation.starting"),
        ({"status": "ended"}, "conversation.starting"),
        ({"register_status": "open"}, "registration.opening"),
    ],
)
def test_what_has_happened_by_itself_is_not_warned_of(stage: Stage, fields: dict[str, str], silenced: str) -> None:
    stage.configure(rest='[deadlines]\nregistration_opening = ["1h"]\nconversation_starting = ["1h"]')
    instants = dict.fromkeys(("start_register_on", "start_on", "end_on", "close_on"), on(2 * DAY))
    stage.learn(onq_row(1, register_status="available", **instants), onq_row(2))
    stage.lab.onq.rows.update(1, **fields)
    stage.poll()
    until(stage, DAY)
    until(stage, 2 * DAY - HOUR)
    assert stage.told(silenced) == []
    others = {"registration.closing", "conversation.ending", "conversation.starting", "registration.opening"}
    assert others & {kind for kind, _ in stage.told()} or fields == {"status": "ended"}


def test_the_deadlines_of_a_removed_conversation_are_dropped_and_armed_again_when_it_returns(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(2 * DAY)), onq_row(2))
    gone = stage.lab.onq.rows.remove(1)
    stage.poll()
    stage.poll()
    assert until(stage, DAY) == 0
    stage.lab.onq.rows.put(gone)
    stage.poll()
    until(stage, 2 * DAY - HOUR)
    assert leads(stage)[-1] == ("1h", False)


def test_questions_that_wait_are_told_once_until_none_is_open(stage: Stage) -> None:
    stage.learn(onq_row(1), onq_row(2))
    rows = stage.lab.onq.rows
    rows.update(1, open_questions_count=1)
    stage.poll()
    since = stamp(stage.now)
    rows.update(1, open_questions_count=4)
    stage.poll(after=23 * HOUR)
    assert stage.ring(after=HOUR - MINUTE) == 0
    assert stage.ring(after=MINUTE) == 1
    assert [event.details["waiting_since"] for event in stage.events("questions.waiting")] == [since]
    assert stage.ring(after=9 * DAY) == 0
    rows.update(1, open_questions_count=0)
    stage.poll()
    rows.update(1, open_questions_count=1)
    stage.poll()
    stage.ring(after=DAY)
    assert len(stage.told("questions.waiting")) == 2


def test_a_close_is_told_once_whether_by_its_date_or_its_status(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(HOUR)), onq_row(2))
    until(stage, HOUR)
    stage.lab.onq.rows.update(1, register_status="closed")
    stage.poll()
    stage.lab.onq.rows.update(1, close_on=on(HOUR / 2))
    stage.poll()
    stage.ring()
    (event,) = stage.events("registration.closed")
    assert event.details["reason"] == "deadline"


def test_a_close_by_status_is_not_told_again_when_its_date_passes(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(HOUR)), onq_row(2))
    stage.lab.onq.rows.update(1, register_status="closed")
    stage.poll()
    until(stage, 2 * HOUR)
    (event,) = stage.events("registration.closed")
    assert (event.details["reason"], event.details["late"]) == ("status", False)


@pytest.mark.parametrize("status", ["open", "closed"])
def test_a_close_is_told_again_when_its_date_has_moved_to_the_future_and_passed(stage: Stage, status: str) -> None:
    stage.learn(onq_row(1, close_on=on(HOUR)), onq_row(2))
    until(stage, HOUR)
    stage.lab.onq.rows.update(1, register_status=status)
    stage.poll()
    stage.lab.onq.rows.update(1, close_on=on(DAY))
    stage.poll()
    until(stage, DAY)
    assert [event.details["reason"] for event in stage.events("registration.closed")] == ["deadline"] * 2


def test_a_close_is_told_again_when_its_status_has_left_closed(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(HOUR)), onq_row(2))
    until(stage, HOUR)
    for status in ("closed", "available", "closed", "open", "closed"):
        stage.lab.onq.rows.update(1, register_status=status)
        stage.poll()
    assert [event.details["reason"] for event in stage.events("registration.closed")] == [
        "deadline",
        "status",
        "status",
    ]


def test_leads_that_are_configured_anew_tell_nothing_of_the_past(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(2 * DAY)), onq_row(2))
    stage.configure(rest='[deadlines]\nregistration_closing = ["3d", "30h", "2h"]')
    stage.poll()
    until(stage, 0 * DAY + HOUR)
    assert stage.told() == []
    until(stage, 2 * DAY - 30 * HOUR)
    until(stage, 2 * DAY - 2 * HOUR)
    assert [lead for lead, _ in leads(stage)] == ["30h", "2h"]


def test_a_deadline_fires_once_however_often_the_bell_rings_and_the_app_restarts(stage: Stage) -> None:
    stage.learn(onq_row(1, close_on=on(2 * HOUR)), onq_row(2))
    until(stage, HOUR)
    stage.configure()
    stage.ring()
    stage.poll()
    stage.ring()
    assert leads(stage) == [("1h", False)]
