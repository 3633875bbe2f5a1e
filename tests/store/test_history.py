"""What the history says of a state, read by a connection that cannot write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.store.outbox_contract import LEASE, NOW, claim, make_event, settle
from tests.store.stand import SqliteStand
from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline, DeadlineState
from watcher.domain.delivery import DeliveryState
from watcher.domain.errors import NotFoundError
from watcher.domain.event import EventType
from watcher.domain.state import State
from watcher.pipeline.snapshots import PollOutcome, PollRecord
from watcher.store.database import Database, open_read_only
from watcher.store.dead_letters import drop
from watcher.store.due import WAITING
from watcher.store.history import History
from watcher.store.history_events import BATCH, EventFilter

HOUR = timedelta(hours=1)
ALL = EventFilter()


@pytest.fixture
def stand(database: Database) -> SqliteStand:
    return SqliteStand(database)


@pytest.fixture
def history(database: Database) -> Iterator[History]:
    with open_read_only(database.path) as connection:
        yield History(connection)


def make_conversation(conversation_id: str, name: str = "Leading Change") -> Conversation:
    return Conversation(id=conversation_id, name=name, state=State.OPEN, reason=None, fields={"type": "course"})


def test_the_connection_cannot_write(database: Database) -> None:
    with open_read_only(database.path) as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM events")


def test_the_name_of_the_folder_means_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a?mode=rw#b%20c" / "watcher.db"
    Database(path).close()
    with open_read_only(path) as connection:
        assert History(connection).sources.all() == []


def test_events_come_oldest_first_and_whole(stand: SqliteStand, history: History) -> None:
    late, early = make_event(1, time=NOW), make_event(2, time=NOW - HOUR)
    for event in (late, early):
        stand.owe(event, due_at=NOW)
    assert [logged.event for logged in history.events.read(ALL)] == [early, late]


def test_a_log_of_many_batches_is_read_to_its_end_once(stand: SqliteStand, history: History) -> None:
    with stand.database.write() as connection:
        connection.executemany(
            """INSERT INTO events(id, source, type, subject, time_ms, severity, details)
                VALUES(?, 'campus', 'source.drift', 'campus', ?, 'warning', '{}')""",
            [(f"{number:032x}", number // 3) for number in range(2 * BATCH + 7)],
        )
    expected = list(range(1, 2 * BATCH + 8))
    assert [logged.seq for logged in history.events.read(ALL)] == expected
    assert [logged.seq for logged in history.events.read_after(0, ALL)] == expected
    assert [logged.seq for logged in history.events.read(ALL, limit=BATCH + 1)] == expected[-BATCH - 1 :]
    assert history.events.last_seq() == expected[-1]


@pytest.mark.parametrize(
    "wanted, numbers",
    [
        (EventFilter(), [1, 2, 3]),
        (EventFilter(since=NOW - HOUR), [2, 3]),  # the instant itself is in
        (EventFilter(types="questions.*"), [1, 3]),
        (EventFilter(types="*.new"), [1, 3]),
        (EventFilter(types="nothing"), []),
        (EventFilter(source="staff"), [2]),
        (EventFilter(since=NOW, types="questions.new", source="campus"), [3]),
    ],
)
def test_a_filter_keeps_what_is_meant(
    stand: SqliteStand, history: History, wanted: EventFilter, numbers: list[int]
) -> None:
    stand.owe(make_event(1, time=NOW - 2 * HOUR), due_at=NOW)
    stand.owe(replace(make_event(2, kind=EventType.REGISTRATION_OPENED, time=NOW - HOUR), source="staff"), due_at=NOW)
    stand.owe(make_event(3), due_at=NOW)
    assert [logged.seq for logged in history.events.read(wanted)] == numbers
    assert [logged.seq for logged in history.events.read(wanted, limit=1)] == numbers[-1:]


def test_what_is_stored_later_follows_whatever_its_time(stand: SqliteStand, history: History) -> None:
    stand.owe(make_event(1), due_at=NOW)
    last = history.events.last_seq()
    stand.owe(make_event(2, time=NOW - HOUR), due_at=NOW)
    assert [logged.event.time for logged in history.events.read_after(last, ALL)] == [NOW - HOUR]


def test_an_event_is_found_by_the_beginning_of_its_id(stand: SqliteStand, history: History) -> None:
    event = make_event(1)
    stand.owe(event, due_at=NOW)
    for written in (event.id, event.id[:8], f"{event.id[:8]}…", event.id[:6].upper()):
        assert history.events.find(written).event == event


def test_an_ambiguous_beginning_names_those_it_may_mean(stand: SqliteStand, history: History) -> None:
    for tail in "01":
        stand.owe(replace(make_event(1), id="ab" + tail * 30), due_at=NOW)
    with pytest.raises(NotFoundError, match=f"ab{'0' * 30}, ab{'1' * 30}"):
        history.events.find("ab")


def test_a_mistyped_id_names_the_nearest(stand: SqliteStand, history: History) -> None:
    stand.owe(replace(make_event(1), id="abcd" + "0" * 28), due_at=NOW)
    with pytest.raises(NotFoundError, match="the nearest: abcd0"):
        history.events.find("abce")
    with pytest.raises(NotFoundError, match="watcher events"):
        history.events.find("ffff")


def test_a_conversation_is_found_by_its_id_and_by_its_source(stand: SqliteStand, history: History) -> None:
    stand.learn("campus", make_conversation("1017"), make_conversation("a/b"))
    for written, found in (("1017", "1017"), ("campus/1017", "1017"), ("a/b", "a/b"), ("campus/a/b", "a/b")):
        assert history.conversations.find(written).conversation == make_conversation(found)


def test_an_id_of_two_sources_must_be_told_apart(stand: SqliteStand, history: History) -> None:
    for source in ("staff", "campus"):
        stand.learn(source, make_conversation("1017", name=source))
    with pytest.raises(NotFoundError, match="campus/1017 or staff/1017"):
        history.conversations.find("1017")
    assert history.conversations.find("staff/1017").conversation.name == "staff"


def test_an_unknown_conversation_names_its_neighbours(stand: SqliteStand, history: History) -> None:
    with pytest.raises(NotFoundError, match="watcher poll"):
        history.conversations.find("1018")
    stand.learn("campus", make_conversation("1017"))
    with pytest.raises(NotFoundError, match="campus/1017"):
        history.conversations.find("1018")


def test_the_events_of_a_conversation_are_its_own(stand: SqliteStand, history: History) -> None:
    for number in (1, 2, 3):
        stand.owe(make_event(number), due_at=NOW)
    stand.owe(replace(make_event(4), source="staff"), due_at=NOW)
    assert [logged.seq for logged in history.events.of_conversation("campus", "1017")] == [1, 2, 3]
    assert [logged.seq for logged in history.events.of_conversation("campus", "1017", limit=2)] == [2, 3]


def test_deadlines_ahead_come_as_they_fire_and_only_armed_ones(stand: SqliteStand, history: History) -> None:
    closing = Deadline(kind=EventType.REGISTRATION_CLOSING, at=NOW + 9 * HOUR, lead=HOUR, known_at=NOW)
    ending = closing._replace(kind=EventType.CONVERSATION_ENDING, at=NOW + 5 * HOUR)
    told = closing._replace(lead=24 * HOUR, state=DeadlineState.TOLD)
    stand.learn("campus", make_conversation("1017"))
    stand.arm("campus", "1017", closing, ending, told)
    assert [ahead.deadline for ahead in history.conversations.deadlines_ahead()] == [ending, closing]
    assert [ahead.deadline for ahead in history.conversations.deadlines_ahead(until=NOW + 5 * HOUR)] == [ending]
    assert history.conversations.deadlines("campus", "1017") == [told, ending, closing]


def test_a_source_tells_how_it_stands(stand: SqliteStand, history: History) -> None:
    polls = [
        PollRecord(started_at=NOW - HOUR, ended_at=NOW - HOUR, outcome=PollOutcome.FAILED, error="503"),
        PollRecord(started_at=NOW, ended_at=NOW, outcome=PollOutcome.COMPLETE, pages=2, rows=3, changed=1, events=1),
    ]
    stand.learn("campus", make_conversation("1"), make_conversation("2"))
    stand.learn("campus", make_conversation("3"), presence="removed")
    stand.polled("campus", *polls)
    [status] = history.sources.all()
    assert (status.name, status.conversations, status.removed) == ("campus", 2, 1)
    assert (status.last_poll, status.next_poll_at) == (polls[1], NOW + timedelta(minutes=5))
    assert history.sources.polls("campus") == polls[::-1]


def test_an_unknown_source_names_the_known_ones(stand: SqliteStand, history: History) -> None:
    stand.learn("campus", make_conversation("1"))
    with pytest.raises(NotFoundError, match="there are: campus"):
        history.sources.find("campsu")


def test_a_channel_tells_its_backlog_and_its_dead_letters(stand: SqliteStand, history: History) -> None:
    for number in (1, 2, 3):
        stand.owe(make_event(number), "mail", due_at=NOW + number * HOUR)
    stand.owe(make_event(4), "mail", due_at=NOW)
    settle(stand.outbox, claim(stand.outbox), NOW, error="refused", dead=True)
    [status] = history.deliveries.channels()
    assert (status.name, status.waiting, status.dead, status.next_due_at) == ("mail", 3, 1, NOW + HOUR)
    assert status.health.error == "refused"


def test_a_dropped_letter_is_no_longer_counted_but_still_on_record(stand: SqliteStand, history: History) -> None:
    stand.owe(make_event(1), "mail", due_at=NOW)
    settle(stand.outbox, claim(stand.outbox), NOW, error="refused", dead=True)
    assert drop(stand.database, NOW).number == 1
    assert history.deliveries.channels()[0].dead == 0
    assert history.deliveries.read(states=[DeliveryState.DEAD]) == []
    [kept] = history.deliveries.read()
    assert (kept.is_dropped, kept.state) == (True, DeliveryState.DEAD)
    assert "dropped by the operator" in kept.reason


def test_a_delivery_is_listed_with_its_event_and_its_attempts(stand: SqliteStand, history: History) -> None:
    event = make_event(1)
    stand.owe(event, "mail", "chat", due_at=NOW)
    found = claim(stand.outbox)
    claim(stand.outbox, NOW + LEASE)
    assert [record.channel for record in history.deliveries.of_event(1)] == ["chat", "mail"]
    [sending] = history.deliveries.read(states=[DeliveryState.SENDING])
    assert (sending.event_id, sending.attempts, sending.lease_until) == (event.id, 2, NOW + 2 * LEASE)
    assert [attempt.outcome for attempt in history.deliveries.attempts(found.delivery_id)] == ["unknown", ""]
    assert len(history.deliveries.read(channel="chat")) == 1


def test_the_rules_an_event_was_routed_by_are_on_record(stand: SqliteStand, history: History) -> None:
    stand.owe(make_event(1), due_at=NOW, ruleset="[]")
    stand.owe(make_event(2), due_at=NOW)
    assert (history.events.ruleset(1), history.events.ruleset(2)) == ("[]", None)


PLACE = "SELECT seq FROM events WHERE"
DUE = (
    f"SELECT id FROM deliveries WHERE channel = 'x' AND due_at_ms <= 1 AND {WAITING} ORDER BY due_at_ms, event LIMIT 1"
)
AGAIN = "SELECT id FROM deliveries WHERE channel = 'x' AND due_at_ms <= 1 AND state = 'failed' ORDER BY event LIMIT 1"
POLLS = "SELECT p.* FROM polls p JOIN sources s ON s.key = p.source WHERE s.name = 'x' ORDER BY p.key DESC LIMIT 9"


@pytest.mark.parametrize(
    "sql, index",
    [
        (DUE, "deliveries_due"),
        (AGAIN, "deliveries_again"),
        (f"{PLACE} (time_ms, seq) > (1, 2) ORDER BY time_ms, seq LIMIT 9", "events_by_time"),
        (f"{PLACE} subject = 'x' AND source = 'y' ORDER BY seq DESC LIMIT 9", "events_by_subject"),
        (POLLS, "polls_by_source"),
    ],
)
def test_a_frequent_question_is_answered_by_an_index_alone(database: Database, sql: str, index: str) -> None:
    plan = " / ".join(row["detail"] for row in database.connection().execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert index in plan
    assert "TEMP B-TREE" not in plan
