"""The state for commands that only look at it or tidy it: no source and no channel is built for them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watcher.config.outline import Outline, read_outline
from watcher.config.pattern import LinearPattern
from watcher.pipeline.silences import Silences
from watcher.store.database import FILE_NAME, Database, open_existing, open_read_only
from watcher.store.history import History
from watcher.store.silences import SqliteSilences


def outline(config_path: Path | None) -> Outline:
    """Find the config and return what it says of the state. Raises ConfigError."""
    return read_outline(config_path, os.environ)


@contextmanager
def open_history(seen: Outline) -> Iterator[History]:
    """Give the history of a state. Raises StateError where there is none."""
    with open_read_only(seen.state_dir / FILE_NAME) as connection:
        yield History(connection)


@contextmanager
def open_database(seen: Outline) -> Iterator[Database]:
    """Give the database of a state, to be written beside whoever else does. Raises StateError where there is none."""
    with open_existing(seen.state_dir / FILE_NAME) as database:
        yield database


@contextmanager
def open_silences(seen: Outline) -> Iterator[Silences]:
    """Give the silences of a state, as open_database does."""
    with open_database(seen) as database:
        yield SqliteSilences(database, LinearPattern)
