"""The state lies in a directory of this user's own, or nothing is begun."""

import os
import stat
from pathlib import Path

import pytest

from tests.machine import require_root
from watcher.domain.errors import StateError
from watcher.store.database import FILE_NAME, Database
from watcher.store.lock import LOCK_NAME, hold_state


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "state"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_for_this_user_alone_whatever_the_umask(place: Path) -> None:
    before = os.umask(0)
    try:
        with hold_state(place):
            database = Database(place / FILE_NAME)
            database.connection().execute("SELECT * FROM events")
            modes = {path.name: mode(path) for path in place.iterdir()}
            database.close()
    finally:
        os.umask(before)
    assert mode(place) == 0o700
    assert modes.keys() >= {LOCK_NAME, FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
    assert set(modes.values()) == {0o600}


def test_a_database_that_was_put_back_readable_by_all_is_made_private(place: Path) -> None:
    Database(place / FILE_NAME).close()
    (place / FILE_NAME).chmod(0o644)
    Database(place / FILE_NAME).close()
    assert mode(place / FILE_NAME) == 0o600


@pytest.mark.parametrize("name", [FILE_NAME, LOCK_NAME])
def test_a_link_in_the_place_of_a_file_is_not_followed(place: Path, tmp_path: Path, name: str) -> None:
    place.mkdir(mode=0o700)
    (place / name).symlink_to(tmp_path / "victim")
    with pytest.raises(StateError, match="symbolic link"), hold_state(place):
        Database(place / FILE_NAME).close()
    assert not (tmp_path / "victim").exists()


def test_a_linked_directory_is_refused_with_what_to_write_instead(place: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    place.symlink_to(tmp_path / "real")
    with pytest.raises(StateError, match=f'set state_dir to what it points to: "{tmp_path / "real"}"'):
        _hold(place)


def test_a_directory_that_others_may_write_to_is_refused(place: Path) -> None:
    place.mkdir()
    place.chmod(0o770)
    with pytest.raises(StateError, match=r"others may write to .* chmod 700"):
        _hold(place)


def test_another_users_directory_is_refused(place: Path) -> None:
    require_root()
    place.mkdir(mode=0o700)
    os.chown(place, 12345, 12345)
    with pytest.raises(StateError, match=r"belongs to another user \(uid 12345, this is 0\).* chown"):
        _hold(place)
    assert list(place.iterdir()) == []


def _hold(place: Path) -> None:
    with hold_state(place):
        raise AssertionError("it was held")
