"""What a channel cannot take is told by its backup, which goes on with it."""

from datetime import UTC

from tests.pipeline.office import AGAIN, ASKED, CLEARED, DOWN, GONE, HOUR, MINUTE, Office, rule
from tests.pipeline.stage import Stage
from watcher.domain.digest import Digest
from watcher.store.dead_letters import retry


def test_what_died_is_told_by_the_backup_which_goes_on_with_it(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)], backups={"chat": "mail"})
    office.opens("chat", GONE)
    office.asks(a=1)
    told = office.send()
    (message,) = told["mail"]
    assert message.title == ASKED
    assert message.body.startswith("instead of chat, which does not take messages · campus · ")
    assert office.reasons("dead") == ["a repetition cannot help: the service answered 410; handed to its backup 'mail'"]
    assert office.titles(after=4 * HOUR) == {"mail": [f"Still: {ASKED}"]}
    office.asks(a=0)
    assert office.titles() == {"mail": [CLEARED]}


def test_a_failing_channel_is_tried_once_a_message_until_it_takes_one(stage: Stage) -> None:
    office = Office(stage, [rule()], backups={"chat": "mail"})
    office.opens("chat", DOWN)
    office.asks(a=1)
    office.send()
    assert office.states() == [("chat", "first", "failed")]  # it is not failing yet
    office.send(after=5 * MINUTE)
    assert "mail" in office.send(after=30 * MINUTE)
    for number in (2, 3):
        office.asks(a=number)
        before = len(office.channels["chat"].sent)
        assert list(office.send()) == ["chat", "mail"]
        assert len(office.channels["chat"].sent) == before + 1
    office.opens("chat", None)
    office.asks(a=4)
    assert list(office.titles()) == ["chat"]


def test_what_the_backup_has_already_is_not_handed_to_it(stage: Stage) -> None:
    office = Office(stage, [rule(channels="chat mail")], backups={"chat": "mail"})
    office.opens("chat", GONE)
    office.asks(a=1)
    assert office.titles() == {"chat": [ASKED], "mail": [ASKED]}
    assert office.reasons("dead")[0].endswith("; its backup 'mail' has it already")


def test_a_digest_is_handed_over_whole(stage: Stage) -> None:
    office = Office(stage, [rule(digest=Digest(span=15 * MINUTE, at=(), zone=UTC))], backups={"chat": "mail"})
    office.opens("chat", GONE)
    office.asks(a=1, b=1)
    office.send()
    (message,) = office.send(after=15 * MINUTE)["mail"]
    assert message.title == "2 things happened in 2 conversations (campus)"
    assert message.body.startswith("instead of chat, which does not take messages · 2 × new questions")


def test_backups_are_asked_one_after_another(stage: Stage) -> None:
    office = Office(stage, [rule()], backups={"chat": "mail", "mail": "sms"})
    office.opens("chat", GONE)
    office.opens("mail", GONE)
    office.asks(a=1)
    assert office.send()["sms"][0].body.startswith("instead of chat, which does not take messages · ")


def test_a_dead_one_that_was_handed_over_may_be_tried_again(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)], backups={"chat": "mail"})
    office.opens("chat", GONE)
    office.asks(a=1)
    office.send()
    retry(stage.database, stage.now)
    assert list(office.titles()) == ["chat"]
    assert office.reasons("dead")[0].endswith("; its backup 'mail' has it already")
    office.opens("chat", None)
    retry(stage.database, stage.now)
    assert office.titles() == {"chat": [ASKED]}
    assert ("chat", "repeat 1", "held") in office.states()


def test_a_backup_that_reminds_of_something_newer_is_not_handed_the_older_reminder(stage: Stage) -> None:
    office = Office(stage, [rule(**AGAIN)], backups={"chat": "mail"})
    office.asks(a=1)
    office.send()
    office.opens("chat", GONE)
    stage.now += HOUR
    office.asks(a=3)
    assert list(office.titles()) == ["chat", "mail"]
    office.send(after=3 * HOUR)
    assert sum(reason.endswith("; its backup 'mail' has it already") for reason in office.reasons("dead")) == 1
    assert ("mail", "repeat 1", "held") in office.states()
    assert office.titles(after=HOUR + MINUTE)["mail"] == ["Still: 2 new open questions in “Course a” (3 open)"]


def test_trouble_of_the_backup_is_told_to_others_by_its_own_rules_only(stage: Stage) -> None:
    office = Office(stage, [rule(), rule("ops", "channel.failing", "chat pager")], backups={"chat": "mail"})
    office.opens("chat", GONE)
    office.opens("mail", GONE)
    office.asks(a=1)
    told = office.titles()
    assert told["pager"] == [
        "Messages to channel chat do not go out: the service answered 410",
        "Messages to channel mail do not go out: the service answered 410",
    ]
    about_mail = [one for one in office.deliveries() if one.event_type == "channel.failing" and one.subject == "mail"]
    assert {one.channel for one in about_mail} == {"chat", "pager"}
