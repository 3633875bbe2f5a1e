"""A stage with its app running under the usual config; a daemon and what receives its messages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stage import Stage, open_stage
from torture.daemon import DaemonProcess, daemon_process
from watcher.lab import Receiver


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with open_stage(tmp_path) as open_one:
        open_one.configure()
        yield open_one
        assert open_one.missing() == []  # whatever a test did, the audit agrees with what was owed


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    with daemon_process(tmp_path) as one:
        yield one
