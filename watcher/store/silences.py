"""Silences, stored: added, ended, and counted when they mute."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from watcher.domain.errors import NotFoundError
from watcher.domain.matcher import Pattern
from watcher.domain.silence import ID_DIGITS, Silence, SilenceState, read_matchers, write_matchers
from watcher.store.database import Database
from watcher.store.rows import from_ms, instant, known_ms

CompilePattern = Callable[[str], Pattern]
"""makes a regex of its text"""


class SqliteSilences:
    """The silences of a database (the Silences port)."""

    def __init__(self, database: Database, compile_pattern: CompilePattern) -> None:
        self._database = database
        self._compile = compile_pattern

    def add(self, silence: Silence) -> None:
        """Store a new silence."""
        columns = (
            silence.key,
            write_matchers(silence.matchers),
            known_ms(silence.starts_at),
            known_ms(silence.ends_at),
            silence.author,
            silence.comment,
        )
        with self._database.write() as connection:
            connection.execute(_INSERT, columns)

    def active(self, now: datetime) -> tuple[Silence, ...]:
        """Return the silences that mute at an instant, the earliest begun first."""
        return read_active(self._database.connection(), now, self._compile)

    def end(self, written: str, now: datetime) -> Silence:
        """End the silence whose key begins with what was written, and return it as it was. Raises NotFoundError."""
        with self._database.write() as connection:
            row = _find(connection, written)
            silence = silence_of(row, self._compile)
            state = silence.state(now)
            if state in _PAST:
                text = f"silence {silence.key[:ID_DIGITS]} {_PAST[state]}"
                raise NotFoundError(text, remedy="see `watcher silence list --all`")
            connection.execute("UPDATE silences SET ended_at_ms = ? WHERE key = ?", (known_ms(now), silence.key))
        return silence

    def record_hit(self, key: str, now: datetime) -> None:
        """Count one delivery that a silence has muted."""
        with self._database.write() as connection:
            record_hit(connection, key, now)


def read_active(connection: sqlite3.Connection, now: datetime, compile_pattern: CompilePattern) -> tuple[Silence, ...]:
    """Return the silences that mute at an instant, the earliest begun first."""
    rows = connection.execute(_ACTIVE, {"now": known_ms(now)}).fetchall()
    return tuple(silence_of(row, compile_pattern) for row in rows)


def has_active(connection: sqlite3.Connection, now: datetime) -> bool:
    """Say whether any silence mutes at an instant."""
    return connection.execute(_ACTIVE, {"now": known_ms(now)}).fetchone() is not None


def record_hit(connection: sqlite3.Connection, key: str, now: datetime) -> None:
    """Count one delivery that a silence has muted, inside the caller's transaction."""
    connection.execute(_HIT, {"key": key, "now": known_ms(now)})


def silence_of(row: Mapping[str, Any] | Any, compile_pattern: CompilePattern) -> Silence:
    """Return the silence of a row of the table `silences`."""
    return Silence(
        key=row["key"],
        matchers=read_matchers(row["matchers"], compile_pattern),
        starts_at=instant(row["starts_at_ms"]),
        ends_at=instant(row["ends_at_ms"]),
        author=row["author"],
        comment=row["comment"],
        ended_at=from_ms(row["ended_at_ms"]),
        hits=row["hits"],
        last_hit_at=from_ms(row["last_hit_at_ms"]),
    )


_INSERT = """INSERT INTO silences(key, matchers, starts_at_ms, ends_at_ms, author, comment) VALUES(?, ?, ?, ?, ?, ?)
    ON CONFLICT(key) DO NOTHING"""
_ACTIVE = """SELECT * FROM silences WHERE ended_at_ms IS NULL AND ends_at_ms > :now AND starts_at_ms <= :now
    ORDER BY starts_at_ms, key"""
_HIT = """UPDATE silences SET hits = hits + 1, last_hit_at_ms = MAX(COALESCE(last_hit_at_ms, :now), :now)
    WHERE key = :key"""
_BY_KEY = "SELECT * FROM silences WHERE key >= ? AND key < ? ORDER BY key LIMIT 4"
_PAST = {SilenceState.OVER: "is over already", SilenceState.ENDED: "was ended before"}


def _find(connection: sqlite3.Connection, written: str) -> sqlite3.Row:
    """Return the row of the one silence whose key begins with what was written."""
    prefix = written.strip().rstrip("….").lower()
    found = connection.execute(_BY_KEY, (prefix, prefix + "g")).fetchall()  # keys are hex: g comes after all of them
    if not found or not prefix:
        raise NotFoundError(f"there is no silence {written!r}", remedy="see `watcher silence list --all`")
    if len(found) > 1:
        names = ", ".join(row["key"] for row in found)
        raise NotFoundError(f"{prefix} is the beginning of several silences: {names}", remedy="write more of it")
    row: sqlite3.Row = found[0]
    return row
