"""What stays true is told again, through the real outbox, until it is over."""

from datetime import UTC, time, timedelta

import pytest

from tests.pipeline.office import AGAIN, ASKED, CLEARED, DAY, DOWN, GONE, HOUR, MINUTE, TO_LEADS, Office, rule
from tests.pipeline.stage import START, Stage
from watcher.domain.digest import Digest
from watcher.domain.quiet import QuietHours
from watcher.domain.throttle import Throttle


def test_what_stays_true_is_told_again_and_again(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    assert office.titles() == {"chat": [ASKED]}
    assert office.states() == [("chat", "first", "delivered"), ("chat", "repeat 1", "held")]
    assert office.titles(after=4 * HOUR - MINUTE) == {}
    (reminder,) = office.send(after=MINUTE)["chat"]
    assert reminder.title == f"Still: {ASKED}"
    assert reminder.body.startswith("reminder 1 · still true: open_questions_count is 1 · campus · ")
    assert office.titles(after=DAY - MINUTE) == {}
    assert office.send(after=MINUTE)["chat"][0].body.startswith("reminder 2 · ")
    assert office.send(after=DAY)["chat"][0].body.startswith("reminder 3 · ")


def test_it_ends_when_it_is_over(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    office.rules = []  # nobody is told of the end, and no event of it is followed
    office.asks(a=0)
    assert office.titles() == {"chat": [CLEARED]}
    assert office.titles(after=90 * DAY) == {}
    (reason,) = office.reasons("obsolete")
    assert reason.startswith("over since questions.cleared, ")


def test_a_newer_event_about_the_same_takes_over(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    office.asks(a=3)
    office.send(after=3 * HOUR)
    waiting = [one for one in office.deliveries() if one.state.value == "held"]
    assert [str(one.stage) for one in waiting] == ["repeat 1"]
    assert office.reasons("obsolete") == [f"a newer one was told: {waiting[0].event_id[:8]}"]
    assert office.titles(after=4 * HOUR) == {"chat": ["Still: 2 new open questions in “Course a” (3 open)"]}


def test_a_silence_mutes_a_reminder_and_it_comes_again_after_it(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    office.silence("a", 5 * HOUR)
    assert office.titles(after=4 * HOUR) == {}
    assert office.states() == [
        ("chat", "first", "delivered"), ("chat", "repeat 1", "silenced"), ("chat", "repeat 2", "held"),
    ]  # fmt: skip
    assert office.send(after=DAY)["chat"][0].body.startswith("reminder 2 · ")


def test_a_rule_that_repeats_no_more_is_obeyed_though_nothing_else_is_timed(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    office.change()
    assert office.arranger().is_plain
    assert office.titles(after=4 * HOUR) == {}
    assert office.reasons("obsolete") == ["its rule has no repeat for it any more"]


def test_reminders_of_one_rule_are_one_message_and_each_is_told_again(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1, b=2)
    office.send()
    (reminder,) = office.send(after=4 * HOUR)["chat"]
    assert reminder.title == "2 things are still so in 2 conversations (campus)"
    assert "(1 open) — still true: open_questions_count is 1" in reminder.body
    office.asks(a=0)
    assert office.titles(after=DAY) == {"chat": [CLEARED, "Still: 2 new open questions in “Course b” (2 open)"]}


def test_what_a_digest_told_is_repeated_without_waiting_for_another(stage: Stage) -> None:
    office = Office(stage, [rule(digest=Digest(span=15 * MINUTE, at=(), zone=UTC), **AGAIN)])
    office.asks(a=1, b=1)
    assert office.titles() == {}
    assert office.titles(after=15 * MINUTE) == {"chat": ["2 things happened in 2 conversations (campus)"]}
    assert office.titles(after=4 * HOUR) == {"chat": ["2 things are still so in 2 conversations (campus)"]}


def test_quiet_hours_and_throttle_hold_a_reminder_back(stage: Stage) -> None:
    night = QuietHours(start=time(START.hour + 4), end=time(START.hour + 6), days=frozenset(), zone=UTC)
    office = Office(stage, [rule(quiet=night, **AGAIN)])
    office.asks(a=1)
    office.send()
    assert office.titles(after=4 * HOUR + 30 * MINUTE) == {}
    assert office.titles(after=90 * MINUTE) == {"chat": [f"Still: {ASKED}"]}
    other = Office(stage, [rule("s", channels="pager", throttle=Throttle(most=1, span=6 * HOUR), repeat=(4 * HOUR,))])
    other.asks(a=5)
    other.send()
    assert other.titles(after=4 * HOUR) == {}
    assert list(other.titles(after=2 * HOUR)) == ["pager"]


def test_a_delivery_that_died_is_followed_by_nothing(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.opens("chat", GONE)
    office.asks(a=1)
    office.send()
    assert office.states() == [("chat", "first", "dead")]


@pytest.mark.parametrize("is_over", [False, True])
def test_a_reminder_that_was_cut_short_is_told_again_only_while_it_is_true(stage: Stage, is_over: bool) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    stage.now += 4 * HOUR
    assert office.kill_while_sending("chat")
    if is_over:
        office.asks(a=0)
    told = office.titles()
    assert told == {"chat": [CLEARED] if is_over else [f"Still: {ASKED}"]}


def test_a_reminder_that_comes_after_news_about_the_same_is_the_last_of_its_kind(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    stage.now += 4 * HOUR
    assert office.claim("chat")  # a worker that does not come back
    office.asks(a=3)
    office.send()
    assert office.titles(after=5 * MINUTE) == {"chat": [f"Still: {ASKED}"]}
    waiting = [(one.event_type, str(one.stage)) for one in office.deliveries() if one.state.value == "held"]
    assert waiting == [("questions.new", "repeat 1")]


def test_what_was_claimed_and_given_back_is_told_as_the_reminder_that_it_was(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)])
    office.asks(a=1)
    office.send()
    stage.now += 4 * HOUR
    claimed = office.claim("chat")
    assert claimed is not None
    office.outbox.give_back(claimed, stage.now)
    (message,) = office.send(after=2 * MINUTE)["chat"]
    assert (message.title, message.body.startswith("reminder 1 · ")) == (f"Still: {ASKED}", True)


def test_a_reminder_follows_a_clock_that_was_set_back(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN, **TO_LEADS)])
    office.asks(a=1)
    office.send()
    due = {one.channel: one.due_at for one in office.deliveries() if one.due_at}
    office.outbox.shift(-2 * HOUR)
    assert {one.channel: one.due_at for one in office.deliveries() if one.due_at} == {
        name: at - 2 * HOUR for name, at in due.items()
    }


def _reminder_that_failed(stage: Stage) -> Office:
    """A reminder of the messages of both courses, which the channel did not take."""
    office = Office(stage, [rule(events="messages.new", **AGAIN)])
    for number in (0, 2):
        for name in ("a", "b"):
            office.fields[name]["to_facilitator_count"] = number
        office.poll()
    office.send()
    office.opens("chat", DOWN)
    (failed,) = office.send(after=4 * HOUR)["chat"]
    assert failed.title == "2 things are still so in 2 conversations (campus)"
    office.opens("chat", None)
    return office


def test_a_reminder_that_failed_is_not_told_when_it_is_over_by_itself_and_what_it_carried_is(stage: Stage) -> None:
    office = _reminder_that_failed(stage)
    office.fields["a"]["to_facilitator_count"] = 0
    office.poll()
    assert office.titles() == {"chat": ["Still: 2 new messages to the facilitators of “Course b” (2 in all)"]}


def test_what_is_over_on_one_channel_is_replaced_on_the_other_as_ever(stage: Stage) -> None:
    office = Office(stage, [rule(events="messages.new", channels="chat mail", **AGAIN)])
    for number in (0, 2):
        office.fields["a"]["to_facilitator_count"] = number
        office.poll()
    office.opens("chat", None)
    office.opens("mail", DOWN, None)
    office.send()
    office.send(after=MINUTE)  # the mail is told a minute later, and reminded then
    office.fields["a"]["to_facilitator_count"] = 0
    office.poll(after=4 * HOUR - 2 * MINUTE)
    assert office.titles(after=MINUTE) == {}
    assert len(office.reasons("obsolete")) == 1
    office.fields["a"]["to_facilitator_count"] = 5
    office.poll(after=timedelta())
    office.send()
    waiting = [one.channel for one in office.deliveries() if one.state.value == "held"]
    assert sorted(waiting) == ["chat", "mail"]


def test_a_reminder_that_failed_says_of_each_thing_how_it_is_when_it_is_tried_again(stage: Stage) -> None:
    office = _reminder_that_failed(stage)
    office.fields["b"]["to_facilitator_count"] = 1
    office.poll()
    (told,) = office.send()["chat"]
    assert "still true: to_facilitator_count is 2" in told.body
    assert "still true: to_facilitator_count is 1" in told.body


def test_what_a_reminder_that_failed_carried_is_not_told_when_it_is_over_by_itself(stage: Stage) -> None:
    office = _reminder_that_failed(stage)
    office.fields["b"]["to_facilitator_count"] = 0
    office.poll()
    assert office.titles() == {"chat": ["Still: 2 new messages to the facilitators of “Course a” (2 in all)"]}
    assert office.reasons("obsolete") == ["over by now: to_facilitator_count is 0"]
    waiting = [one.subject for one in office.deliveries() if one.state.value == "held"]
    assert waiting == ["a"], "only what was told is told again"


@pytest.mark.parametrize("number", [0, 1])
def test_a_reminder_that_was_cut_short_says_how_it_is_when_it_is_told_again(stage: Stage, number: int) -> None:
    office = Office(stage, [rule(events="messages.new", **AGAIN)])
    for count in (0, 2):
        office.fields["a"]["to_facilitator_count"] = count
        office.poll()
    office.send()
    stage.now += 4 * HOUR
    assert office.kill_while_sending("chat")
    office.fields["a"]["to_facilitator_count"] = number
    office.poll(after=8 * HOUR)
    told = office.send().get("chat", [])
    assert ["still true: to_facilitator_count is 1" in message.body for message in told] == [True] * number
    tries = stage.database.connection().execute("SELECT outcome FROM attempts WHERE outcome <> 'delivered'").fetchall()
    assert [row[0] for row in tries] == ["unknown"]
