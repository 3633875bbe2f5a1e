"""A database that is put back to an earlier schema and upgraded again holds what it held."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.stage import open_stage
from torture.schemas import make_earlier
from watcher.lab import onq_row
from watcher.store.database import Database
from watcher.store.retention import backup
from watcher.store.steps import STEPS

QUERIES = (
    "SELECT source, id, doc, rev, presence, deadlines, fires_at_ms FROM rows ORDER BY source, id",
    "SELECT id, type, subject FROM events ORDER BY seq",
    "SELECT id, state FROM deliveries ORDER BY id",
)


def _contents(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return [connection.execute(query).fetchall() for query in QUERIES]


@pytest.fixture
def today(tmp_path: Path) -> Path:
    path = tmp_path / "today.db"
    with open_stage(tmp_path) as stage:
        stage.configure()
        stage.learn(onq_row(1), onq_row(2, status="started"))
        stage.learn(onq_row(1, open_questions_count=2), onq_row(2, status="ended"))
        backup(stage.app.database.path, path)
    return path


@pytest.mark.parametrize("steps", range(1, len(STEPS)))
def test_the_way_back_and_forth_loses_nothing(today: Path, tmp_path: Path, steps: int) -> None:
    earlier = tmp_path / "earlier.db"
    make_earlier(today, earlier, steps)
    with closing(sqlite3.connect(earlier)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone() == (steps,)
    Database(earlier).close()
    assert _contents(earlier) == _contents(today)
