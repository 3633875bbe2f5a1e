"""A poll that is no longer wanted stores nothing, whatever its source says at the end."""

import pytest

from tests.pipeline.fakes_source import ScriptedSource, pages, row
from tests.sources.wiring import NOTHING
from watcher.bootstrap.checked import CheckedSource
from watcher.domain.errors import SourceError


class UnwantedError(Exception):
    """What the check raises."""


def read(source: ScriptedSource, *, wanted_for: int) -> int:
    """Read, of which only so many checks find that it is wanted; return the pages that came."""
    checks = iter(range(wanted_for))

    def check() -> None:
        if next(checks, None) is None:
            raise UnwantedError

    return len(list(CheckedSource(source, check).read(NOTHING)))


def test_a_source_that_fails_because_its_connection_was_closed_is_not_blamed() -> None:
    with pytest.raises(UnwantedError):
        read(ScriptedSource([[SourceError("bad file descriptor")]]), wanted_for=1)


def test_a_source_that_fails_while_it_is_wanted_says_so() -> None:
    with pytest.raises(SourceError):
        read(ScriptedSource([[SourceError("bad file descriptor")]]), wanted_for=2)


def test_a_read_that_is_wanted_to_its_end_is_whole() -> None:
    assert read(ScriptedSource([pages([row("a")], [row("b")])]), wanted_for=4) == 2
