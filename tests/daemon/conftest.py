"""What the tests of the scheduler begin with."""

import pytest

from tests.daemon.fakes_daemon import RealClocks, Work


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def clocks() -> RealClocks:
    return RealClocks()
