"""Lives that a replay once told otherwise: each was found by chance, and is tried every time."""

from datetime import timedelta

from tests.pipeline.fakes_source import Fields
from tests.pipeline.lives import MINUTE, QUIET, Listed, live
from watcher.config.pattern import LinearPattern
from watcher.domain.matcher import parse_matcher
from watcher.domain.rule import Rule
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Escalation, Timing

EARLIER, LATER = "2026-11-23T08:30:00Z", "2026-11-23T08:50:00Z"


def test_a_close_that_is_put_off_and_comes_back_to_a_date_that_was_told() -> None:
    timing = Timing(throttle=Throttle(most=2, span=20 * MINUTE), repeat=(5 * MINUTE,))
    polls: list[tuple[Listed | None, int]] = [
        *[(None, minutes) for minutes in (1, 1, 3, 1, 1, 9)],
        ({"a": has()}, 2),
        ({"a": has(to_facilitator_count=1), "c": has(close_on=EARLIER)}, 6),
        ({"a": has(), "b": has(), "c": has(close_on=LATER)}, 5),
        ({"a": has(), "b": has(), "c": has(close_on=EARLIER)}, 1),
    ]
    live([Rule(name="r", events=("*",), channels=("chat",), timing=timing)], polls)


def test_two_rules_that_tell_one_channel_of_one_event_at_one_instant() -> None:
    steps = (Escalation(after=4 * MINUTE, channels=("chat",)), Escalation(after=9 * MINUTE, channels=("leads", "mail")))
    polls: list[tuple[Listed | None, int]] = [
        *[(None, minutes) for minutes in (1, 4, 9, 9)],
        ({"a": has(), "b": has(open_questions_count=1)}, 5),
        (None, 9),
        ({"a": has()}, 1),
        ({"a": has()}, 1),
    ]
    timings = (
        Timing(quiet=QUIET, escalate=steps),
        Timing(quiet=QUIET, escalate=(Escalation(after=6 * MINUTE, channels=("leads",)),)),
    )
    live([rule(name, timing, "chat") for name, timing in zip(("r", "s"), timings, strict=True)], polls)


def test_the_repeats_of_another_rule_are_not_those_of_a_newer_event() -> None:
    again = (5 * MINUTE,)
    rises = parse_matcher("change.delta", ">= 2", LinearPattern)
    polls: list[tuple[Listed | None, int]] = [
        ({"a": has(), "b": has(), "c": has(open_questions_count=count)}, 1) for count in (1, 3)
    ]
    escalating = Timing(repeat=again, escalate=(Escalation(after=timedelta(minutes=6), channels=("leads",)),))
    first = Rule(name="r", events=("*",), channels=("mail",), where=(rises,), timing=Timing(repeat=again))
    live([first, rule("s", escalating, "mail")], polls)


def rule(name: str, timing: Timing, channel: str) -> Rule:
    return Rule(name=name, events=("*",), channels=(channel,), timing=timing)


def has(**fields: object) -> Fields:
    """What a row has; everything else is as in most rows."""
    usual = {
        "open_questions_count": 0,
        "to_facilitator_count": 0,
        "status": "open",
        "register_status": "available",
        "content_name": "a",
        "close_on": None,
    }
    return {**usual, **fields}
