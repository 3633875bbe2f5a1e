"""The lock of a state directory: held, looked at, and taken though somebody looks."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from watcher.domain.errors import BusyError
from watcher.store import lock
from watcher.store.lock import LOCK_NAME, hold_state, is_held


def test_whether_it_is_held_can_be_seen_and_nothing_is_made_for_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert not is_held(state)
    assert not state.exists()
    with hold_state(state):
        assert is_held(state)
        with pytest.raises(BusyError, match=f"process {os.getpid()}"), hold_state(state):
            pass
    assert not is_held(state)


def test_who_only_looks_keeps_nobody_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold_state(tmp_path):
        pass
    with (tmp_path / LOCK_NAME).open("rb") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)

        class Moment(threading.Event):
            """In which the looker goes."""

            def wait(self, timeout: float | None = None) -> bool:
                assert timeout is not None
                fcntl.flock(looker, fcntl.LOCK_UN)
                return False

        monkeypatch.setattr(lock, "Event", Moment)
        with hold_state(tmp_path):
            pass
