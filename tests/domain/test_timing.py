"""Timing: which events of a rule belong to one digest."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from watcher.domain.digest import Digest
from watcher.domain.event import Event, EventType, Severity
from watcher.domain.quiet import QuietHours
from watcher.domain.throttle import Throttle
from watcher.domain.timing import Escalation, Grouping, Timing

EVENT = Event(
    id="e",
    source="campus",
    type=EventType.QUESTIONS_NEW,
    subject="1017",
    time=datetime(2026, 11, 23, tzinfo=UTC),
    severity=Severity.NOTICE,
)


@pytest.mark.parametrize(
    "by, group",
    [
        ([], ()),  # all of a rule's events are one group
        (["conversation"], ("campus", "1017")),  # an id alone may belong to two sources
        (["subject"], ("campus", "1017")),  # of which no third system knows
        (["source"], ("campus",)),
        (["type"], ("questions.new",)),
        (["severity"], ("notice",)),
        (["rule"], ("r",)),
        (["type", "conversation"], ("questions.new", "campus", "1017")),
    ],
)
def test_a_group_is_what_its_events_have_in_common(by: list[str], group: tuple[str, ...]) -> None:
    assert Timing(group_by=tuple(map(Grouping, by))).group_of(EVENT, "r") == group


HOUR = timedelta(hours=1)
NIGHT = QuietHours(start=time(22), end=time(8), days=frozenset({5, 6}), zone=UTC)


@pytest.mark.parametrize(
    "timing, longest",
    [
        (Timing(), 0 * HOUR),
        (
            Timing(hold=HOUR, digest=Digest(span=2 * HOUR, at=(), zone=UTC), throttle=Throttle(most=1, span=HOUR)),
            4 * HOUR,
        ),
        (Timing(digest=Digest(span=None, at=(time(8),), zone=UTC)), 48 * HOUR),
        (Timing(quiet=NIGHT), 74 * HOUR),
        (Timing(repeat=(4 * HOUR, 24 * HOUR)), (4 + 24 + 7 * 24) * HOUR),
        (
            Timing(escalate=(Escalation(after=HOUR, channels=("a",)), Escalation(after=9 * HOUR, channels=("b",)))),
            9 * HOUR,
        ),
    ],
)
def test_the_longest_wait_is_all_that_a_rule_may_wait_for(timing: Timing, longest: timedelta) -> None:
    assert timing.longest_wait == longest


def test_no_quiet_hours_last_longer_than_they_say() -> None:
    friday_night = datetime(2026, 10, 23, 20, tzinfo=UTC)  # on Sunday the clock of Berlin is set back
    quiet = replace(NIGHT, zone=ZoneInfo("Europe/Berlin"))
    until = quiet.quiet_until(friday_night)
    assert until is not None
    assert timedelta() < until - friday_night <= quiet.longest
