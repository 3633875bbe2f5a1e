"""Who was told of something hears of its end, once, and is reminded of it no more."""

from datetime import UTC, time

from tests.pipeline.fakes_source import ScriptedSource
from tests.pipeline.office import AGAIN, ASKED, CLEARED, DAY, DOWN, GONE, HOUR, MINUTE, TO_LEADS, Office, rule
from tests.pipeline.stage import START, Stage
from watcher.domain.errors import SourceError
from watcher.domain.quiet import QuietHours
from watcher.domain.rule import Router


def test_everybody_who_was_told_hears_of_the_end_once(stage: Stage) -> None:
    office = Office(stage, [rule(channels="chat mail", **AGAIN, **TO_LEADS)])
    office.opens("mail", GONE)
    office.asks(a=1)
    office.send()
    office.send(after=DAY)
    office.asks(a=0)
    told = office.send()
    assert {name: [message.title for message in sent] for name, sent in told.items()} == {
        "chat": [CLEARED], "leads": [CLEARED],
    }  # fmt: skip
    assert told["chat"][0].body.startswith("ends what was told before · campus · ")


def test_where_the_end_is_news_anyway_that_is_the_message(stage: Stage) -> None:
    office = Office(stage, [rule(events="questions.*", **AGAIN)])
    office.asks(a=1)
    office.send()
    office.asks(a=0)
    assert office.titles() == {"chat": [CLEARED.removeprefix("Cleared: ")]}


def test_what_was_never_told_needs_no_end(stage: Stage) -> None:
    office = Office(stage, [rule(hold=HOUR, **AGAIN, **TO_LEADS)])
    office.asks(a=1)
    office.send()
    office.asks(a=0)
    assert office.titles(after=2 * DAY) == {}


def test_what_was_told_too_late_is_followed_by_its_end_alone(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.opens("chat", DOWN, None)
    office.asks(a=1)
    office.send()
    office.asks(a=0)
    assert office.titles(after=MINUTE) == {"chat": [ASKED, CLEARED]}
    assert office.titles(after=90 * DAY) == {}


def test_what_began_anew_before_its_end_could_be_told_is_not_told_as_over(stage: Stage) -> None:
    night = QuietHours(start=time(START.hour + 1), end=time(START.hour + 3), days=frozenset(), zone=UTC)
    office = Office(stage, [rule(quiet=night, **AGAIN)])
    office.asks(a=1)
    office.send()
    office.poll(after=HOUR)
    office.asks(a=0)
    assert office.titles() == {}
    office.asks(a=2)
    assert office.titles(after=2 * HOUR) == {"chat": ["2 new open questions in “Course a” (2 open)"]}
    assert "begun anew meanwhile: open_questions_count is 2" in office.reasons("obsolete")


def test_what_a_repeat_found_to_be_over_by_itself_needs_no_end(stage: Stage) -> None:
    office = Office(stage, [rule(events="unread.new messages.new", **AGAIN)])
    office.fields["a"]["to_facilitator_count"] = 0
    office.poll()
    office.fields["a"]["to_facilitator_count"] = 2
    office.poll()
    assert office.titles() == {"chat": ["2 new messages to the facilitators of “Course a” (2 in all)"]}
    office.fields["a"]["to_facilitator_count"] = 0
    office.poll()
    assert office.titles(after=4 * HOUR) == {}
    office.fields.pop("a")
    for _ in range(3):
        office.poll()
    assert office.titles(after=90 * DAY) == {}


def test_what_a_message_that_failed_carried_goes_on_when_its_first_event_is_over(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1, b=2)
    office.send()
    office.opens("chat", DOWN)
    office.send(after=4 * HOUR)
    assert {state for channel, kind, state in office.states() if kind == "repeat 1"} == {"failed", "merged"}
    office.opens("chat", None)
    office.asks(a=0)
    titles = office.titles()["chat"]
    assert sorted(titles) == [CLEARED, "Still: 2 new open questions in “Course b” (2 open)"]


def test_a_message_that_failed_leaves_out_what_is_over_since(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1, b=2)
    office.send()
    office.opens("chat", DOWN)
    office.send(after=4 * HOUR)
    office.opens("chat", None)
    office.asks(b=0)
    titles = office.titles(after=5 * MINUTE)["chat"]
    assert sorted(titles) == ["Cleared: No open questions left in “Course b” (before 2)", f"Still: {ASKED}"]


def test_a_source_that_fails_is_reminded_of_until_it_can_be_read(stage: Stage) -> None:
    office = Office(stage, [rule(events="source.failing", **AGAIN)])
    fails = ScriptedSource([[SourceError("no answer")]])
    for _ in range(3):
        stage.poll(fails, route=Router(office.rules).route)
    assert office.titles() == {"chat": ["campus cannot be read: no answer"]}
    assert office.titles(after=4 * HOUR) == {"chat": ["Still: campus cannot be read: no answer"]}
    office.poll()
    assert office.titles() == {"chat": ["Cleared: campus can be read again"]}
    assert office.titles(after=90 * DAY) == {}
