"""One poll: read, compared, derived and stored as a whole, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.pipeline.fakes_source import Leaf, Script, ScriptedSource, pages, row
from tests.pipeline.stage import INTERVAL, START, Stage, named, types
from watcher.domain.errors import SourceError
from watcher.domain.event import EventType
from watcher.domain.listing import TornError
from watcher.pipeline.poll import MAX_RETRY_AFTER
from watcher.pipeline.snapshots import PollOutcome

LIST = pages([row("1"), row("2", status="ended", open_questions_count=3, register_status="closed")])
DOWN: Script = [SourceError("503")]
BROKEN: Script = [*pages([row("1")]), SourceError("503")]
TORN: Script = [*pages([row("1")]), TornError("it moved")]


def quiet(stage: Stage, source: ScriptedSource) -> list[str]:
    """What a poll tells beside drifts: the rows of these tests have few fields."""
    return [kind for kind in types(stage.poll(source)) if kind != "source.drift"]


def test_the_first_complete_read_is_the_baseline_and_tells_only_that(stage: Stage) -> None:
    assert quiet(stage, ScriptedSource([LIST])) == ["source.baseline"]
    (event,) = [event for event in stage.told if event.type is EventType.SOURCE_BASELINE]
    assert event.details == {"count": 2, "deadlines_ahead": 0}
    assert stage.report is not None
    assert stage.report.is_baseline


def test_a_baseline_says_how_many_deadlines_are_ahead(stage: Stage) -> None:
    ahead, behind = START + timedelta(days=9), START - timedelta(days=9)
    rows = [row("1", close_on=ahead.isoformat()), row("2", close_on=behind.isoformat())]
    leads = {EventType.REGISTRATION_CLOSING: (timedelta(days=1),)}
    told = stage.poll(ScriptedSource([pages(rows)]), leads=leads)
    assert [event.details["deadlines_ahead"] for event in told if event.type is EventType.SOURCE_BASELINE] == [2]


def test_an_empty_list_is_a_baseline_too_and_its_first_row_is_news(stage: Stage) -> None:
    source = ScriptedSource([pages([]), LIST])
    assert quiet(stage, source) == ["source.baseline"]
    assert quiet(stage, source) == ["conversation.opened", "conversation.ended", "questions.new"]


@pytest.mark.parametrize("bad", [DOWN, BROKEN, TORN])
def test_the_baseline_waits_for_a_complete_read(stage: Stage, bad: Script) -> None:
    assert stage.poll(ScriptedSource([bad])) == []
    assert stage.rows() == {}
    assert quiet(stage, ScriptedSource([LIST])) == ["source.baseline"]


def test_the_same_poll_twice_yields_nothing(stage: Stage) -> None:
    source = ScriptedSource([LIST])
    stage.poll(source)
    assert [stage.poll(source) for _ in range(3)] == [[], [], []]
    assert stage.count("versions") == 0  # no event shows one
    assert stage.count("polls") == 4


@pytest.mark.parametrize("bad", [DOWN, BROKEN, TORN])
def test_three_bad_polls_in_a_row_are_told_and_so_is_the_first_good_one(stage: Stage, bad: Script) -> None:
    source = ScriptedSource([LIST, *[bad] * (10 if bad is TORN else 5), LIST])
    stage.poll(source)
    told = [types(stage.poll(source)) for _ in range(6)]
    assert told == [[], [], ["source.failing"], [], [], ["source.recovered"]]


def test_the_number_of_bad_polls_is_a_setting(stage: Stage) -> None:
    source = ScriptedSource([DOWN])
    assert types(stage.poll(source, failing_after=1)) == ["source.failing"]


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (timedelta(seconds=30), timedelta(seconds=30)),
        (timedelta(days=30), MAX_RETRY_AFTER),  # no server may silence a source for long
        (None, None),
    ],
)
def test_a_server_that_asks_for_patience_gets_it(
    stage: Stage, asked: timedelta | None, waits: timedelta | None
) -> None:
    source = ScriptedSource([[SourceError("429", retry_after=asked)], LIST])
    stage.poll(source)
    assert stage.report is not None
    assert stage.report.not_before == stage.record().not_before == (None if waits is None else stage.now + waits)
    stage.poll(source)
    assert stage.record().not_before is None


def test_a_dry_poll_stores_nothing(stage: Stage) -> None:
    source = ScriptedSource([LIST])
    stage.poll(source, is_dry=True)
    assert [stage.count(table) for table in ("events", "rows", "polls", "pages", "drifts")] == [0] * 5
    assert stage.report is not None
    assert (stage.report.record.outcome, stage.report.record.rows) == (PollOutcome.COMPLETE, 2)
    stage.poll(ScriptedSource([DOWN]), is_dry=True)
    assert stage.count("polls") == 0


def test_an_event_owes_what_the_rules_say(stage: Stage) -> None:
    stage.channels = (("facilitators", "all of it"), ("ops", "all of it"))
    told = stage.poll(ScriptedSource([LIST]))
    assert stage.count("deliveries") == 2 * len(told) > 0


def test_another_list_under_the_same_name_is_a_new_silent_baseline(stage: Stage) -> None:
    stage.poll(ScriptedSource([LIST]), identity="a list")
    told = stage.poll(ScriptedSource([pages([row("9", open_questions_count=2)])]), identity="another list")
    assert EventType.SOURCE_BASELINE in {event.type for event in told}
    assert {event.subject for event in told} == {"campus"}
    assert stage.rows().keys() == {"9"}


def test_other_pages_of_the_same_list_are_no_news(stage: Stage) -> None:
    rows = [row(str(number)) for number in range(6)]
    source = ScriptedSource([pages(rows), pages(rows[:2], rows[2:4], rows[4:]), pages(rows[:3], rows[3:]), pages(rows)])
    stage.poll(source)
    assert [stage.poll(source) for _ in range(3)] == [[], [], []]


def test_a_list_whose_rows_trade_places_is_no_news(stage: Stage) -> None:
    rows = [row(str(number)) for number in range(6)]
    source = ScriptedSource([pages(rows), pages(rows[::-1]), pages(rows[3:], rows[:3]), pages(rows)])
    stage.poll(source)
    assert [stage.poll(source) for _ in range(3)] == [[], [], []]


def test_new_leads_arm_what_is_ahead_and_are_silent_about_what_has_passed(stage: Stage) -> None:
    soon = row("1", close_on=(START + timedelta(hours=12)).isoformat())
    source = ScriptedSource([pages([soon])])
    stage.poll(source)
    day, hour = timedelta(days=1), timedelta(hours=1)
    stage.poll(source, leads={EventType.REGISTRATION_CLOSING: (day, hour)})
    armed = {deadline.lead: deadline.state.value for deadline in stage.deadlines("1")}
    assert armed == {day: "told", hour: "armed", timedelta(): "armed"}
    assert stage.ring() == []


def test_the_rows_are_held_from_the_first_decision_to_the_commit(stage: Stage) -> None:
    held: list[str] = []

    @contextmanager
    def hold(source: str) -> Iterator[None]:
        held.append(f"{source} {stage.count('rows')}")
        yield
        held.append(f"{source} {stage.count('rows')}")

    stage.poll(ScriptedSource([LIST]), hold=hold)
    assert held[-2:] == ["campus 0", "campus 2"]


def test_a_poll_is_recorded_with_what_it_came_to(stage: Stage) -> None:
    after = [Leaf(rows=[row("1", status="started")], note="one page only")]
    source = ScriptedSource([pages([row("1")]), after])
    stage.poll(source)
    stage.poll(source)
    assert stage.report is not None
    record = stage.report.record
    assert (record.outcome, record.pages, record.rows, record.changed, record.events) == (
        PollOutcome.COMPLETE,
        1,
        1,
        1,
        1,
    )
    assert (record.started_at, record.error, stage.report.notes) == (START + 2 * INTERVAL, "", ("one page only",))


def test_two_sources_know_nothing_of_each_other(stage: Stage) -> None:
    stage.poll(ScriptedSource([LIST]))
    told = stage.poll(ScriptedSource([pages([row("1", status="ended")])], name="other"))
    assert "conversation.ended" not in types(told)
    assert ("source.baseline", "other") in named(told)
    assert stage.presence("2") == "listed"
