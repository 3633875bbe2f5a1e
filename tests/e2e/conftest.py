"""A stage with its app running under the usual config."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Stage, open_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as open_one:
        open_one.configure()
        yield open_one
        assert open_one.missing() == []  # whatever a test did, the audit agrees with what was owed
