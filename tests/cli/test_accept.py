from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, speaking
from tests.cli.world import World
from watcher.store.database import open_read_only
from watcher.store.history import History
from watcher.store.history_sources import SourceStatus
from watcher.store.lock import hold_state

Watcher = Callable[..., Ran]


@pytest.fixture
def watcher(world: World, capsys: pytest.CaptureFixture[str]) -> Watcher:
    return speaking(capsys, "--config", str(world.path))


@pytest.fixture
def suspect(world: World, watcher: Watcher) -> World:
    """A world whose OnQ source was empty at the last two polls."""
    watcher("poll")
    world.lab.onq.rows.clear()
    watcher("poll")
    watcher("poll")
    return world


def test_without_a_daemon_the_source_is_polled_at_once_and_believed(suspect: World, watcher: Watcher) -> None:
    ran = watcher("accept", "campus")
    assert ran.status == 0, ran.err
    assert "campus: accepted what is suspect since " in ran.out
    assert "✓ campus: 40 events (0 conversations)" in ran.out
    assert _campus(suspect).removed == 40


def test_beside_a_daemon_it_is_left_to_the_daemon(suspect: World, watcher: Watcher) -> None:
    asked = len(suspect.lab.onq.requests.all())
    with hold_state(suspect.state):
        ran = watcher("accept", "campus")
    assert ran.status == 0
    assert "the running daemon polls it again within seconds" in ran.out
    assert _campus(suspect).is_accepted
    assert len(suspect.lab.onq.requests.all()) == asked


def test_a_source_that_is_not_suspect_has_nothing_to_accept(world: World, watcher: Watcher) -> None:
    watcher("poll")
    ran = watcher("accept", "campus")
    assert (ran.status, ran.out) == (0, "campus is not suspect: there is nothing to accept\n")
    assert not _campus(world).is_accepted


def test_an_unknown_source_is_refused_with_the_near_one(watcher: Watcher) -> None:
    ran = watcher("accept", "campu")
    assert ran.status == 2
    assert "did you mean 'campus'?" in ran.err


def test_before_the_first_poll_there_is_nothing_to_accept(watcher: Watcher) -> None:
    ran = watcher("accept", "campus")
    assert ran.status == 1
    assert "there is no database" in ran.err


def _campus(world: World) -> SourceStatus:
    with open_read_only(world.database) as connection:
        return History(connection).sources.find("campus")
