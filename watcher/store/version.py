"""The version of a database: whether this program knows everything that is in it, found out by reading only."""

from __future__ import annotations

from pathlib import Path

from watcher.store.database import open_read_only
from watcher.store.steps import applied_steps, refuse_newer


def check_version(path: Path) -> None:
    """Raise StateError where there is no readable database, or one that a newer version has written."""
    with open_read_only(path) as connection:
        applied = applied_steps(connection)
    refuse_newer(path, applied)
