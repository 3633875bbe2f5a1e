"""What is forgotten, what stays, and copies of a database in use."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.store.outbox_contract import NOW, claim, make_event, settle
from tests.store.stand import SqliteStand
from watcher.domain.conversation import Conversation
from watcher.domain.errors import StateError
from watcher.domain.silence import make_silence
from watcher.domain.state import State
from watcher.pipeline.snapshots import PollOutcome, PollRecord
from watcher.store.database import Database, open_read_only
from watcher.store.delivery_id import delivery_id
from watcher.store.history import History
from watcher.store.history_events import EventFilter
from watcher.store.retention import BATCH, Pruned, backup, prune, prune_rows
from watcher.store.rows import to_ms
from watcher.store.silences import SqliteSilences
from watcher.store.versions import keep_version

DAY = timedelta(days=1)
SHOWN = Conversation(id="1", name="A", state=State.OPEN, reason=None, fields={})


@pytest.fixture
def stand(database: Database) -> SqliteStand:
    return SqliteStand(database)


def prune_all(stand: SqliteStand, *, polls: timedelta = DAY, events: timedelta = DAY) -> Pruned:
    return prune(stand.database, NOW, polls, events)


def count(database: Database, table: str) -> int:
    return int(database.connection().execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def test_an_old_event_goes_with_its_deliveries_attempts_and_version(stand: SqliteStand) -> None:
    stand.owe(make_event(1, time=NOW - 2 * DAY), "mail", due_at=NOW, ruleset="[]")
    settle(stand.outbox, claim(stand.outbox), NOW)
    assert prune_all(stand) == Pruned(polls=0, events=1, versions=1, reclaimed_pages=0)
    tables = ("events", "deliveries", "attempts", "versions", "rulesets")
    assert [count(stand.database, table) for table in tables] == [0] * 5


def test_a_young_event_stays(stand: SqliteStand) -> None:
    stand.owe(make_event(1, time=NOW - DAY), due_at=NOW, ruleset="[]")
    assert prune_all(stand) == Pruned(polls=0, events=0, versions=0, reclaimed_pages=0)
    assert count(stand.database, "rulesets") == 1


def test_an_old_event_that_a_message_carries_stays_until_the_message_has_gone_out(stand: SqliteStand) -> None:
    lead, member = make_event(1, time=NOW - 3 * DAY), make_event(2, time=NOW - 2 * DAY)
    for event in (lead, member):
        stand.owe(event, "mail", due_at=NOW)
    with stand.database.write() as connection:
        connection.execute(
            "UPDATE deliveries SET state = 'merged', due_at_ms = NULL, lead = ? WHERE id = ?",
            (delivery_id(lead.id, "mail"), delivery_id(member.id, "mail")),
        )
    assert prune_all(stand).events == 0
    settle(stand.outbox, claim(stand.outbox), NOW)
    assert prune_all(stand).events == 2


def test_a_silence_goes_with_the_events_of_its_time(stand: SqliteStand) -> None:
    silences = SqliteSilences(stand.database, re.compile)
    for ends_at in (NOW - 2 * DAY, NOW - DAY, NOW + DAY):
        silences.add(make_silence((), starts_at=NOW - 3 * DAY, ends_at=ends_at, author="ada", comment="all"))
    ended = make_silence((), starts_at=NOW - 3 * DAY, ends_at=NOW + DAY, author="bob", comment="ended")
    silences.add(ended)
    silences.end(ended.key, NOW - 2 * DAY)
    prune_all(stand)
    assert count(stand.database, "silences") == 2


def test_an_event_that_is_still_owed_stays(stand: SqliteStand) -> None:
    event = make_event(1, time=NOW - 9 * DAY)
    stand.owe(event, "mail", "chat", due_at=NOW)
    settle(stand.outbox, claim(stand.outbox), NOW)
    assert prune_all(stand).events == 0
    settle(stand.outbox, claim(stand.outbox, channel="chat"), NOW, error="410", dead=True)
    assert prune_all(stand).events == 1


def test_a_version_that_no_event_shows_goes_and_its_row_stays(stand: SqliteStand) -> None:
    shown = Conversation(id="1", name="One", state=State.OPEN, reason=None, fields={})
    stand.learn("campus", shown)
    with stand.database.write() as connection:
        assert keep_version(connection, 1, "1") == keep_version(connection, 1, "1")  # no event came of it
    assert prune_all(stand).versions == 1
    with open_read_only(stand.database.path) as connection:
        assert History(connection).conversations.find("1").conversation == shown


def test_old_polls_go(stand: SqliteStand) -> None:
    old = PollRecord(started_at=NOW - 2 * DAY, ended_at=NOW - 2 * DAY, outcome=PollOutcome.COMPLETE)
    young = PollRecord(started_at=NOW, ended_at=NOW, outcome=PollOutcome.COMPLETE)
    stand.polled("campus", old, young)
    assert prune_all(stand).polls == 1
    with open_read_only(stand.database.path) as connection:
        assert History(connection).sources.polls("campus") == [young]


def test_many_go_in_bounded_steps_and_the_space_comes_back(stand: SqliteStand) -> None:
    old_ms, number = 0, 13 * BATCH + 1
    with stand.database.write() as connection:
        connection.executemany(
            """INSERT INTO events(id, source, type, subject, time_ms, severity, details)
                VALUES(?, 'campus', 'source.drift', 'campus', ?, 'warning', ?)""",
            [(f"{each:032x}", old_ms, "x" * 4000) for each in range(number)],
        )
    pruned = prune_all(stand)
    assert pruned.events == number
    assert pruned.reclaimed_pages > number // 2


def test_a_backup_is_whole_private_and_one_file(stand: SqliteStand, tmp_path: Path) -> None:
    stand.owe(make_event(1), "mail", due_at=NOW)
    target = tmp_path / "copy.db"
    backup(stand.database.path, target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "state"]
    with open_read_only(target) as connection:
        assert [logged.event for logged in History(connection).events.read(EventFilter())] == [make_event(1)]


def test_a_backup_beside_an_open_write_holds_what_was_committed(stand: SqliteStand, tmp_path: Path) -> None:
    stand.owe(make_event(1), due_at=NOW)
    with stand.database.write() as connection:
        connection.execute("DELETE FROM events")
        backup(stand.database.path, tmp_path / "copy.db")
    restored = Database(tmp_path / "copy.db")
    assert count(restored, "events") == 1
    restored.close()


def test_a_backup_overwrites_nothing(stand: SqliteStand, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(StateError, match="exists already"):
        backup(stand.database.path, target)
    assert target.read_text() == "mine"


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StateError):
        backup(broken, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_backup_to_nowhere_says_so(stand: SqliteStand, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be written"):
        backup(stand.database.path, tmp_path / "missing" / "copy.db")


def test_the_copy_is_sound(stand: SqliteStand, tmp_path: Path) -> None:
    stand.owe(make_event(1), "mail", due_at=NOW)
    backup(stand.database.path, tmp_path / "copy.db")
    connection = sqlite3.connect(tmp_path / "copy.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def _gone(
    stand: SqliteStand, number: int, *, for_days: int, presence: str = "removed", column: str = "absent_since_ms"
) -> None:
    stand.learn("campus", replace(SHOWN, id=str(number)), presence=presence)
    with stand.database.write() as connection:
        connection.execute(f"UPDATE rows SET {column} = ? WHERE id = ?", (to_ms(NOW - for_days * DAY), str(number)))


def _known(stand: SqliteStand) -> list[str]:
    return [row[0] for row in stand.database.connection().execute("SELECT id FROM rows ORDER BY id")]


def test_what_is_gone_for_longer_than_events_are_kept_is_forgotten(stand: SqliteStand) -> None:
    _gone(stand, 1, for_days=3)
    _gone(stand, 2, for_days=3, column="known_at_ms")
    _gone(stand, 3, for_days=1)
    _gone(stand, 4, for_days=3, presence="missing")
    _gone(stand, 5, for_days=3, presence="hidden")
    stand.learn("campus", replace(SHOWN, id="6"), presence="removed")  # as its row in the list says
    assert prune_rows(stand.database, NOW, 2 * DAY, "staff") == 0
    assert prune_rows(stand.database, NOW, 2 * DAY, "campus") == 2
    assert _known(stand) == ["3", "4", "5", "6"]
    assert prune_rows(stand.database, NOW + 2 * DAY, 2 * DAY) == 1, "of all sources"


def test_what_is_gone_stays_as_long_as_an_event_about_it(stand: SqliteStand) -> None:
    event = make_event(1, time=NOW - 3 * DAY)
    stand.owe(event, "mail", due_at=NOW)
    _gone(stand, int(event.subject), for_days=3)
    _gone(stand, 7, for_days=3)
    prune_all(stand)  # what is owed keeps the event
    assert prune_rows(stand.database, NOW, DAY) == 1
    assert _known(stand) == [event.subject]
    settle(stand.outbox, claim(stand.outbox), NOW)
    prune_all(stand)
    assert prune_rows(stand.database, NOW, DAY) == 1
    assert _known(stand) == []
