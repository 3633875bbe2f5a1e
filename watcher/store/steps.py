"""Steps: which migrations a database has had, and which there are; known without the library that runs them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path

from watcher.domain.errors import StateError

STEPS = (
    "m001_first",
    "m002_rows_hold_their_values",
    "m003_silences",
    "m004_arrangements",
    "m005_follow_ups",
    "m006_audit",
)
"""every step of `migrations`, in order, under the name that it has in the database"""
_TABLE = "_sqlite_migrations"
"""sqlite-utils keeps it"""


def applied_steps(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the names of the steps that a database has had, in order."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (_TABLE,)).fetchone()
    if known is None:
        return ()
    rows = connection.execute(f"SELECT name FROM {_TABLE} WHERE migration_set = 'watcher' ORDER BY id")
    return tuple(str(row[0]) for row in rows)


def refuse_newer(path: Path, applied: Collection[str]) -> None:
    """Raise StateError for applied steps that are not known here."""
    strange = [name for name in applied if name not in STEPS]
    if strange:
        text = f"the database {path} was written by a newer version of watcher (it has {', '.join(strange)})"
        raise StateError(text, remedy="install that version again, or restore a backup made by this one")
