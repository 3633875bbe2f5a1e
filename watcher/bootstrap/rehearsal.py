"""A rehearsal: the app on a throw-away copy of the state, so that a cycle can be played without leaving a trace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from watcher.bootstrap.app import App
from watcher.bootstrap.configuration import database_path
from watcher.bootstrap.trial import check_place
from watcher.config.model import Config
from watcher.store.database import FILE_NAME, Database
from watcher.store.retention import backup
from watcher.store.version import check_version


@contextmanager
def open_rehearsal(config: Config, stream: TextIO) -> Iterator[App]:
    """Give the app of a config on a copy of its state, or on an empty one where there is none yet.

    It works beside a running daemon: the copy is made by reading only, and lies where only this user may look. What is
    polled is stored in the copy; whoever uses it must not let it deliver. Raises StateError.
    """
    with tempfile.TemporaryDirectory(prefix="watcher-dry-run-") as folder:
        copy = Path(folder) / FILE_NAME
        _copy_state(database_path(config), copy)
        database = Database(copy)
        app = App(config, database, stream)
        try:
            yield app
        finally:
            app.close()
            database.close()


def _copy_state(path: Path, copy: Path) -> None:
    check_place(path.parent)
    if path.exists():
        check_version(path)
        backup(path, copy)
