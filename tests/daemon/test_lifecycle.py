"""What the daemon does where its state cannot be opened."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_state
from watcher.bootstrap.configuration import read_config
from watcher.daemon import lifecycle, opening
from watcher.daemon.signals import Inbox, Request
from watcher.daemon.trouble import Trouble
from watcher.domain.errors import BusyError, StateError

ANY: Any = None


class State:
    """A state that fails as often as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *errors: StateError) -> None:
        self.errors = list(errors)
        monkeypatch.setattr(opening, "open_state", self._open)
        monkeypatch.setattr(opening, "_AGAIN", timedelta(milliseconds=1))

    @contextmanager
    def _open(self, _config: object) -> Iterator[str]:
        if self.errors:
            raise self.errors.pop(0)
        yield "the database"


def test_what_may_pass_is_waited_for_and_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    State(monkeypatch, *(StateError("the disk is full", may_pass=True) for _ in range(3)))
    caplog.set_level(logging.INFO)
    trouble = Trouble(lambda: 0.0)
    with ExitStack() as stack:
        assert opening.open_patiently(ANY, Inbox(), stack, trouble) == "the database"  # type: ignore[comparison-overlap]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.INFO]
    assert "the disk is full" in caplog.text
    trouble.begin("sending to mail", StateError("the disk is full"))  # of the same half minute
    assert len(caplog.records) == 2


def test_a_stop_is_heard_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    state = State(monkeypatch, *(StateError("full", may_pass=True) for _ in range(9)))
    inbox = Inbox()
    inbox.put(Request.STOP)
    with ExitStack() as stack:
        assert opening.open_patiently(ANY, inbox, stack, Trouble(lambda: 0.0)) is None
    assert len(state.errors) == 8


def test_what_only_a_person_can_mend_ends_it_for_good(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    State(monkeypatch, StateError("it is damaged"))
    assert lifecycle.run(ANY) == 2
    assert "it is damaged" in caplog.text


def test_a_state_that_another_one_holds_is_refused_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    State(monkeypatch, BusyError("another watcher"))
    with pytest.raises(BusyError):
        lifecycle.run(ANY)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def made(tmp_path: Path, inbox: Inbox) -> Iterator[lifecycle.Daemon]:
    """A daemon that has not begun."""
    path = tmp_path / "config.toml"
    path.write_text(f'state_dir = "{tmp_path / "state"}"\n', encoding="utf-8")
    path.chmod(0o600)
    config = read_config(path)
    with open_state(config) as database:
        yield lifecycle.Daemon(App(config, database), database, inbox, Trouble(lambda: 0.0))


def test_a_clock_that_was_moved_lets_the_heartbeat_come_at_once(made: lifecycle.Daemon, inbox: Inbox) -> None:
    agenda = Thread(target=made._duties().jumped)
    agenda.start()
    agenda.join()
    assert inbox.take(0.0) is Request.LOOK


def test_a_clock_that_is_moved_during_the_start_is_found(
    made: lifecycle.Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(made._heart, "_now", lambda: clock.now() - timedelta(hours=1))
    assert made._heart.beat()
    assert "clock.jumped by_s=-3600.0" in caplog.text
