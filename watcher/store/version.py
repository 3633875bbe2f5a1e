"""The version of a database: whether this program knows everything that is in it, found out by reading only."""

from __future__ import annotations

from pathlib import Path

from watcher.store.database import open_read_only


def check_version(path: Path) -> None:
    """Raise StateError where there is no readable database, or one that a newer version has written."""
    from watcher.store.migrations import refuse_newer  # noqa: PLC0415 - a fifth of a second that few need

    with open_read_only(path) as connection:
        tables = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if _APPLIED not in tables:
            return
        sql = f"SELECT name FROM {_APPLIED} WHERE migration_set = 'watcher' ORDER BY id"
        applied = [str(row["name"]) for row in connection.execute(sql)]
    refuse_newer(path, applied)


_APPLIED = "_sqlite_migrations"
