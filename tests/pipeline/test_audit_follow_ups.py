"""The audit beside what waits for days: reminders that are held are no fault."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.station import DAY, Station
from watcher.domain.rule import Match
from watcher.domain.stage import escalation
from watcher.store.database import FILE_NAME, Database
from watcher.store.events import insert_deliveries


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    database = Database(tmp_path / FILE_NAME)
    yield Station(database)
    database.close()


def test_reminders_for_a_channel_that_was_removed_are_no_fault_and_come_when_it_is_there_again(
    station: Station,
) -> None:
    event = station.happen()
    station.deliver("mail", "chat")
    leads = Match(channel="leads", rule="all", stage=escalation(1), after=DAY)
    with station.database.write() as connection:
        insert_deliveries(connection, event, [leads], station.now)
    assert station.look(looks=30).open == ()
    station.now += 2 * DAY
    assert station.look().open == ()
    assert station.outbox.next_due("leads") == event.time + DAY
