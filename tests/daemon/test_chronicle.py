from dataclasses import replace

import pytest

from tests.daemon.fakes_daemon import CLAIM, report_of
from watcher.daemon.chronicle import Chronicle
from watcher.domain.delivery import DeliveryState, Outcome
from watcher.pipeline.dispatch import Turn
from watcher.pipeline.poll import PollReport


def _poll(error: str = "", suspect: str = "") -> PollReport:
    good = report_of()
    return replace(good, record=replace(good.record, error=error), suspect=suspect)


def _turn(state: DeliveryState, reason: str = "why") -> Turn:
    return Turn(claim=CLAIM, outcome=Outcome(state=state, due_at=None, reason=reason))


def _heard(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message.partition(" ")[0] for record in caplog.records]


def test_a_source_in_trouble_is_told_once_and_its_recovery_too(caplog: pytest.LogCaptureFixture) -> None:
    chronicle = Chronicle()
    with caplog.at_level("INFO"):
        for error in ("", "no answer", "still none", "", ""):
            chronicle.poll("campus", _poll(error))
    assert _heard(caplog) == ["source.failed", "source.recovered"]
    assert "no answer" in caplog.text


def test_a_suspicion_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    chronicle = Chronicle()
    with caplog.at_level("INFO"):
        for suspect in ("30 of 40 vanished", "30 of 40 vanished", ""):
            chronicle.poll("campus", _poll(suspect=suspect))
    assert _heard(caplog) == ["source.suspect", "source.believed"]


def test_a_channel_in_trouble_is_told_once_and_concerns_the_others(caplog: pytest.LogCaptureFixture) -> None:
    chronicle = Chronicle()
    failed, delivered = DeliveryState.FAILED, DeliveryState.DELIVERED
    with caplog.at_level("INFO"):
        concerns = [chronicle.turn("mail", _turn(state)) for state in (delivered, failed, failed, delivered, delivered)]
    assert concerns == [False, True, True, True, False]
    assert _heard(caplog) == ["channel.failed", "channel.recovered"]


def test_a_dead_letter_is_told_each_time(caplog: pytest.LogCaptureFixture) -> None:
    chronicle = Chronicle()
    for _ in range(2):
        chronicle.turn("mail", _turn(DeliveryState.DEAD, "410 gone"))
    assert _heard(caplog).count("delivery.dead") == 2


def test_what_was_handed_to_a_backup_is_no_dead_letter_and_concerns_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handed = replace(_turn(DeliveryState.DEAD, "410 gone; handed to its backup 'chat'"), handed_to="chat")
    assert Chronicle().turn("mail", handed)
    assert _heard(caplog) == ["delivery.handed", "channel.failed"]
    assert "backup=chat" in caplog.text


def test_a_turn_without_a_delivery_is_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert not Chronicle().turn("mail", Turn())
    Chronicle().poll("campus", None)
    assert caplog.records == []
