"""What is no news: the same list again, in whatever dialect, and what moves by itself."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from tests.stage import START, Stage
from watcher.domain.event import stamp
from watcher.lab import onq_row, osn_row

HOUR = timedelta(hours=1)
ONQ_DIALECTS = [
    {"paging": paging, "envelope": envelope, "dates": dates, "types": types}
    for paging, envelope, dates, types in product(
        ("page", "offset"),
        (None, "data", "items"),
        ("iso_z", "iso_offset", "iso_naive", "space", "epoch_s", "epoch_ms", "date_only"),
        ("native", "strings"),
    )
]
OSN_DIALECTS = [
    {"types": types, "terse": terse, "iso_twins": twins, "total": total}
    for types, terse, twins, total in product(("native", "strings"), (False, True), (False, True), (False, True))
]


def fill_onq(stage: Stage) -> None:
    """Rows whose dates each dialect can write: starts of a day, and ends of one."""
    stage.lab.onq.rows.extend(
        onq_row(
            n + 1,
            name=f"Course {n}, “so”",
            visible=bool(n % 2),
            open_questions_count=n,
            org_id=7,
            start_on="2026-12-01T00:00:00Z",
            close_on="2026-11-30T23:59:59Z" if n % 3 else None,
            created_on="2026-01-05T00:00:00Z",
        )
        for n in range(9)
    )


def fill_osn(stage: Stage) -> None:
    rows = ({"nUnread": n, "isMuted": bool(n % 2), "nOutsiders": n % 3} for n in range(9))
    stage.lab.osn.rows.extend(osn_row(n + 1, name=f"Talk {n}", **row) for n, row in enumerate(rows))


def test_the_same_onq_list_is_no_news_in_any_dialect_nor_when_that_changes(stage: Stage) -> None:
    stage.configure(campus="page_size = 4")
    fill_onq(stage)
    for dialect in ONQ_DIALECTS:
        stage.lab.onq.speak(**dialect)
        for _ in range(2):
            assert stage.poll().record.outcome == "complete", dialect
    assert stage.told() == []
    assert len(stage.events("source.baseline")) == 1


def test_a_list_whose_page_is_ignored_is_no_news_either(stage: Stage) -> None:
    stage.configure(campus="page_size = 9")
    fill_onq(stage)
    stage.lab.onq.speak(paging="ignored")
    for _ in range(2):
        report = stage.poll()
        assert (report.record.outcome, report.record.rows) == ("complete", 9)
        assert "ignores" in report.notes[0]
    assert stage.told() == []


@pytest.mark.parametrize("dates", ["iso_z", "date_only", "epoch_ms"])
@pytest.mark.parametrize("missing", ["null", "empty"])
def test_the_same_list_is_no_news_between_json_and_csv(stage: Stage, dates: str, missing: str) -> None:
    fill_onq(stage)
    stage.lab.onq.speak(dates=dates, missing_dates=missing)
    stage.poll()
    stage.configure(campus='format = "csv"')
    for has_header, ids in product((True, False), ("int", "str")):
        stage.lab.onq.speak(csv_header=has_header, ids=ids)
        assert stage.poll().record.events == 0
    stage.configure()
    assert stage.poll().record.events == 0
    assert stage.told() == []


def test_the_same_osn_list_is_no_news_in_any_dialect_nor_when_that_changes(stage: Stage) -> None:
    stage.configure(staff="page_size = 4")
    fill_osn(stage)
    for dialect in OSN_DIALECTS:
        stage.lab.osn.speak(**dialect)
        for _ in range(2):
            assert stage.poll("staff").record.outcome == "complete", dialect
    assert stage.told() == []
    assert len(stage.events("source.baseline")) == 1


def test_a_change_between_two_dialects_is_told_once(stage: Stage) -> None:
    fill_onq(stage)
    stage.poll()
    stage.lab.onq.speak(types="strings", dates="epoch_ms", envelope="items", shuffled_keys=True)
    stage.lab.onq.rows.update(3, open_questions_count=7)
    stage.poll()
    stage.poll()
    assert stage.told() == [("questions.new", "3")]


@pytest.mark.parametrize(
    "fields",
    [
        {"last_updated_on": stamp(START + HOUR)},
        {"registered_user_count": 5, "registered_facilitator_count": 2},
    ],
)
def test_onq_fields_that_move_by_themselves_are_no_news(stage: Stage, fields: dict[str, Any]) -> None:
    stage.learn(onq_row(1), onq_row(2))
    stage.lab.onq.rows.update(1, **fields)
    assert stage.poll().record.events == 0
    assert stage.told() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"modifiedDate": "Fri, 04 Sep 2015 14:39:22 GMT"},
        {"modifiedByID": "7", "modifiedByUserName": "x@example.com", "modifiedByUserDisplayName": "X"},
        {"nChats": 9, "nMarkableChats": 8, "isNew": True},
        {"hierarchicalMembersInfo": {"n": 3}},
        {"url": "conversations/elsewhere", "membersURL": "members", "messagesURL": "messages"},
    ],
)
def test_osn_fields_that_move_by_themselves_are_no_news(stage: Stage, fields: dict[str, Any]) -> None:
    stage.learn(osn_row(1), osn_row(2), source="staff")
    stage.lab.osn.rows.update(1, **fields)
    assert stage.poll("staff").record.events == 0
    assert stage.told() == []


def test_an_ignored_field_is_no_news(stage: Stage) -> None:
    stage.configure(campus='ignore = ["external_code"]')
    stage.learn(onq_row(1), onq_row(2))
    stage.lab.onq.rows.update(1, external_code="LMS-1")
    stage.poll()
    stage.lab.onq.rows.update(1, external_code="LMS-2", private_mode=True)
    stage.poll()
    (event,) = stage.events()
    assert [change["field"] for change in event.details["changes"]] == ["private_mode"]


def test_fields_with_events_of_their_own_are_not_told_twice(stage: Stage) -> None:
    stage.learn(onq_row(1, open_questions_count=2), onq_row(2))
    moved = {"open_questions_count": 1, "to_facilitator_count": 1, "close_on": stamp(START + 900 * HOUR)}
    stage.lab.onq.rows.update(1, status="started", register_status="available", **moved)
    stage.poll()
    assert {kind for kind, _ in stage.told()} == {
        "conversation.started",
        "registration.rescheduled",
        "messages.new",
    }


def test_an_unknown_number_of_unread_posts_is_neither_a_fall_nor_a_rise(stage: Stage) -> None:
    stage.learn(osn_row(1, nUnread=3), osn_row(2), source="staff")
    for unread in (-1, 3, -1, 2, -1):
        stage.lab.osn.rows.update(1, nUnread=unread)
        assert stage.poll("staff").record.events == 0
    stage.lab.osn.rows.update(1, nUnread=4)
    stage.poll("staff")
    (event,) = stage.events()
    assert event.details["change"] == {"field": "nUnread", "before": 2, "after": 4, "delta": 2}


def test_a_counter_that_rises_again_after_a_fall_is_told_again(stage: Stage) -> None:
    stage.learn(onq_row(1, open_questions_count=2), onq_row(2))
    for count in (5, 2, 5):
        stage.lab.onq.rows.update(1, open_questions_count=count)
        stage.poll()
    events = stage.events()
    assert [event.type for event in events] == ["questions.new", "questions.new"]
    assert events[0].id != events[1].id


def test_a_new_field_that_nobody_documents_is_told_as_a_change(stage: Stage) -> None:
    stage.learn(onq_row(1), onq_row(2))
    stage.lab.onq.rows.update(1, mood="sunny")
    stage.poll()
    (event,) = stage.events()
    assert event.details["changes"] == [{"field": "mood", "before": None, "after": "sunny"}]
