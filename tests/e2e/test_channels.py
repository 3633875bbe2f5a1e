"""Who hears of what: each channel once, trouble the operator's, and never the channel that it is about."""

from datetime import timedelta

import pytest

from tests.stage import RULES, Stage
from watcher.lab import Receiver, onq_row

THREE_RULES = """
[[rules]]
name = "questions"
events = ["questions.*"]
channels = ["json", "mail"]
[[rules]]
name = "campus"
events = ["*.new"]
sources = ["campus"]
channels = ["mail", "json", "json"]
[[rules]]
name = "many"
events = ["*"]
where = { "change.delta" = ">= 3" }
channels = ["tag:all", "json"]
"""
ONLY_QUESTIONS = """
[[rules]]
name = "questions"
events = ["questions.new"]
channels = ["json", "mail"]
"""


def titles(receiver: Receiver) -> list[str]:
    return [arrival.json()["title"] for arrival in receiver.accepted()]


def ask(stage: Stage, number: int) -> None:
    stage.lab.onq.rows.update(1, open_questions_count=number)
    stage.poll()


def test_an_event_reaches_a_channel_once_however_many_rules_name_it(stage: Stage) -> None:
    stage.configure(rest='[channels.other]\nurl = "json://127.0.0.1:9"\ntags = ["all"]', rules=THREE_RULES)
    stage.learn(onq_row(1, name="Leading Change"), onq_row(2))
    ask(stage, 3)
    sent = [(delivery.channel, delivery.rule) for delivery in stage.deliveries()]
    assert sorted(sent) == [("json", "questions"), ("mail", "questions"), ("other", "many")]
    stage.deliver()
    stage.deliver()
    assert titles(stage.receiver) == ["3 new open questions in “Leading Change” (3 open)"]
    assert len(stage.mailbox.mails) == 1


def test_the_operator_hears_of_trouble_and_the_audience_does_not(stage: Stage) -> None:
    stage.configure(rules=ONLY_QUESTIONS)
    stage.learn(onq_row(1), onq_row(2))
    stage.lab.onq.faults.add("status", status=500, times=3)
    for _ in range(4):
        stage.poll()
    ask(stage, 1)
    stage.deliver()
    assert [title.split(":")[0] for title in titles(stage.pager)] == [
        "campus cannot be read",
        "campus can be read again",
    ]
    assert titles(stage.receiver) == ["1 new open question in “Leading Change” (1 open)"]


@pytest.mark.parametrize("rules", [ONLY_QUESTIONS, RULES])
def test_a_channel_fails_with_the_third_failed_attempt_in_a_row_and_hears_nothing_of_itself(
    stage: Stage, rules: str
) -> None:
    stage.configure(rules=rules)
    stage.learn(onq_row(1), onq_row(2))
    stage.deliver()
    stage.receiver.clear()
    stage.receiver.refuse(503)
    ask(stage, 1)
    stage.deliver()
    for number in (2, 3):
        assert stage.told("channel.*") == []
        stage.now += timedelta(minutes=6)
        stage.deliver()
        assert len(stage.receiver.arrivals()) == number
        stage.now += timedelta(minutes=30)
    (event,) = stage.events("channel.*")
    assert (event.type, event.subject, event.source) == ("channel.failing", "json", "json")
    stage.receiver.faults.clear()
    stage.now += timedelta(hours=3)
    stage.deliver()
    assert stage.told("channel.*") == [("channel.failing", "json"), ("channel.recovered", "json")]
    stage.deliver()
    said = {title.partition(":")[0] for title in titles(stage.pager)}
    assert said == {"Messages to channel json do not go out", "Messages to channel json go out again"}
    assert [title for title in titles(stage.receiver) if "channel json" in title] == []
    assert {d.channel for d in stage.deliveries() if d.event_type.startswith("channel.")} <= {"mail", "pager"}


def test_one_permanent_error_is_enough_for_a_failing_channel(stage: Stage) -> None:
    stage.configure(rules=ONLY_QUESTIONS)
    stage.learn(onq_row(1), onq_row(2))
    stage.receiver.refuse(404)
    ask(stage, 1)
    stage.deliver()
    assert stage.told("channel.*") == [("channel.failing", "json")]
    assert {(d.channel, d.state.value) for d in stage.deliveries() if d.event_type == "questions.new"} == {
        ("json", "dead"),
        ("mail", "delivered"),
    }


def test_an_operator_channel_that_fails_is_told_to_nobody_but_the_log(stage: Stage) -> None:
    stage.configure(rules=ONLY_QUESTIONS)
    stage.learn(onq_row(1), onq_row(2))
    stage.pager.refuse(404)
    stage.lab.onq.rows.update(1, status="paused")
    stage.poll()
    stage.deliver()
    assert stage.told("channel.*") == [("channel.failing", "pager")]
    assert [d for d in stage.deliveries() if d.event_type == "channel.failing"] == []


def test_a_mail_server_that_refuses_does_not_hold_up_the_others(stage: Stage) -> None:
    stage.configure(rules=ONLY_QUESTIONS)
    stage.learn(onq_row(1), onq_row(2))
    stage.mailbox.answer = "451 come back later"
    ask(stage, 1)
    stage.deliver()
    assert titles(stage.receiver) == ["1 new open question in “Leading Change” (1 open)"]
    stage.mailbox.answer = "250 taken"
    stage.now += timedelta(minutes=1)
    stage.deliver()
    assert len(stage.mailbox.mails) == 1
    assert len(stage.receiver.arrivals()) == 1


def test_the_app_does_the_same_under_its_own_clock(stage: Stage) -> None:
    stage.lab.onq.rows.extend([onq_row(1, open_questions_count=1), onq_row(2)])
    assert stage.app.poll("campus").is_baseline
    stage.lab.onq.rows.update(1, open_questions_count=2)
    assert stage.app.poll("campus").record.events == 1
    assert stage.app.fire_deadlines() == 0
    assert [turn.outcome.state.value for turn in stage.app.deliver_due(lambda _: True) if turn.outcome] == [
        "delivered"
    ] * 4
    assert "1 new open question in “Leading Change” (2 open)" in titles(stage.receiver)
    assert len(stage.mailbox.mails) == 2
