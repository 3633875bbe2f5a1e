"""A source's own row: its health, its suspicion, and the record of its polls."""

from __future__ import annotations

import sqlite3

from watcher.pipeline.snapshots import PollRecord, SourceRecord
from watcher.store.rows import to_ms


def store_source(connection: sqlite3.Connection, record: SourceRecord) -> None:
    """Store what is remembered of a source. An `accept` that came while the poll ran stays for the next one."""
    health = record.health
    connection.execute(
        """UPDATE sources SET leads = ?, zone = ?, baseline_at_ms = ?, last_read_at_ms = ?, last_poll_at_ms = ?,
           failures = ?, failing_since_ms = ?, error = ?, is_failing_told = ?, suspect_since_ms = ?, suspect_reason = ?,
           not_before_ms = ? WHERE key = ?""",
        (
            record.leads,
            record.zone,
            to_ms(record.baseline_at),
            to_ms(record.last_read_at),
            to_ms(record.last_poll_at),
            health.failures,
            to_ms(health.failing_since),
            health.error,
            health.is_told,
            to_ms(record.suspect_since),
            record.suspect_reason,
            to_ms(record.not_before),
            record.key,
        ),
    )


def store_health(connection: sqlite3.Connection, record: SourceRecord) -> None:
    """Store only how a source does, for one whose list is another than the stored one and was not read yet."""
    health = record.health
    connection.execute(
        """UPDATE sources SET last_poll_at_ms = ?, failures = ?, failing_since_ms = ?, error = ?, is_failing_told = ?,
           not_before_ms = ? WHERE key = ?""",
        (
            to_ms(record.last_poll_at),
            health.failures,
            to_ms(health.failing_since),
            health.error,
            health.is_told,
            to_ms(record.not_before),
            record.key,
        ),
    )


def forget_list(connection: sqlite3.Connection, record: SourceRecord) -> None:
    """Make room for another list: what is stored of the old one says nothing about it; events stay."""
    for table in ("pages", "drifts", "rows"):
        connection.execute(f"DELETE FROM {table} WHERE source = ?", (record.key,))
    connection.execute(
        "UPDATE sources SET api = ?, identity = ?, epoch = ?, is_accepted = 0 WHERE key = ?",
        (record.api, record.identity, record.epoch, record.key),
    )


def accept_source(connection: sqlite3.Connection, name: str) -> bool:
    """Let the next complete read of a source be believed; False where the source is not known."""
    return connection.execute("UPDATE sources SET is_accepted = 1 WHERE name = ?", (name,)).rowcount == 1


def store_poll(connection: sqlite3.Connection, record: SourceRecord, poll: PollRecord) -> None:
    """Store the record of one poll."""
    connection.execute(
        """INSERT INTO polls(source, started_at_ms, ended_at_ms, outcome, pages, rows, changed, events, error)
           VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            record.key,
            to_ms(poll.started_at),
            to_ms(poll.ended_at),
            poll.outcome.value,
            poll.pages,
            poll.rows,
            poll.changed,
            poll.events,
            poll.error,
        ),
    )
