"""Retention: what is old is forgotten in small steps, and a running database is copied."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from watcher.domain.errors import StateError
from watcher.store.database import Database, open_read_only
from watcher.store.rows import to_ms

BATCH = 250
"""rows, or free pages, of one transaction: a poll or a delivery waits for it some ten milliseconds, and with all that
goes with its rows it writes few enough pages that the WAL stays below 16 MB"""
_FEW_PAGES = 1000
"""free pages that are not worth giving back"""
SPARE_SHARE = 10
"""one page in so many may be free"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How much was forgotten; `reclaimed_pages` went back to the file system."""

    polls: int
    events: int
    versions: int
    reclaimed_pages: int


def prune(database: Database, now: datetime, keep_polls: timedelta, keep_events: timedelta) -> Pruned:
    """Forget polls and events that are older than what is kept, and the versions of rows that no event shows any more.

    Silences go with the events of their time. An event that is still owed to somebody stays, also as a part of a
    message. Each batch is a transaction of its own, so that a daemon beside it goes on; a crash in between leaves less
    work for the next time.
    """
    polls = _repeat(database, _OLD_POLLS, {"before": to_ms(now - keep_polls)})
    events = _repeat(database, _OLD_EVENTS, {"before": to_ms(now - keep_events)})
    _repeat(database, _UNUSED_RULESETS, {})
    _repeat(database, _OLD_SILENCES, {"before": to_ms(now - keep_events)})
    versions = _forget_versions(database)
    return Pruned(polls=polls, events=events, versions=versions, reclaimed_pages=_reclaim(database))


def prune_rows(database: Database, now: datetime, keep: timedelta, source: str | None = None) -> int:
    """Forget conversations that are gone for longer than is kept, of one source or of all; return how many.

    One stays as long as an event about it does: so nothing that is still owed misses it, and one that comes back, a new
    conversation then, makes no event that there was before. No poll of the source may be under way: it would take for
    known what is no longer there.
    """
    bound = {"before": to_ms(now - keep), "source": source}
    return _repeat(database, _GONE_ROWS, bound)


def backup(path: Path, target: Path) -> None:
    """Copy a database, also one in use, to a new file that only its owner may read.

    Raises StateError where the target exists or cannot be written; a copy that failed half-way is removed.
    """
    with _new_private_file(target), open_read_only(path) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy, pages=-1)
        # In WAL mode the copy would need its side files; as a single file it can be moved anywhere.
        copy.execute("PRAGMA journal_mode=DELETE")


_OLD_POLLS = """DELETE FROM polls WHERE key IN (
    SELECT key FROM polls WHERE ended_at_ms < :before ORDER BY ended_at_ms LIMIT :batch)"""

# Deliveries and their attempts go with the event.
_OLD_EVENTS = """DELETE FROM events WHERE seq IN (
    SELECT seq FROM events e WHERE time_ms < :before AND NOT EXISTS (
        SELECT 1 FROM deliveries d WHERE d.event = e.seq
            AND (d.state IN ('pending', 'held', 'sending', 'failed', 'unknown') OR (d.state = 'merged' AND EXISTS (
                SELECT 1 FROM deliveries l WHERE l.id = d.lead
                    AND l.state IN ('pending', 'held', 'sending', 'failed', 'unknown')))))
    ORDER BY time_ms LIMIT :batch)"""

# Since when it is gone: the first read without it or, where the API was asked, the last read that had it. A row that
# only says of itself that it is removed stands in the list.
_GONE_ROWS = """DELETE FROM rows WHERE key IN (
    SELECT r.key FROM sources s CROSS JOIN rows r ON r.source = s.key AND r.presence <> 'listed'
        AND r.presence = 'removed' AND coalesce(r.absent_since_ms, r.known_at_ms) < :before
    WHERE (:source IS NULL OR s.name = :source)
        AND NOT EXISTS (SELECT 1 FROM events e WHERE e.subject = r.id AND e.source = s.name) LIMIT :batch)"""

_UNUSED_RULESETS = """DELETE FROM rulesets WHERE key IN (
    SELECT key FROM rulesets r WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.ruleset = r.key) LIMIT :batch)"""

_OLD_SILENCES = """DELETE FROM silences WHERE key IN (
    SELECT key FROM silences WHERE COALESCE(ended_at_ms, ends_at_ms) < :before LIMIT :batch)"""


def _repeat(database: Database, sql: str, bound: dict[str, Any]) -> int:
    """Run a deletion batch by batch until it finds nothing, and return how many rows it deleted."""
    total = 0
    while True:
        with database.write() as connection:
            deleted = connection.execute(sql, {**bound, "batch": BATCH}).rowcount
        total += deleted
        if deleted < BATCH:
            return total


def _forget_versions(database: Database) -> int:
    """Delete the versions that nothing shows; they are looked for without the write lock, as most are shown."""
    total, last = 0, 0
    while True:
        keys = [row[0] for row in database.connection().execute(_NEXT_VERSIONS, (last, BATCH))]
        if not keys:
            return total
        bound = {"first": last + 1, "last": keys[-1]}
        if database.connection().execute(f"SELECT EXISTS(SELECT 1 {_UNSHOWN})", bound).fetchone()[0]:
            with database.write() as connection:
                connection.execute(f"UPDATE rows SET version = NULL WHERE version IN (SELECT key {_UNSHOWN})", bound)
                total += connection.execute(f"DELETE {_UNSHOWN}", bound).rowcount
        last = keys[-1]


_NEXT_VERSIONS = "SELECT key FROM versions WHERE key > ? ORDER BY key LIMIT ?"
_UNSHOWN = """FROM versions WHERE key BETWEEN :first AND :last
    AND NOT EXISTS (SELECT 1 FROM events e WHERE e.version = versions.key)"""


def _reclaim(database: Database) -> int:
    """Give free pages back to the file system where they are many; a few are kept, the next polls need them."""
    connection = database.connection()
    reclaimed = 0
    while _number(connection, "freelist_count") > max(_FEW_PAGES, _number(connection, "page_count") // SPARE_SHARE):
        before = _number(connection, "page_count")
        with database.write() as writing:
            writing.execute(f"PRAGMA incremental_vacuum({BATCH})").fetchall()
        gained = before - _number(connection, "page_count")
        if gained <= 0:
            break
        reclaimed += gained
    return reclaimed


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


@contextmanager
def _new_private_file(target: Path) -> Iterator[None]:
    """Make an empty file for the owner alone, and take it away again when it cannot be filled."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise StateError(f"{target} exists already", remedy="name another file; none is overwritten") from error
    except OSError as error:
        raise StateError(
            f"{target} cannot be written: {error.strerror}", remedy="name a place you may write"
        ) from error
    try:
        yield
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise StateError(f"the backup to {target} failed: {error}", remedy="look for room on the disk") from error
        raise
