"""Real SQLite files for the store's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from watcher.store.database import FILE_NAME, Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "state" / FILE_NAME)
    yield opened
    opened.close()
