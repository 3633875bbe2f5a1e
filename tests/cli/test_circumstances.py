"""What beside the rules may be why nothing was heard of a conversation."""

from datetime import timedelta

import pytest

from tests.cli.conftest import Watcher, speaking
from tests.cli.world import World
from watcher.lab import FaultKind
from watcher.store.database import Database

RULE = ("--rule", "all of campus", "--format", "table")


@pytest.fixture
def watcher(world: World, capsys: pytest.CaptureFixture[str]) -> Watcher:
    told = speaking(capsys, "--config", str(world.path))
    told("poll", "campus")
    return told


@pytest.fixture
def explained(world: World, watcher: Watcher) -> str:
    """The id of a conversation."""
    return str(world.lab.onq.rows.ids()[0])


def test_a_baseline_was_silent(watcher: Watcher, explained: str) -> None:
    shown = watcher("explain", f"campus/{explained}", *RULE).out
    assert "it has had no event in that time" in shown
    assert "campus was read for the first time" in shown
    assert "failed or" not in shown, "all polls were good"


def test_polls_that_failed_are_counted_with_the_last_error(world: World, watcher: Watcher, explained: str) -> None:
    world.lab.onq.faults.add(FaultKind.STATUS, status=503, times=None)
    watcher("poll", "campus")
    watcher("poll", "campus")
    shown = watcher("explain", f"campus/{explained}", *RULE).out
    assert "2 of 3 polls of campus failed or were incomplete, the last one" in shown
    assert "503" in shown


def test_a_source_that_is_gone_from_the_config_is_said_to(world: World, watcher: Watcher, explained: str) -> None:
    text = world.path.read_text(encoding="utf-8")
    world.path.write_text(text.replace("[sources.campus]", "[sources.other]").replace('"campus"', '"other"'))
    shown = watcher("explain", f"campus/{explained}", *RULE).out
    assert "source campus is not in the config: nobody polls it" in shown


def test_a_channel_that_takes_nothing_is_named_with_its_error(world: World, watcher: Watcher, explained: str) -> None:
    world.receiver.refuse(503)
    world.ask(3)
    watcher("poll", "campus")
    shown = watcher("explain", f"campus/{explained}", *RULE).out
    assert "channel hook has not taken a message since" in shown
    assert "503" in shown


def test_a_conversation_that_is_gone_and_a_daemon_that_does_not_run(
    world: World, watcher: Watcher, explained: str
) -> None:
    database = Database(world.database)
    with database.write() as connection:
        long_ago = timedelta(days=1) // timedelta(milliseconds=1)
        connection.execute("UPDATE rows SET presence = 'removed' WHERE id = ?", (explained,))
        connection.execute("UPDATE sources SET last_poll_at_ms = last_poll_at_ms - ?", (long_ago,))
    database.close()
    shown = watcher("explain", f"campus/{explained}", *RULE).out
    assert "it is gone from its list" in shown
    assert "the last poll of campus was 1 d ago: does the daemon run?" in shown
