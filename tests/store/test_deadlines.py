"""A deadline is the same one after it was stored."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pipeline.fakes_source import ScriptedSource, pages, row
from tests.pipeline.stage import Stage, types
from watcher.domain.event import EventType
from watcher.store.database import FILE_NAME, Database
from watcher.store.deadlines import next_deadline

LEADS = {EventType.REGISTRATION_CLOSING: (timedelta(days=7), timedelta(hours=24))}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    database = Database(tmp_path / FILE_NAME)
    yield Stage(database=database)
    database.close()


@pytest.mark.parametrize("close_on", ["2026-11-26T10:00:00Z", "2026-11-26T10:00:00.123456Z"])
def test_a_lead_that_had_passed_at_the_baseline_stays_told(stage: Stage, close_on: str) -> None:
    source = ScriptedSource([pages([row("1", close_on=close_on, org_id=org)]) for org in ("a", "b")])
    stage.poll(source, leads=LEADS)
    stage.skip()
    assert types(stage.poll(source, leads=LEADS)) == ["conversation.changed"]
    assert stage.ring() == []
    assert types(stage.ring(after=timedelta(hours=50))) == ["registration.closing"]


def test_the_next_deadline_costs_the_same_however_many_there_are(tmp_path: Path) -> None:
    database = Database(tmp_path / FILE_NAME)
    connection = database.connection()
    connection.execute("INSERT INTO sources(key, name, api, identity, epoch) VALUES(1, 'campus', 'onq', 'x', 1)")
    steps = []
    for first, last in ((0, 10), (10, 1000)):
        connection.executemany(
            """INSERT INTO rows(source, id, digest, doc, rev, presence, fires_at_ms)
                VALUES(1, ?, x'', x'', 1, 'listed', ?)""",
            [(f"c{number}", 5_000 + number) for number in range(first, last)],
        )
        taken: list[int] = []
        connection.set_progress_handler(lambda taken=taken: taken.append(1), 1)  # type: ignore[misc]
        found = next_deadline(connection, ["campus", "staff"])
        connection.set_progress_handler(None, 1)
        assert found == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
        steps.append(len(taken))
    database.close()
    assert steps[0] == steps[1]
