"""A database of an earlier version is taken over whole."""

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database as Tables

from watcher.domain.deadline import Deadline, DeadlineState
from watcher.domain.event import EventType
from watcher.store.database import FILE_NAME, Database, open_read_only
from watcher.store.history import History
from watcher.store.migrations import SCHEMA
from watcher.store.silences import SqliteSilences
from watcher.store.snapshots import SqliteSnapshots

AT = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
LEARNT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DOC = bytes.fromhex(
    "482c9692bde88b56f201263d60465600a6c7bc7478dc82d2004a8a333034077a0bbb05a698d16968a86b641262606e65680a0ed6da5800329720bf"
)
"""Leading Change, started, with 5 open questions, as the first version wrote it"""


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """A source with two rows, one of them shown by an event, and deadlines of that one."""
    path = tmp_path / FILE_NAME
    tables = Tables(path)
    SCHEMA.apply(tables, stop_before="m002_rows_hold_their_values")
    db = tables.conn
    db.execute("INSERT INTO sources(key, name, api, identity, epoch) VALUES(1, 'campus', 'onq', 'x', 1)")
    for key, row_id, is_kept in ((1, "1017", 1), (2, "1018", 0)):
        db.execute("INSERT INTO versions VALUES(?, 1, ?, ?, ?)", (key, row_id, DOC, is_kept))
        db.execute(
            """INSERT INTO rows(source, id, digest, version, rev, presence, is_closed_told)
               VALUES(1, ?, x'01', ?, 7, 'listed', 1)""",
            (row_id, key),
        )
    db.execute(
        """INSERT INTO events(id, source, type, subject, time_ms, severity, version, details)
           VALUES('ab', 'campus', 'conversation.started', '1017', 5, 'notice', 1, '{}')"""
    )
    for lead, state in ((7 * DAY, "told"), (DAY, "armed"), (timedelta(hours=1), "armed")):
        lead_ms = lead // timedelta(milliseconds=1)
        db.execute(
            "INSERT INTO deadlines VALUES(1, '1017', 'registration.closing', ?, ?, ?, ?, ?)",
            (ms(AT), lead_ms, ms(AT) - lead_ms, ms(LEARNT), state),
        )
    db.commit()
    db.close()
    return path


def test_rows_deadlines_and_what_events_show_are_as_they_were(first_version: Path) -> None:
    Database(first_version).close()
    with open_read_only(first_version) as connection:
        history = History(connection)
        found = history.conversations.find("1017")
        assert (found.conversation.name, found.rev, found.standing.is_closed_told) == ("Leading Change", 7, True)
        assert history.conversations.find("1018").conversation.name == "Leading Change"
        told, day, hour = (
            Deadline(kind=EventType.REGISTRATION_CLOSING, at=AT, lead=lead, known_at=LEARNT, state=state)
            for lead, state in (
                (7 * DAY, DeadlineState.TOLD),
                (DAY, DeadlineState.ARMED),
                (timedelta(hours=1), DeadlineState.ARMED),
            )
        )
        assert history.conversations.deadlines("campus", "1017") == [told, day, hour]
        assert history.conversations.deadlines("campus", "1018") == []
        event = history.events.find("ab").event
        assert event.conversation is not None
        assert event.conversation.name == "Leading Change"
        versions = [tuple(row) for row in connection.execute("SELECT key, conversation FROM versions")]
        assert versions == [(1, "1017")]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_next_deadline_is_the_one_that_was(first_version: Path) -> None:
    database = Database(first_version)
    row = database.connection().execute("SELECT fires_at_ms, deadlines FROM rows WHERE id = '1017'").fetchone()
    assert row["fires_at_ms"] == ms(AT - DAY)
    assert [instant[0] for instant in json.loads(row["deadlines"])] == ["registration.closing"]
    assert SqliteSnapshots(database).records()["campus"].epoch == 1
    database.close()


def test_a_database_that_knows_no_silences_has_none_until_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    tables = Tables(path)
    SCHEMA.apply(tables, stop_before="m003_silences")
    tables.close()
    with open_read_only(path) as connection:
        assert History(connection).silences.read(re.compile) == []
    database = Database(path)
    assert SqliteSilences(database, re.compile).active(AT) == ()
    database.close()


@pytest.fixture
def fourth_version(tmp_path: Path) -> Path:
    """Deliveries in every state, one told in the message of another, and the attempts of some."""
    path = tmp_path / FILE_NAME
    tables = Tables(path)
    SCHEMA.apply(tables, stop_before="m005_follow_ups")
    db = tables.conn
    for number in (1, 2):
        db.execute(
            """INSERT INTO events(seq, id, source, type, subject, time_ms, severity, details)
               VALUES(?, ?, 'campus', 'questions.new', '1017', 5, 'notice', '{}')""",
            (number, f"e{number}"),
        )
    rows = [
        ("d1", 1, "mail", "delivered", 2, 1, None, "", None),
        ("d2", 1, "chat", "failed", 1, 0, 7_000, "", None),
        ("d3", 2, "mail", "held", 0, 0, 9_000, "digest", None),
        ("d4", 2, "chat", "merged", 0, 0, None, "", "d2"),
    ]
    db.executemany(
        """INSERT INTO deliveries(id, event, channel, rule, state, attempts, forgiven, due_at_ms, held_by, lead,
                created_at_ms, reason)
            VALUES(?, ?, ?, 'a rule', ?, ?, ?, ?, ?, ?, 5, 'why')""",
        rows,
    )
    tries = [
        ("d1", 1, 5, 6, 503, "busy", "failed"),
        ("d1", 2, 7, 8, 200, "", "delivered"),
        ("d2", 1, 6, 7, 0, "x", "failed"),
    ]
    db.executemany("INSERT INTO attempts VALUES(?, ?, ?, ?, ?, ?, ?)", tries)
    db.commit()
    db.close()
    return path


def test_deliveries_and_their_attempts_are_as_they_were_and_were_told_first(fourth_version: Path) -> None:
    Database(fourth_version).close()
    with open_read_only(fourth_version) as connection:
        history = History(connection)
        found = {one.id: one for one in history.deliveries.read()}
        assert [
            (one.id, str(one.stage), one.state.value, one.reason) for one in map(found.get, sorted(found)) if one
        ] == [
            ("d1", "first", "delivered", "why"),
            ("d2", "first", "failed", "why"),
            ("d3", "first", "held", "why"),
            ("d4", "first", "merged", "why"),
        ]
        assert [tried.outcome for tried in history.deliveries.attempts("d1")] == ["failed", "delivered"]
        assert [tried.error for tried in history.deliveries.attempts("d2")] == ["x"]
        row = connection.execute("SELECT forgiven, held_by, lead FROM deliveries WHERE id = 'd4'").fetchone()
        assert tuple(row) == (0, "", "d2")
        assert connection.execute("SELECT held_by FROM deliveries WHERE id = 'd3'").fetchone()[0] == "digest"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_attempts_still_go_with_their_delivery_and_deliveries_with_their_event(fourth_version: Path) -> None:
    database = Database(fourth_version)
    with database.write() as connection:
        connection.execute("DELETE FROM events WHERE seq = 1")
        left = [tuple(row) for row in connection.execute("SELECT id FROM deliveries ORDER BY id")]
        assert left == [("d3",), ("d4",)]
        assert connection.execute("SELECT count(*) FROM attempts").fetchone()[0] == 0
    database.close()


def test_an_event_may_reach_a_channel_once_a_stage_then(fourth_version: Path) -> None:
    database = Database(fourth_version)
    query = """INSERT INTO deliveries(id, event, channel, rule, state, created_at_ms, stage)
        VALUES(?, 1, 'mail', 'r', 'held', 5, ?)"""
    with database.write() as connection:
        connection.execute(query, ("d5", "repeat 1"))
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(query, ("d6", "repeat 1"))
    database.close()


def test_the_indexes_are_those_of_a_new_database(fourth_version: Path, tmp_path: Path) -> None:
    schema = "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY 1, 2"
    found = []
    for path in (fourth_version, tmp_path / "new" / FILE_NAME):
        database = Database(path)
        found.append([tuple(row) for row in database.connection().execute(schema)])
        database.close()
    assert found[0] == found[1]
    assert ("index", "deliveries_due", "deliveries") in found[0]
