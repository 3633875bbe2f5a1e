"""Closes what a test opened."""

from collections.abc import Iterator

import pytest

from tests.sources.wiring import OPEN


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()
