"""Versions: what a row's values were when an event showed them, kept as long as the event is."""

from __future__ import annotations

import sqlite3

_OF_ROW = "SELECT version FROM rows WHERE source = ? AND id = ?"
_COPY = "INSERT INTO versions(source, conversation, doc) SELECT source, id, doc FROM rows WHERE source = ? AND id = ?"
_REMEMBER = "UPDATE rows SET version = ? WHERE source = ? AND id = ?"


def keep_version(connection: sqlite3.Connection, source: int, conversation: str) -> int | None:
    """Return the version of a row's present values, made where no event has shown them; None for no such row."""
    row = connection.execute(_OF_ROW, (source, conversation)).fetchone()
    if row is None or row[0] is not None:
        return None if row is None else int(row[0])
    key = connection.execute(_COPY, (source, conversation)).lastrowid
    connection.execute(_REMEMBER, (key, source, conversation))
    return key
