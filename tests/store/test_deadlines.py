"""A deadline is the same one after it was stored."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pipeline.fakes_source import ScriptedSource, pages, row
from tests.pipeline.stage import Stage, types
from watcher.domain.event import EventType
from watcher.store.database import FILE_NAME, Database

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
