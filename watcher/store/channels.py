"""Channels, stored: the health of each."""

from __future__ import annotations

import sqlite3

from watcher.domain.channel_health import ChannelHealth
from watcher.store.rows import from_ms, to_ms


def read_health(connection: sqlite3.Connection, channel: str) -> ChannelHealth:
    """Return what is remembered of a channel; of an unknown one, the defaults."""
    query = "SELECT troubled_since_ms, failures, is_failing, error, paused_until_ms FROM channels WHERE name = ?"
    row = connection.execute(query, (channel,)).fetchone()
    if row is None:
        return ChannelHealth()
    return ChannelHealth(
        troubled_since=from_ms(row[0]),
        failures=row[1],
        is_failing=bool(row[2]),
        error=row[3],
        paused_until=from_ms(row[4]),
    )


def write_health(connection: sqlite3.Connection, channel: str, health: ChannelHealth) -> None:
    """Store a channel's health; one that is as it was, as after nearly every message, touches no page."""
    connection.execute(
        """INSERT INTO channels(name, troubled_since_ms, failures, is_failing, error, paused_until_ms)
            VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET troubled_since_ms = excluded.troubled_since_ms,
            failures = excluded.failures, is_failing = excluded.is_failing, error = excluded.error,
            paused_until_ms = excluded.paused_until_ms
            WHERE (troubled_since_ms, failures, is_failing, error, paused_until_ms) IS NOT (excluded.troubled_since_ms,
                excluded.failures, excluded.is_failing, excluded.error, excluded.paused_until_ms)""",
        (
            channel,
            to_ms(health.troubled_since),
            health.failures,
            health.is_failing,
            health.error,
            to_ms(health.paused_until),
        ),
    )
