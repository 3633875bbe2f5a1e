"""What waits when the rules change: it is told as the present ones would have it, and never lost or told in a flood."""

from datetime import UTC, timedelta

from tests.pipeline.office import AGAIN, ASKED, DAY, HOUR, MINUTE, TO_LEADS, Office, rule, step
from tests.pipeline.stage import Stage
from watcher.domain.digest import Digest

SPAN = Digest(span=15 * MINUTE, at=(), zone=UTC)


def test_a_digest_that_waits_is_one_message_though_nothing_is_timed_any_more(stage: Stage) -> None:
    office = Office(stage, [rule(digest=SPAN)])
    office.asks(a=1, b=2)
    assert office.titles() == {}
    office.change()
    assert office.arranger().is_plain
    assert office.titles(after=15 * MINUTE) == {"chat": ["2 things happened in 2 conversations (campus)"]}


def test_what_came_to_nothing_in_a_digest_is_not_told_though_nothing_is_timed_any_more(stage: Stage) -> None:
    office = Office(stage, [rule(digest=SPAN, events="questions.*")])
    office.asks(a=1)
    office.titles()
    office.asks(a=0)
    office.titles()
    office.change()
    assert office.titles(after=timedelta(hours=1)) == {}


def test_what_waits_for_its_proof_is_told_only_if_it_is_true_though_nothing_is_timed_any_more(stage: Stage) -> None:
    office = Office(stage, [rule(hold=10 * MINUTE)])
    office.asks(a=1, b=1)
    assert office.titles() == {}
    office.change()
    office.asks(b=0)
    assert office.titles(after=10 * MINUTE) == {"chat": [ASKED]}


def test_escalations_and_reminders_of_a_rule_that_has_none_end_with_a_reason(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN, **TO_LEADS)])
    office.asks(a=1)
    office.send()
    office.change()
    assert office.titles(after=2 * DAY) == {}
    assert sorted(office.reasons("obsolete")) == [
        "its rule has no escalation for it any more",
        "its rule has no repeat for it any more",
    ]
    assert office.titles(after=HOUR) == {}


def test_an_escalation_goes_to_whom_its_rule_names_when_it_is_due(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.asks(a=1)
    office.send()
    office.change(escalate=(step(DAY, "boss deputy"),))
    office.readdress()
    assert office.reasons("obsolete") == ["its rule escalates to boss, deputy now"]
    assert office.titles(after=DAY - MINUTE) == {}
    escalated = [f"Escalated: {ASKED}"]
    assert office.titles(after=MINUTE) == {"boss": escalated, "deputy": escalated}
    office.readdress()
    assert office.titles(after=DAY) == {}


def test_an_escalation_to_a_channel_that_stays_is_left_as_it_is(stage: Stage) -> None:
    office = Office(stage, [rule(escalate=(step(DAY, "leads boss"),))])
    office.asks(a=1)
    office.send()
    office.change(escalate=(step(DAY, "boss"),))
    office.readdress()
    assert office.titles(after=DAY) == {"boss": [f"Escalated: {ASKED}"]}


def test_an_escalation_that_has_no_step_and_no_channel_any_more_ends(stage: Stage) -> None:
    office = Office(stage, [rule(**TO_LEADS)])
    office.asks(a=1)
    office.send()
    office.change()
    office.readdress()
    assert office.reasons("obsolete") == [], "while the channel is there it is judged when it is due"
    office.channels.pop("leads")
    office.readdress()
    assert office.reasons("obsolete") == ["its rule has no escalation for it any more"]
