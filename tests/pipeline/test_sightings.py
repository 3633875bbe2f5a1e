"""What the changed rows of a read become."""

from datetime import timedelta
from typing import Any

import pytest

from tests.pipeline.fakes_source import Script, ScriptedSource, pages, row
from tests.pipeline.stage import INTERVAL, START, Stage, named, types
from watcher.domain.errors import SourceError
from watcher.domain.event import Between, EventType
from watcher.domain.listing import TornError

FULL = {"open_questions_count": 2, "to_facilitator_count": 1, "max_count": 0}


def polls(stage: Stage, *scripts: Script, **changes: Any) -> list[list[tuple[str, str]]]:
    """What each poll told, the baseline's left out."""
    source = ScriptedSource(list(scripts))
    return [named(stage.poll(source, **changes)) for _ in scripts][1:]


def one(**fields: Any) -> Script:
    return pages([row("1", **{**FULL, **fields}), row("2", **FULL)])


def test_each_change_of_a_row_is_told_and_a_row_that_stayed_is_not(stage: Stage) -> None:
    assert polls(stage, one(), one(open_questions_count=5), one(open_questions_count=5, status="ended")) == [
        [("questions.new", "1")],
        [("conversation.ended", "1")],
    ]


def test_a_count_that_rises_falls_and_rises_again_is_news_each_time(stage: Stage) -> None:
    source = ScriptedSource([one(open_questions_count=count) for count in (2, 5, 2, 5)])
    for _ in range(4):
        stage.poll(source)
    rises = [event.id for event in stage.told if event.type is EventType.QUESTIONS_NEW]
    assert len(set(rises)) == len(rises) == 2


def test_other_bytes_with_the_same_values_are_no_version(stage: Stage) -> None:
    spaced = ScriptedSource([pages([row("1", max_count=0)]), pages([row("1", max_count="0")])])
    stage.poll(spaced)
    assert stage.poll(spaced) == []
    assert stage.rows()["1"].rev == 1
    assert stage.report is not None
    assert stage.report.record.changed == 0


def test_a_row_seen_first_in_an_incomplete_read_waits_for_a_complete_one(stage: Stage) -> None:
    broken = [*pages([row("1", status="started"), row("3")]), SourceError("503")]
    assert polls(stage, pages([row("1")]), broken, pages([row("1", status="started"), row("3")])) == [
        [("conversation.started", "1")],  # what is known already is taken from a page that came whole
        [("conversation.opened", "3")],
    ]


def test_a_torn_read_updates_what_is_known_and_concludes_nothing_else(stage: Stage) -> None:
    torn = [*pages([row("1", status="ended")]), TornError("it moved")]
    assert polls(stage, pages([row("1"), row("2")]), torn, torn, torn)[0] == [("conversation.ended", "1")]
    assert stage.presence("2") == "listed"


def test_an_event_says_between_which_reads_it_happened(stage: Stage) -> None:
    source = ScriptedSource([one(), [SourceError("503")], one(status="ended")])
    stage.poll(source)
    stage.poll(source)
    (event,) = stage.poll(source)
    assert event.between == Between(after=START + INTERVAL, before=START + 3 * INTERVAL)
    assert event.time == START + 3 * INTERVAL


def test_an_event_links_to_its_conversation(stage: Stage) -> None:
    source = ScriptedSource([one(), one(status="ended")])
    stage.poll(source, link="https://h/{id}")
    (event,) = stage.poll(source, link="https://h/{id}")
    assert event.conversation is not None
    assert event.conversation.url == "https://h/1"


def test_a_removed_row_that_comes_back_as_it_was_has_returned(stage: Stage) -> None:
    there, gone = pages([row("1"), row("2")]), pages([row("2")])
    assert polls(stage, there, gone, gone, there, there) == [
        [],
        [("conversation.removed", "1")],
        [("conversation.returned", "1")],
        [],
    ]


def test_a_removed_row_that_comes_back_changed_says_both(stage: Stage) -> None:
    gone = pages([row("2")])
    back = pages([row("1", status="ended"), row("2")])
    assert polls(stage, pages([row("1"), row("2")]), gone, gone, back)[-1] == [
        ("conversation.returned", "1"),
        ("conversation.ended", "1"),
    ]


def test_a_row_missed_once_comes_back_without_a_word(stage: Stage) -> None:
    there, gone = pages([row("1"), row("2")]), pages([row("2")])
    assert polls(stage, there, gone, there, gone, there) == [[], [], [], []]


def test_a_list_that_grows_at_once_is_told_in_one_event(stage: Stage) -> None:
    many = pages([row(str(number), open_questions_count=3) for number in range(40)])
    source = ScriptedSource([pages([row("1", open_questions_count=3)]), many])
    stage.poll(source)
    (grown,) = stage.poll(source)
    assert grown.type is EventType.SOURCE_GROWN
    assert (grown.details["count"], len(grown.details["sample"])) == (39, 5)


def test_a_drift_is_told_once_a_field(stage: Stage) -> None:
    strange = one(status="paused"), one(status="paused", max_count="many"), one(status="halted", max_count="few")
    drifts = [kind for told in polls(stage, one(), *strange) for kind, _ in told if kind == "source.drift"]
    assert drifts == ["source.drift"] * 2


@pytest.mark.parametrize(
    ("close_on", "lead", "told"),
    [
        (timedelta(hours=2), timedelta(days=1), ["conversation.opened"]),  # and the lead that has passed, at once
        (timedelta(days=3), timedelta(days=1), ["conversation.opened"]),
    ],
)
def test_one_seen_first_after_the_baseline_arms_its_deadlines(
    stage: Stage, close_on: timedelta, lead: timedelta, told: list[str]
) -> None:
    new = row("3", close_on=(START + close_on).isoformat())
    source = ScriptedSource([pages([row("1")]), pages([row("1"), new])])
    leads = {EventType.REGISTRATION_CLOSING: (lead,)}
    stage.poll(source, leads=leads)
    assert types(stage.poll(source, leads=leads)) == told
    assert types(stage.ring()) == (["registration.closing"] if close_on < lead else [])
