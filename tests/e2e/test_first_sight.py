"""What is told of a conversation that was never seen before, and what is learnt in silence."""

from datetime import timedelta
from typing import Any

import pytest

from tests.stage import START, Stage
from watcher.domain.event import stamp
from watcher.lab import onq_row, osn_row

HOUR = timedelta(hours=1)
CLOSE = stamp(START + 12 * HOUR)


def details(stage: Stage, kind: str) -> dict[str, Any]:
    (event,) = stage.events(kind)
    return dict(event.details)


def test_a_new_conversation_tells_its_life_its_counters_and_the_nearest_passed_lead_once(stage: Stage) -> None:
    stage.learn(onq_row(1))
    busy = {"open_questions_count": 3, "to_facilitator_count": 1, "max_user_count": 2, "registered_user_count": 2}
    stage.learn(onq_row(2, status="started", close_on=CLOSE, **busy))  # both 7d and 24h before have passed
    assert stage.told() == [("conversation.started", "2"), ("questions.new", "2"), ("messages.new", "2")]
    assert details(stage, "conversation.started") == {"first_seen": True}
    assert details(stage, "questions.new")["change"] == {
        "field": "open_questions_count",
        "before": 0,
        "after": 3,
        "delta": 3,
    }
    assert stage.ring() == 1
    assert details(stage, "registration.closing") == {
        "deadline": {"at": CLOSE, "lead": "24h", "seconds_left": 12 * 3600 - 600},
        "late": False,
    }
    stage.poll()
    assert stage.ring() == 0


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"status": "open"}, {"first_seen": True, "reopened": False}),
        ({"status": "started"}, {"first_seen": True}),
        ({"status": "ended"}, {"first_seen": True}),
    ],
)
def test_the_life_of_a_new_conversation_is_told_as_it_stands(
    stage: Stage, fields: dict[str, str], expected: dict[str, bool]
) -> None:
    stage.learn(onq_row(1))
    stage.learn(onq_row(2, **fields))
    (event,) = stage.events()
    named = {"open": "conversation.opened", "started": "conversation.started", "ended": "conversation.ended"}
    assert (event.type, dict(event.details)) == (named[fields["status"]], expected)


def test_a_new_closed_conversation_names_its_reason_and_its_counters_count_from_nought(stage: Stage) -> None:
    stage.learn(osn_row(1), source="staff")
    stage.learn(osn_row(2, state="CLOSED_DROPPED", nUnread=2, nFollowups=1, nOutsiders=3), source="staff")
    assert stage.told() == [
        ("conversation.ended", "2"),
        ("unread.new", "2"),
        ("followups.new", "2"),
        ("outsiders.joined", "2"),
    ]
    assert details(stage, "conversation.ended") == {"first_seen": True, "reason": "dropped"}


@pytest.mark.parametrize("status", ["available", "open", "closed"])
def test_the_registration_of_a_new_conversation_is_no_news(stage: Stage, status: str) -> None:
    stage.learn(onq_row(1))
    stage.learn(onq_row(2, register_status=status, close_on=stamp(START - HOUR)))
    stage.ring()
    assert stage.told("registration.*") == []
    assert stage.told("conversation.changed") == []


def test_the_baseline_tells_nothing_of_any_conversation(stage: Stage) -> None:
    stage.learn(
        onq_row(1, status="started", open_questions_count=4, close_on=CLOSE, end_on=stamp(START + HOUR)),
        onq_row(2, register_status="closed", close_on=stamp(START - HOUR)),
        onq_row(3, register_status="open", close_on=stamp(START - HOUR)),
    )
    stage.ring()
    assert stage.told() == []
    assert details(stage, "source.baseline") == {"count": 3, "deadlines_ahead": 3}  # an hour before, at it, waiting


def test_what_was_closed_at_the_baseline_is_told_when_it_opens_and_closes_again(stage: Stage) -> None:
    stage.learn(onq_row(1, register_status="closed", close_on=CLOSE), onq_row(2))
    stage.ring(after=13 * HOUR)
    assert stage.told() == []
    stage.lab.onq.rows.update(1, register_status="open", close_on=stamp(stage.now + HOUR))
    stage.poll()
    stage.lab.onq.rows.update(1, register_status="closed")
    stage.poll()
    stage.ring(after=2 * HOUR)
    kinds = [kind for kind, _ in stage.told() if kind != "registration.closing"]
    assert kinds == ["registration.opened", "registration.rescheduled", "registration.closed"]
    assert details(stage, "registration.closed")["reason"] == "status"


def test_a_list_that_grows_at_once_is_learnt_in_silence(stage: Stage) -> None:
    stage.learn(*(onq_row(n) for n in range(1, 101)))
    stage.learn(*(onq_row(1000 + n, open_questions_count=2, close_on=CLOSE) for n in range(21)))
    stage.ring()
    assert stage.told() == [("source.grown", "campus")]
    assert details(stage, "source.grown")["count"] == 21
    stage.lab.onq.rows.update(1000, open_questions_count=3)
    stage.poll()
    assert details(stage, "questions.new")["change"]["before"] == 2


@pytest.mark.parametrize(("known", "fresh"), [(100, 20), (10, 19)])
def test_a_list_that_grows_a_little_is_told_row_by_row(stage: Stage, known: int, fresh: int) -> None:
    stage.learn(*(onq_row(n + 1) for n in range(known)))
    stage.learn(*(onq_row(1000 + n) for n in range(fresh)))
    assert stage.told("source.grown") == []
    assert len(stage.told("conversation.opened")) == fresh


@pytest.mark.parametrize(
    "lines",
    [
        "filter = { exclude_closed = true }",
        'auth = { kind = "bearer", token = "lab-osn-bearer" }',
    ],
)
def test_another_account_or_filter_makes_a_silent_baseline(stage: Stage, lines: str) -> None:
    stage.learn(osn_row(1, nUnread=1), osn_row(2), source="staff")
    stage.lab.osn.rows.update(1, nUnread=9)
    stage.lab.osn.rows.remove(2)
    stage.lab.osn.rows.put(osn_row(3))
    stage.configure(staff=lines)
    stage.poll("staff")
    assert stage.told() == []
    assert [event.details["count"] for event in stage.events("source.baseline")] == [2, 2]
    stage.lab.osn.rows.update(1, nUnread=10)
    stage.poll("staff")
    assert stage.told() == [("unread.new", "1")]


def test_another_address_makes_a_silent_baseline(stage: Stage) -> None:
    stage.learn(onq_row(1))
    with stage.elsewhere() as other:
        other.rows.extend([onq_row(7, open_questions_count=1), onq_row(8)])
        stage.configure()
        stage.poll()
        assert stage.told() == []
        assert [event.details["count"] for event in stage.events("source.baseline")] == [1, 2]


@pytest.mark.parametrize(
    "lines", ['format = "csv"', 'paging = "page"', "page_size = 7", 'page_size = 3\nformat = "csv"']
)
def test_another_format_paging_or_page_size_changes_nothing(stage: Stage, lines: str) -> None:
    dates = {"close_on": CLOSE, "last_updated_on": stamp(START)}
    stage.learn(*(onq_row(n + 1, open_questions_count=n, visible=bool(n % 2), **dates) for n in range(20)))
    stage.configure(campus=lines)
    for _ in range(2):
        assert stage.poll().record.events == 0
    assert len(stage.events("source.baseline")) == 1
    assert stage.told() == []


def test_a_row_that_the_first_read_skipped_is_not_new_later(stage: Stage) -> None:
    stage.configure(campus='page_size = 5\npaging = "page"')
    rows, is_read = stage.lab.onq.rows, iter([True])
    rows.extend(onq_row(n + 1) for n in range(16))

    def shift(page: int) -> None:
        """One row leaves page 2 when it has been read: the first row of page 3 moves up past the reader, unseen."""
        if page == 2 and next(is_read, False):
            rows.remove(7)

    stage.lab.onq.before_page = shift
    stage.poll()
    assert next(is_read, False) is False
    assert stage.told() == []
    stage.lab.onq.before_page = None
    stage.poll()
    assert stage.told() == []
    stage.poll()
    assert stage.told("conversation.opened") == []
    assert stage.told() == [("conversation.removed", "7")]
