"""The outbox in SQLite keeps the contract; its crashes, its racing owners and its end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.order_contract import OrderContract
from tests.store.outbox_contract import LEASE, NOW, OutboxContract, claim, make_event, settle, settlement
from tests.store.stand import SqliteStand
from watcher.domain.delivery import MAX_ATTEMPTS, RETRY_SCHEDULE
from watcher.domain.event import Event
from watcher.domain.rule import Match
from watcher.pipeline.outbox import Owed
from watcher.store.database import FILE_NAME, Database
from watcher.store.dead_letters import retry
from watcher.store.outbox import SqliteOutbox
from watcher.store.rows import to_ms
from watcher.store.snapshots import SqliteSnapshots

ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)


class TestSqliteOutbox(OutboxContract, OrderContract):
    @pytest.fixture
    def stand(self, database: Database) -> SqliteStand:
        return SqliteStand(database)


def test_of_many_workers_each_delivery_goes_to_one(database: Database) -> None:
    stand = SqliteStand(database)
    for number in range(40):
        stand.owe(make_event(number), "mail", due_at=NOW)
    taken: list[str] = []

    def work(owner: str) -> None:
        with_own = Database(database.path)
        while (found := SqliteOutbox(with_own).claim_due("mail", NOW, LEASE, owner)) is not None:
            taken.append(found.delivery_id)
        with_own.close()

    workers = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(taken) == len(set(taken)) == 40


def test_a_process_killed_while_sending_leaves_an_unknown_attempt(database: Database) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(3), "mail", due_at=NOW)
    script = f"""
import os, signal
from pathlib import Path
from tests.store.outbox_contract import claim
from watcher.store.database import Database
from watcher.store.outbox import SqliteOutbox
claim(SqliteOutbox(Database(Path({str(database.path)!r}))), owner="killed")
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=30, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert stand.outbox.next_due("mail") == NOW + LEASE
    again = claim(stand.outbox, NOW + LEASE)
    assert (again.attempt, again.was_interrupted) == (2, True)


def test_what_a_dead_process_was_sending_is_taken_over_at_once_as_a_repetition(database: Database) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(1), "mail", due_at=NOW)
    stand.owe(make_event(2), "mail", due_at=NOW + LEASE)
    died = claim(stand.outbox)

    assert stand.outbox.take_over(NOW) == 1
    again = stand.outbox.claim_due("mail", NOW, LEASE, "the next process")

    assert again is not None
    assert (again.delivery_id, again.attempt, again.was_interrupted) == (died.delivery_id, 2, True)


def test_what_was_under_way_at_each_death_waits_longer_each_time_and_is_not_given_up_in_a_minute(
    database: Database,
) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(1), "mail", due_at=NOW)
    now, waits = NOW, []
    for _ in range(MAX_ATTEMPTS):
        assert stand.outbox.claim_due("mail", now, LEASE, f"a process at {now}") is not None
        assert stand.outbox.take_over(now) == 1
        due = stand.outbox.next_due("mail")
        assert due is not None
        waits.append(due - now)
        now = due
    assert waits == [timedelta(), *RETRY_SCHEDULE[: MAX_ATTEMPTS - 1]]


def test_deaths_before_the_operators_retry_count_no_more(database: Database) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(1), "mail", due_at=NOW)
    for _ in range(3):
        assert stand.outbox.claim_due("mail", NOW + HOUR, LEASE, "a process") is not None
        assert stand.outbox.take_over(NOW) == 1
    assert retry(database, NOW, ids=[stand.id_of(make_event(1), "mail")]) == 1
    assert stand.outbox.claim_due("mail", NOW, LEASE, "the next process") is not None
    assert stand.outbox.take_over(NOW) == 1
    assert stand.outbox.next_due("mail") == NOW


def test_what_waits_follows_a_clock_that_was_set_back(database: Database) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(1), "mail", due_at=NOW)
    stand.owe(make_event(2), "mail", due_at=NOW + LEASE)

    stand.outbox.shift(-10 * LEASE)

    assert stand.outbox.next_due("mail") == NOW - 10 * LEASE
    claim(stand.outbox, NOW - 10 * LEASE)
    assert stand.outbox.next_due("mail") == NOW - 9 * LEASE


def test_so_does_until_when_an_api_is_to_be_left_alone(database: Database) -> None:
    snapshots = SqliteSnapshots(database)
    for name in ("asked for it", "did not"):
        snapshots.open_source(name, api="onq", identity="x", link="", interval=HOUR)
    with database.write() as connection:
        update = "UPDATE sources SET not_before_ms = ? WHERE name = 'asked for it'"
        connection.execute(update, (to_ms(NOW + HOUR),))
    SqliteStand(database).outbox.shift(-10 * HOUR)
    assert {name: record.not_before for name, record in snapshots.records().items()} == {
        "asked for it": NOW - 9 * HOUR,
        "did not": None,
    }


def test_a_settlement_that_cannot_be_stored_leaves_nothing(database: Database) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(3), "mail", due_at=NOW)
    found = claim(stand.outbox)
    with database.write() as connection:
        connection.execute("DROP TABLE channels")
    with pytest.raises(Exception, match="channels"):
        settle(stand.outbox, found, NOW)
    assert stand.attempts(found.delivery_id) == [(1, "")]
    assert claim(stand.outbox, NOW + LEASE).was_interrupted


def test_a_settlement_that_cannot_claim_the_next_stores_nothing_either(database: Database) -> None:
    stand = SqliteStand(database)
    for number in (3, 4):
        stand.owe(make_event(number), "mail", due_at=NOW)
    found = claim(stand.outbox)
    with database.write() as connection:
        connection.execute(
            """CREATE TRIGGER no_more BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no more attempts'); END"""
        )
    with pytest.raises(Exception, match="no more attempts"):
        stand.outbox.settle_and_claim(found, settlement(NOW), NOW, LEASE)
    assert stand.state(make_event(3), "mail") == "sending"
    assert stand.state(make_event(4), "mail") == "pending"


def test_the_next_due_of_every_channel_is_one_question(database: Database) -> None:
    stand = SqliteStand(database)
    stand.owe(make_event(3), "mail", "chat", due_at=NOW)
    stand.owe(make_event(4), "mail", due_at=NOW - LEASE)
    assert stand.outbox.next_due_of_all() == {"mail": NOW - LEASE, "chat": NOW}


def test_owed_events_remember_the_rules_they_were_routed_by(database: Database) -> None:
    outbox = SqliteOutbox(database, ruleset="the rules")
    stand = SqliteStand(database)
    stand.owe(make_event(3), "mail", due_at=NOW)
    found = claim(outbox)
    owed: Event = make_event(9)
    settle(outbox, found, NOW, owed=(_owed(owed),))
    query = "SELECT r.text FROM events e JOIN rulesets r ON r.key = e.ruleset WHERE e.id = ?"
    assert database.connection().execute(query, (owed.id,)).fetchone()[0] == "the rules"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fates=st.lists(st.sampled_from(["delivered", "failed", "killed"]), max_size=30))
def test_every_delivery_ends_delivered_or_dead(tmp_path_factory: pytest.TempPathFactory, fates: list[str]) -> None:
    database = Database(_fresh(tmp_path_factory))
    stand = SqliteStand(database)
    stand.owe(make_event(3), "mail", due_at=NOW)
    now, lost = NOW, None
    for fate in [*fates, *["failed"] * MAX_ATTEMPTS]:
        due = stand.outbox.next_due("mail")
        if due is None:
            break
        now = max(now, due)
        found = claim(stand.outbox, now)
        if lost is not None:
            assert not settle(stand.outbox, lost, now)
        lost = found if fate == "killed" else None
        if lost is None:
            assert settle(stand.outbox, found, now, error="" if fate == "delivered" else "refused")
    assert stand.state(make_event(3), "mail") in {"delivered", "dead"}
    database.close()


def _fresh(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("outbox") / FILE_NAME


def _owed(event: Event) -> Owed:
    return Owed(event=event, deliveries=(Match(channel="ops", rule="operator"),))
