"""What a channel cannot take goes to its backup, once, and never the backup's own trouble."""

from dataclasses import replace

import pytest

from tests.domain.facts import NOW
from tests.domain.tellings import event
from watcher.domain.delivery import Attempt, DeliveryState, Outcome, after_attempt
from watcher.domain.handover import Handover, end, hand_over, say_handover
from watcher.domain.stage import repeat
from watcher.domain.waiting import Part

NEWS = Part(event=event(0, "questions.new"), rule="r", stage=repeat(2))
OWN = Part(event=replace(event(1, "channel.failing"), source="mail", subject="mail"), rule="r")
REFUSED = Attempt(number=2, started_at=NOW, ended_at=NOW, error="refused")
GONE = replace(REFUSED, error="410", is_permanent=True)


def handed(attempt: Attempt, *parts: Part, is_failing: bool = False) -> Handover | None:
    outcome = after_attempt(attempt, jitter=0)
    return hand_over(outcome, parts or (NEWS,), channel="slack", backup="mail", is_failing=is_failing)


@pytest.mark.parametrize(
    "attempt, is_failing, is_handed",
    [
        (replace(REFUSED, error=""), False, False),
        (replace(REFUSED, error=""), True, False),
        (REFUSED, False, False),  # it is tried again by itself
        (REFUSED, True, True),
        (GONE, False, True),
        (replace(REFUSED, number=8), False, True),
    ],
)
def test_what_died_or_meets_a_failing_channel_is_handed_over(
    attempt: Attempt, is_failing: bool, is_handed: bool
) -> None:
    assert (handed(attempt, is_failing=is_failing) is not None) is is_handed


def test_rule_and_stage_stay_and_a_note_says_in_whose_place() -> None:
    found = handed(GONE)
    assert found is not None
    (part,) = found.parts
    assert (part.event, part.rule, part.stage) == (NEWS.event, "r", repeat(2))
    assert part.note == "instead of slack, which does not take messages"


def test_the_note_of_a_backups_backup_names_the_channel_that_was_meant() -> None:
    found = handed(GONE, replace(NEWS, note="instead of sms, which does not take messages"))
    assert found is not None
    assert found.parts[0].note == "instead of sms, which does not take messages"


def test_a_backup_is_never_handed_its_own_trouble() -> None:
    assert handed(GONE, OWN) is None
    mixed = handed(GONE, NEWS, OWN)
    assert mixed is not None
    assert ([part.event for part in mixed.parts], mixed.left_out) == ([NEWS.event], 1)


def test_a_delivery_that_was_handed_over_is_dead_and_says_why() -> None:
    dead = Outcome(state=DeliveryState.DEAD, due_at=None, reason="gave up")
    assert end(dead, GONE) == dead
    ended = end(after_attempt(REFUSED, jitter=0), REFUSED)
    assert (ended.state, ended.due_at) == (DeliveryState.DEAD, None)
    assert ended.reason == "attempt 2 failed, and the channel is failing: refused"


@pytest.mark.parametrize(
    "parts, left_out, owed, said",
    [
        (1, 0, 1, "handed to its backup 'mail'"),
        (1, 0, 0, "its backup 'mail' has it already"),
        (3, 0, 1, "handed to its backup 'mail', but for 2 that it has already"),
        (2, 1, 2, "handed to its backup 'mail', but for 1 about itself"),
        (3, 1, 2, "handed to its backup 'mail', but for 1 that it has already and 1 about itself"),
    ],
)
def test_the_reason_says_what_the_backup_got(parts: int, left_out: int, owed: int, said: str) -> None:
    assert say_handover(Handover(backup="mail", parts=(NEWS,) * parts, left_out=left_out), owed) == said
