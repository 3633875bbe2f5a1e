"""A course on OnQ and its discussion on OSN that a third system calls the same: one message about both."""

from datetime import timedelta

from tests.stage import Stage
from watcher.lab import onq_row, osn_row

RULES = """
[[rules]]
name = "by subject"
events = ["questions.new", "messages.new", "unread.new"]
channels = ["json"]
digest = "15m"
group_by = ["subject"]
"""


def learn(stage: Stage) -> None:
    stage.configure(rules=RULES)
    stage.learn(
        onq_row(1, name="Leading Change", status="started", external_code="LMS-7", open_questions_count=0),
        onq_row(2, name="Alone", status="started", external_code="", open_questions_count=0),
    )
    stage.learn(
        osn_row(1, name="Leading Change, talk", externalID="LMS-7", nUnread=0, nChats=0),
        osn_row(2, name="Alone, too", externalID="", nUnread=0, nChats=0),
        source="staff",
    )
    stage.deliver(is_arranged=True)
    stage.receiver.clear()


def test_one_message_tells_of_both_conversations_and_the_others_come_alone(stage: Stage) -> None:
    learn(stage)
    for number in ("1", "2"):
        stage.lab.onq.rows.update(number, open_questions_count=3)
        stage.lab.osn.rows.update(number, nUnread=2)
    stage.poll("campus")
    stage.poll("staff", after=timedelta())
    assert stage.deliver(is_arranged=True) == []
    stage.now += timedelta(minutes=15)
    stage.deliver(is_arranged=True)
    told = {arrival.json()["title"]: arrival.json()["message"] for arrival in stage.receiver.arrivals()}
    assert len(told) == 3
    joined = told["2 things happened with “Leading Change” (campus, staff)"]
    assert "• campus: 3 new open questions in “Leading Change”" in joined
    assert "• staff: " in joined
    assert "“Leading Change, talk”" in joined
