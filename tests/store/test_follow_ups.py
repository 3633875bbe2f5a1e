"""What is followed up, in SQLite: what an event ends, and that the rest of the history costs nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.store.outbox_contract import NOW, claim, make_event, settlement
from tests.store.stand import SqliteStand
from watcher.domain.event import Event, EventType
from watcher.domain.follow_up import follow
from watcher.domain.rule import Match
from watcher.domain.stage import escalation
from watcher.domain.timing import Timing
from watcher.domain.waiting import Followed, Waiting
from watcher.pipeline.outbox import Owed
from watcher.store.database import Database
from watcher.store.events import insert_owed
from watcher.store.follow_ups import find_escalated
from watcher.store.retention import prune

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
CHAT = Match(channel="chat", rule="r")
LEADS = Match(channel="leads", rule="r", stage=escalation(1), after=DAY)
TIMINGS = {"r": Timing(repeat=(DAY,))}


@pytest.fixture
def stand(database: Database) -> SqliteStand:
    return SqliteStand(database)


def asked(number: int, *, minute: int = 0, kind: EventType = EventType.QUESTIONS_NEW) -> Event:
    return make_event(number, kind=kind, time=NOW + minute * MINUTE)


def store(stand: SqliteStand, event: Event, *matches: Match) -> None:
    with stand.database.write() as connection:
        insert_owed(connection, Owed(event=event, deliveries=matches), None, None)


def tell(stand: SqliteStand, channel: str = "chat", *, minute: int = 1) -> tuple[Followed, ...]:
    now = NOW + minute * MINUTE
    found = claim(stand.outbox, now, channel=channel)
    followed = follow(found.parts, TIMINGS, now)
    assert stand.outbox.settle(found, replace(settlement(now), followed=followed))
    return followed


def states(stand: SqliteStand) -> list[tuple[str, str, str]]:
    found = stand.database.connection().execute("SELECT channel, stage, state FROM deliveries ORDER BY event, 1, 2")
    return [(row[0], row[1], row[2]) for row in found]


def count_followed(stand: SqliteStand) -> int:
    return int(stand.database.connection().execute("SELECT count(*) FROM followed").fetchone()[0])


def test_an_event_that_is_escalated_later_is_followed_from_the_start(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT, LEADS)
    assert count_followed(stand) == 1
    assert states(stand) == [("chat", "first", "pending"), ("leads", "escalation 1", "held")]
    assert stand.outbox.next_due("leads") == NOW + DAY


def test_an_event_that_nothing_follows_is_not_remembered(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT)
    assert count_followed(stand) == 0


def test_the_end_of_what_was_told_ends_what_follows_and_is_owed(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT, LEADS)
    tell(stand)
    store(stand, asked(0, minute=5, kind=EventType.QUESTIONS_CLEARED))
    assert states(stand) == [
        ("chat", "first", "delivered"), ("chat", "repeat 1", "obsolete"), ("leads", "escalation 1", "obsolete"),
        ("chat", "cleared", "pending"),
    ]  # fmt: skip
    assert count_followed(stand) == 0


@pytest.mark.parametrize(
    "ending",
    [
        asked(0, kind=EventType.QUESTIONS_CLEARED),  # of the same instant: it tells of the same state
        replace(asked(0, minute=5, kind=EventType.QUESTIONS_CLEARED), source="staff"),
        replace(asked(0, minute=5, kind=EventType.QUESTIONS_CLEARED), subject="1018"),
        asked(0, minute=5, kind=EventType.REGISTRATION_AVAILABLE),
    ],
)
def test_another_event_ends_nothing(stand: SqliteStand, ending: Event) -> None:
    store(stand, asked(3), CHAT)
    tell(stand)
    store(stand, ending)
    assert states(stand) == [("chat", "first", "delivered"), ("chat", "repeat 1", "held")]


def test_an_end_that_is_stored_twice_is_told_once(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT)
    tell(stand)
    for _ in range(2):
        store(stand, asked(0, minute=5, kind=EventType.QUESTIONS_CLEARED))
    assert states(stand)[2:] == [("chat", "cleared", "pending")]


def test_a_settlement_whose_lease_was_lost_owes_nothing(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT)
    slow = claim(stand.outbox, channel="chat")
    claim(stand.outbox, NOW + DAY, channel="chat", owner="two")
    followed = follow(slow.parts, TIMINGS, NOW)
    assert not stand.outbox.settle(slow, replace(settlement(NOW), followed=followed))
    assert (states(stand), count_followed(stand)) == ([("chat", "first", "sending")], 0)


def test_an_escalation_is_known_as_long_as_nothing_ended_its_episode(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT, LEADS)
    store(stand, asked(4, minute=2), LEADS)
    one = Waiting(
        id="x", event=asked(4, minute=2), rule="r", created_at=NOW, due_at=NOW, is_due=True, stage=escalation(1)
    )  # fmt: skip
    connection = stand.database.connection()
    assert find_escalated(connection, "leads", one) is None  # the first one waits still
    tell(stand, "leads", minute=24 * 60 + 1)
    past = find_escalated(connection, "leads", one)
    assert past is not None
    assert (past.event_id, past.told_at) == (asked(3).id, NOW + DAY + MINUTE)
    assert find_escalated(connection, "chat", one) is None
    assert find_escalated(connection, "leads", replace(one, stage=escalation(2))) is None
    assert find_escalated(connection, "leads", replace(one, event=asked(3))) is None
    store(stand, asked(0, minute=24 * 60 + 2, kind=EventType.QUESTIONS_CLEARED))
    assert find_escalated(connection, "leads", one) is None


def test_what_is_followed_goes_with_its_event_and_a_repeat_that_waits_keeps_it(stand: SqliteStand) -> None:
    store(stand, asked(3), CHAT)
    tell(stand)
    later = NOW + 100 * DAY
    assert prune(stand.database, later, DAY, DAY).events == 0
    with stand.database.write() as connection:
        connection.execute("UPDATE deliveries SET state = 'obsolete' WHERE stage = 'repeat 1'")
    assert prune(stand.database, later, DAY, DAY).events == 1
    assert count_followed(stand) == 0


@pytest.mark.parametrize(
    "query",
    [
        "_ENDED",
        "_OTHER_REPEATS",
        "_ESCALATED",
        "_TOLD",
        "_OPEN_REMINDERS",
        "_ENDING",
        "_BEFORE",
        "_REVIVE",
        "_FOLLOW_AGAIN",
    ],
)
def test_no_question_reads_a_whole_table(stand: SqliteStand, query: str) -> None:
    from watcher.store import follow_ups  # noqa: PLC0415 - its questions are its own

    sql = getattr(follow_ups, query)
    names = "source subject type types rule seq time channel stage event id now aside".split()
    bound = dict.fromkeys(names, "") if ":" in sql.replace("::", "") else ("",) * sql.count("?")
    plan = [row["detail"] for row in stand.database.connection().execute(f"EXPLAIN QUERY PLAN {sql}", bound)]
    tables = [step for step in plan if step.startswith("SCAN") and "json_each" not in step and "VIRTUAL" not in step]
    assert tables == []
