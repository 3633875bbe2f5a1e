"""What a read that broke off, or moved, may and may not tell; failing, recovered, and drift."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.stage import Stage
from watcher.domain.event import stamp
from watcher.lab import Kind, OnqApi, onq_row, osn_row

PAGED = 'page_size = 5\npaging = "page"'


def break_page_two(stage: Stage) -> None:
    stage.lab.onq.faults.add("cut", on=Kind.LISTING, page=1)


def truncate_page_two(stage: Stage) -> None:
    stage.lab.onq.faults.add("truncated", on=Kind.LISTING, page=1)


def refuse_page_two(stage: Stage) -> None:
    stage.lab.onq.faults.add("status", status=502, on=Kind.LISTING, page=1)


def promise_more(stage: Stage) -> None:
    stage.lab.onq.speak(envelope="items", total="total")
    stage.lab.onq.faults.add("totals", amount=3)


def shift_each_read(stage: Stage) -> None:
    """Whenever page 2 is asked for, the last row has just become the first: the list is torn, and torn again."""
    rows = stage.lab.onq.rows

    def shift(page: int) -> None:
        if page == 1:
            rows.move(rows.ids()[-1], 0)

    stage.lab.onq.before_page = shift


def mend(api: OnqApi) -> None:
    api.faults.clear()
    api.before_page = None


BREAKS = [break_page_two, truncate_page_two, refuse_page_two, promise_more, shift_each_read]


@pytest.mark.parametrize("break_read", BREAKS)
def test_an_incomplete_read_updates_known_rows_and_concludes_nothing_else(
    stage: Stage, break_read: Callable[[Stage], None]
) -> None:
    stage.configure(campus=PAGED)
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    break_read(stage)
    rows = stage.lab.onq.rows
    rows.update(1, open_questions_count=2, status="started")
    rows.remove(2)
    rows.remove(12)
    rows.insert(1, onq_row(77))
    for _ in range(2):
        assert stage.poll().record.outcome == "incomplete"
    assert stage.told() == [("conversation.started", "1"), ("questions.new", "1")]
    mend(stage.lab.onq)
    stage.poll()
    assert stage.told()[2:] == [("conversation.opened", "77")]
    stage.poll()
    assert sorted(stage.told("conversation.removed")) == [("conversation.removed", "12"), ("conversation.removed", "2")]


@pytest.mark.parametrize("break_read", BREAKS)
def test_no_baseline_is_made_of_an_incomplete_read(stage: Stage, break_read: Callable[[Stage], None]) -> None:
    stage.configure(campus=PAGED)
    break_read(stage)
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    assert stage.events("source.baseline") == []
    mend(stage.lab.onq)
    stage.poll()
    assert [event.details["count"] for event in stage.events("source.baseline")] == [12]
    assert stage.told() == []


def test_a_list_that_is_torn_once_is_read_again(stage: Stage) -> None:
    stage.configure(campus=PAGED)
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    rows, is_calm = stage.lab.onq.rows, iter([False])

    def shift(page: int) -> None:
        if page == 1 and not next(is_calm, True):
            rows.move(rows.ids()[-1], 0)

    stage.lab.onq.before_page = shift
    report = stage.poll()
    assert next(is_calm, True) is True
    assert report.record.outcome == "complete"
    assert stage.told() == []


@pytest.mark.parametrize("kind", ["repeat", "loop", "endless"])
def test_a_list_that_runs_in_circles_or_never_ends_invents_nothing(stage: Stage, kind: str) -> None:
    stage.configure(campus=f"{PAGED}\npage_limit = 9", staff="page_size = 5\npage_limit = 9")
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    stage.learn(*(osn_row(n + 1) for n in range(12)), source="staff")
    for source in ("campus", "staff"):
        stage.api(source).faults.add(kind, on=Kind.LISTING)
        for _ in range(2):
            stage.poll(source)
        stage.api(source).faults.clear()
        assert stage.poll(source).record.outcome == "complete"
    assert stage.told() == []


def test_a_row_that_came_whole_before_the_read_broke_is_not_told_again(stage: Stage) -> None:
    stage.configure(campus=PAGED)
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    stage.lab.onq.rows.update(3, to_facilitator_count=4)
    break_page_two(stage)
    stage.poll()
    stage.poll()
    mend(stage.lab.onq)
    stage.poll()
    assert stage.told() == [("messages.new", "3")]


def test_a_source_fails_with_the_third_bad_read_in_a_row_and_recovers_with_the_first_good_one(stage: Stage) -> None:
    stage.configure(campus=PAGED)
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    for _ in range(2):
        stage.lab.onq.faults.add("status", status=500, times=2)
        stage.poll()
        stage.poll()
        stage.poll()  # a good one between: the count begins again
    assert stage.told() == []
    stage.lab.onq.faults.add("status", status=500, times=1)
    stage.poll()
    since = stage.now
    break_page_two(stage)  # incomplete reads count as well
    stage.poll()
    assert stage.told() == []
    for _ in range(3):
        stage.poll()
    assert stage.told() == [("source.failing", "campus")]
    mend(stage.lab.onq)
    stage.poll()
    stage.poll()
    assert stage.told() == [("source.failing", "campus"), ("source.recovered", "campus")]
    assert [event.details["since"] for event in stage.events()] == [stamp(since)] * 2


def test_a_source_that_never_had_a_baseline_fails_as_well(stage: Stage) -> None:
    stage.configure(campus=PAGED)
    break_page_two(stage)
    stage.learn(*(onq_row(n + 1) for n in range(12)))
    stage.poll()
    assert stage.told() == []
    stage.poll()
    assert stage.told() == [("source.failing", "campus")]


def test_after_an_incomplete_osn_read_nobody_is_asked_after_and_what_came_is_told(stage: Stage) -> None:
    stage.configure(staff="page_size = 5")
    stage.learn(*(osn_row(n + 1) for n in range(12)), source="staff")
    stage.lab.osn.faults.add("cut", on=Kind.LISTING, page=1)
    stage.lab.osn.rows.remove(12)
    stage.lab.osn.rows.update(1, nUnread=2)
    assert stage.poll("staff").record.outcome == "incomplete"
    assert stage.lab.osn.requests.count(Kind.LOOKUP) == 0
    assert stage.told() == [("unread.new", "1")]
    stage.lab.osn.faults.clear()
    stage.poll("staff")
    assert stage.told()[1:] == [("conversation.removed", "12")]


def test_how_many_bad_reads_make_a_failing_source_is_configured(stage: Stage) -> None:
    stage.configure(campus="failing_after = 1")
    stage.lab.onq.faults.add("status", status=500)
    stage.poll()
    assert stage.told() == [("source.failing", "campus")]


@pytest.mark.parametrize(
    "source, fields, drift",
    [
        ("campus", {"status": "paused"}, {"field": "status", "sample": "paused"}),
        ("campus", {"open_questions_count": "many"}, {"field": "open_questions_count", "sample": "many"}),
        ("campus", {"close_on": "soon"}, {"field": "close_on", "sample": "soon"}),
        ("staff", {"state": "OPEN_MAYBE"}, {"field": "state", "sample": "OPEN_MAYBE"}),
        ("staff", {"nUnread": [3]}, {"field": "nUnread", "sample": "[3]"}),
    ],
)
def test_a_value_that_cannot_be_read_is_told_once_a_field_and_changes_nothing(
    stage: Stage, source: str, fields: dict[str, Any], drift: dict[str, str]
) -> None:
    make = onq_row if source == "campus" else osn_row
    stage.learn(*(make(n + 1) for n in range(4)), source=source)
    for identity in (1, 2):
        stage.api(source).rows.update(identity, **fields)
        stage.poll(source)
    stage.poll(source)
    (event,) = stage.events("source.*")[1:]
    assert (event.type, event.subject, dict(event.details)) == ("source.drift", source, drift)
    assert stage.told("conversation.*") == []


def test_a_documented_field_that_no_row_has_any_more_is_told_once(stage: Stage) -> None:
    stage.learn(*(onq_row(n + 1, to_facilitator_count=2) for n in range(4)))
    for row in stage.lab.onq.rows:
        stage.lab.onq.rows.put({name: value for name, value in row.items() if name != "to_facilitator_count"})
    stage.poll()
    stage.poll()
    (event,) = stage.events()
    assert (event.type, event.details["field"]) == ("source.drift", "to_facilitator_count")


def test_a_terse_api_that_leaves_out_what_is_nothing_does_not_drift(stage: Stage) -> None:
    stage.learn(*(osn_row(n + 1) for n in range(4)), source="staff")
    stage.lab.osn.speak(terse=True, iso_twins=False)
    stage.poll("staff")
    assert stage.told() == []
