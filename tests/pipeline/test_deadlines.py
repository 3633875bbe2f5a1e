"""What falls due is told from the stored snapshot."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.pipeline.fakes_source import Script, ScriptedSource, pages, row
from tests.pipeline.stage import INTERVAL, MINUTE, START, Stage, named, types
from watcher.domain.errors import SourceError
from watcher.domain.event import Event, EventType
from watcher.pipeline.deadlines import BATCH, Bell, fire_due
from watcher.sources.onq import ONQ
from watcher.store.alarms import SqliteAlarms

HOUR = timedelta(hours=1)
CLOSE = START + 48 * HOUR
LEADS = {EventType.REGISTRATION_CLOSING: (24 * HOUR, HOUR), EventType.QUESTIONS_WAITING: (24 * HOUR,)}


def closing(*hours: float, **fields: object) -> Script:
    """Rows whose registration closes so many hours after the start."""
    return pages(
        [
            row(str(place), register_status="open", close_on=(START + number * HOUR).isoformat(), **fields)
            for place, number in enumerate(hours)
        ]
    )


def poll(stage: Stage, *scripts: Script, after: timedelta = timedelta()) -> list[Event]:
    """Poll once for each script, and return what the last poll told."""
    source, told = ScriptedSource(list(scripts)), list[Event]()
    for _ in scripts:
        told = stage.poll(source, leads=LEADS, after=after)
    return told


def rings(stage: Stage, *hours: float) -> Sequence[list[str]]:
    """What is told at some hours after the start."""
    return [types(stage.ring(START + hour * HOUR - stage.now)) for hour in hours]


def test_each_lead_is_told_once_and_then_the_close(stage: Stage) -> None:
    poll(stage, closing(48))
    assert rings(stage, 23, 24, 24.5, 47, 47.5, 48, 48.5, 100) == [
        [],
        ["registration.closing"],
        [],
        ["registration.closing"],
        [],
        ["registration.closed"],
        [],
        [],
    ]


def test_after_downtime_only_the_nearest_is_told_and_marked_late(stage: Stage) -> None:
    poll(stage, closing(48))
    (event,) = stage.ring(47 * HOUR + 30 * MINUTE)
    assert event.details == {
        "late": True,
        "deadline": {"at": "2026-11-25T08:00:00Z", "lead": "1h", "seconds_left": 1800},
    }


def test_after_the_instant_nothing_warns_and_the_close_is_told(stage: Stage) -> None:
    poll(stage, closing(48))
    (event,) = stage.ring(50 * HOUR)
    assert (event.type, event.details["reason"], event.details["late"]) == ("registration.closed", "deadline", True)


def test_deadlines_fire_while_the_api_is_down(stage: Stage) -> None:
    poll(stage, closing(48), [SourceError("503")])
    assert rings(stage, 24) == [["registration.closing"]]


def test_a_baseline_takes_what_has_passed_as_told(stage: Stage) -> None:
    poll(stage, closing(12, -12))
    assert rings(stage, 0.5, 11) == [[], ["registration.closing"]]


def test_a_moved_deadline_warns_again(stage: Stage) -> None:
    source = ScriptedSource([closing(25), closing(75)])
    stage.poll(source, leads=LEADS)
    assert rings(stage, 1) == [["registration.closing"]]
    assert types(stage.poll(source, leads=LEADS)) == ["registration.rescheduled"]
    assert rings(stage, 24, 51) == [[], ["registration.closing"]]


def test_a_close_that_its_status_has_told_is_not_told_by_its_date(stage: Stage) -> None:
    source = ScriptedSource([closing(48), closing(48, status="started"), closing(48)])
    stage.poll(source, leads=LEADS)
    closed = ScriptedSource([pages([row("0", register_status="closed", close_on=CLOSE.isoformat())])])
    assert types(stage.poll(closed, leads=LEADS)) == ["registration.closed"]
    assert rings(stage, 24, 48, 49) == [[], [], []]


def test_a_close_that_its_date_has_told_is_not_told_by_its_status(stage: Stage) -> None:
    poll(stage, closing(48))
    assert rings(stage, 48) == [["registration.closed"]]
    closed = ScriptedSource([pages([row("0", register_status="closed", close_on=CLOSE.isoformat())])])
    assert types(stage.poll(closed, leads=LEADS)) == []


def test_questions_that_stay_open_are_told_once(stage: Stage) -> None:
    poll(stage, closing(2000, open_questions_count=1))
    assert rings(stage, 23, 24.5, 60) == [[], ["questions.waiting"], []]


def test_questions_that_were_answered_wait_anew(stage: Stage) -> None:
    scripts = [closing(2000, open_questions_count=count) for count in (1, 0, 1)]
    source = ScriptedSource(list(scripts))
    for _ in scripts:
        stage.poll(source, leads=LEADS, after=10 * HOUR)
    assert rings(stage, 35, 54.5) == [[], ["questions.waiting"]]


def test_a_source_that_is_no_longer_watched_is_left_alone(stage: Stage) -> None:
    poll(stage, closing(25))
    assert stage.ring(2 * HOUR, apis={}) == []
    assert stage.ring(apis={"other": ONQ}) == []
    assert types(stage.ring()) == ["registration.closing"]


def test_more_than_a_batch_fires_each_once(stage: Stage) -> None:
    many = BATCH * 2 + 1
    poll(stage, closing(*[25] * many))
    told = stage.ring(2 * HOUR)
    assert len({event.subject for event in told}) == len(told) == many
    assert stage.ring() == []


def test_a_deadline_is_about_its_conversation_and_between_no_reads(stage: Stage) -> None:
    poll(stage, closing(25))
    (event,) = stage.ring(2 * HOUR)
    assert (event.subject, event.between) == ("0", None)
    assert event.conversation == stage.conversation("0")
    assert named([event]) == [("registration.closing", "0")]


def test_each_event_owes_what_the_rules_say(stage: Stage) -> None:
    poll(stage, closing(25))
    owed = stage.count("deliveries")
    stage.channels = (("ops", "all of it"),)
    stage.ring(2 * HOUR)
    assert stage.count("deliveries") == owed + 1


def test_the_rows_of_a_source_are_held_while_its_deadlines_fire(stage: Stage) -> None:
    poll(stage, closing(25))
    held: list[str] = []

    def hold(source: str) -> AbstractContextManager[None]:
        held.append(source)
        return nullcontext()

    bell = Bell(apis={"campus": ONQ}, route=lambda _event: (), ruleset="", now=lambda: stage.now, hold=hold)
    assert fire_due(SqliteAlarms(stage.database), bell) == 0
    assert held == []  # nothing is due
    assert fire_due(SqliteAlarms(stage.database), replace(bell, now=lambda: START + 2 * HOUR)) == 1
    assert held == ["campus"]


@pytest.mark.parametrize(("passed", "is_late"), [(2 * INTERVAL, False), (2 * INTERVAL + MINUTE, True)])
def test_late_is_more_than_two_intervals(stage: Stage, passed: timedelta, is_late: bool) -> None:
    poll(stage, closing(48))
    (event,) = stage.ring(24 * HOUR + passed)
    assert event.details["late"] is is_late


def test_what_fires_together_is_of_one_moment(stage: Stage) -> None:
    poll(stage, closing(*[48] * 40))
    later = (START + 24 * HOUR + timedelta(milliseconds=count) for count in range(10_000))
    bell = Bell(
        apis={"campus": ONQ},
        route=lambda _event: (),
        ruleset="",
        now=lambda: next(later),
        hold=lambda _source: nullcontext(),
    )
    assert fire_due(SqliteAlarms(stage.database), bell) == 40
    times = stage.database.connection().execute("SELECT DISTINCT time_ms FROM events WHERE type LIKE '%closing'")
    assert len(times.fetchall()) == 1
