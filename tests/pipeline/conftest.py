"""A stage on a database of its own, quick because nobody cuts the power."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.stage import Stage
from watcher.store.database import FILE_NAME, Database


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    database = Database(tmp_path / FILE_NAME)
    yield Stage(database=database)
    database.close()
