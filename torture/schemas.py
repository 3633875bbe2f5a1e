"""Schemas: a database as an earlier version of watcher would have left it, made from one of today."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database as Tables

from watcher.store.migrations import SCHEMA
from watcher.store.steps import STEPS

_CACHE = "pages"
"""may be empty in every version"""
_OWN = ("sqlite_", "_sqlite_migrations")


def make_earlier(today: Path, target: Path, steps: int) -> None:
    """Write a database that has had so many steps, with all of today's that it has a place for."""
    tables = Tables(target)
    SCHEMA.apply(tables, stop_before=STEPS[steps])
    tables.close()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("ATTACH ? AS today", (str(today),))
        for step in STEPS[steps:]:
            _BEFORE.get(step, _nothing)(connection)
        for table in _names(connection, "main") & _names(connection, "today") - {_CACHE}:
            if not connection.execute(f"SELECT 1 FROM main.{table} LIMIT 1").fetchone():
                _copy(connection, table)
        connection.commit()
        connection.execute("DETACH today")
        connection.execute("PRAGMA journal_mode=WAL")


def _copy(connection: sqlite3.Connection, table: str) -> None:
    """Copy what both have a column for."""
    columns = ", ".join(_columns(connection, "main", table) & _columns(connection, "today", table))
    connection.execute(f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM today.{table}")


def _before_rows_held_their_values(connection: sqlite3.Connection) -> None:
    """A row's values were a version of their own, kept where an event shows it; each lead of a deadline was a row."""
    connection.execute(
        "INSERT INTO main.versions(key, source, conversation, doc, is_kept)"
        " SELECT key, source, conversation, doc, 1 FROM today.versions"
    )
    columns = _columns(connection, "main", "rows") & _columns(connection, "today", "rows") - {"version"}
    kept, last = (
        ", ".join(columns),
        connection.execute("SELECT coalesce(max(key), 0) FROM today.versions").fetchone()[0],
    )
    connection.execute(
        f"INSERT INTO main.versions(key, source, conversation, doc) SELECT {last} + key, source, id, doc"
        " FROM today.rows WHERE version IS NULL"
    )
    connection.execute(
        f"INSERT INTO main.rows({kept}, version) SELECT {kept}, coalesce(version, {last} + key) FROM today.rows"
    )
    for source, row, text in connection.execute("SELECT source, id, deadlines FROM today.rows").fetchall():
        for kind, at_ms, known_ms, armed, told in json.loads(text or "[]"):
            leads = [(lead, "armed") for lead in armed] + [(lead, "told") for lead in told]
            connection.executemany(
                """INSERT INTO main.deadlines(source, conversation, kind, at_ms, lead_ms, fires_at_ms, known_at_ms,
                    state) VALUES(?, ?, ?, ?, ?, ?, ?, ?)""",
                [(source, row, kind, at_ms, lead, at_ms - lead, known_ms, state) for lead, state in leads],
            )


def _nothing(_: sqlite3.Connection) -> None:
    """Most steps only add: what they added is left out."""


_BEFORE: Mapping[str, Callable[[sqlite3.Connection], None]] = {
    "m002_rows_hold_their_values": _before_rows_held_their_values
}
"""how a step that moved values is undone"""


def _names(connection: sqlite3.Connection, schema: str) -> set[str]:
    rows = connection.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows if not name.startswith(_OWN)}


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}
