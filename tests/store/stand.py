"""A SQLite state for tests: events, versions and deliveries as a poll leaves them."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline
from watcher.domain.event import Event
from watcher.domain.rule import Match
from watcher.pipeline.snapshots import PollRecord
from watcher.store.database import Database
from watcher.store.deadlines import load_deadlines, store_deadlines
from watcher.store.delivery_id import delivery_id
from watcher.store.events import insert_deliveries, insert_event, remember_ruleset
from watcher.store.outbox import SqliteOutbox
from watcher.store.rows import pack, to_ms


class SqliteStand:
    """A state in which a test can let things be owed."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox(self.database)

    def learn(self, source: str, *conversations: Conversation, presence: str = "listed") -> None:
        """Store conversations as a poll that listed them does."""
        with self.database.write() as connection:
            _add_source(connection, source)
            for shown in conversations:
                connection.execute(
                    """INSERT OR REPLACE INTO rows(source, id, digest, doc, rev, presence)
                        SELECT key, ?, x'', ?, 1, ? FROM sources WHERE name = ?""",
                    (shown.id, pack(shown), presence, source),
                )

    def arm(self, source: str, conversation: str, *deadlines: Deadline) -> None:
        """Store deadlines of a conversation beside those it has."""
        with self.database.write() as connection:
            (key,) = connection.execute("SELECT key FROM sources WHERE name = ?", (source,)).fetchone()
            stored = load_deadlines(connection, key, [conversation]).get(conversation, ())
            store_deadlines(connection, key, conversation, (*stored, *deadlines))

    def polled(self, source: str, *polls: PollRecord) -> None:
        """Store polls of a source, and when the last of them ended."""
        with self.database.write() as connection:
            _add_source(connection, source)
            for poll in polls:
                connection.execute(
                    """INSERT INTO polls(
                            source, started_at_ms, ended_at_ms, outcome, pages, rows, changed, events, error)
                        SELECT key, ?, ?, ?, ?, ?, ?, ?, ? FROM sources WHERE name = ?""",
                    (
                        to_ms(poll.started_at),
                        to_ms(poll.ended_at),
                        poll.outcome.value,
                        poll.pages,
                        poll.rows,
                        poll.changed,
                        poll.events,
                        poll.error,
                        source,
                    ),
                )
                connection.execute(
                    "UPDATE sources SET last_poll_at_ms = ?, interval_ms = 300000 WHERE name = ?",
                    (to_ms(poll.ended_at), source),
                )

    def owe(self, event: Event, *channels: str, due_at: datetime, ruleset: str = "") -> None:
        with self.database.write() as connection:
            _add_source(connection, event.source)
            shown = event.conversation
            version = None if shown is None else _add_version(connection, event.source, shown)
            insert_event(connection, event, version, remember_ruleset(connection, ruleset))
            insert_deliveries(
                connection, event, [Match(channel=channel, rule="a rule") for channel in channels], due_at
            )

    def merge(self, member: str, lead: str) -> None:
        """Let a delivery be told in the message of another one, as an arrangement does."""
        query = """UPDATE deliveries SET state = 'merged', lead = ?, due_at_ms = NULL, reason = 'told with another'
            WHERE id = ?"""
        with self.database.write() as connection:
            connection.execute(query, (lead, member))

    def attempts(self, delivery_id: str) -> list[tuple[int, str]]:
        query = "SELECT number, outcome FROM attempts WHERE delivery = ? ORDER BY number"
        return [(row[0], row[1]) for row in self.database.connection().execute(query, (delivery_id,))]

    def id_of(self, event: Event, channel: str) -> str:
        return delivery_id(event.id, channel)

    def state(self, event: Event, channel: str) -> str:
        query = "SELECT state FROM deliveries WHERE id = ?"
        found = self.database.connection().execute(query, (delivery_id(event.id, channel),)).fetchone()
        return str(found[0])


def _add_source(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT OR IGNORE INTO sources(name, api, identity, epoch) VALUES(?, 'onq', '', 1)", (name,))


def _add_version(connection: sqlite3.Connection, source: str, shown: Conversation) -> int | None:
    return connection.execute(
        "INSERT INTO versions(source, conversation, doc) SELECT key, ?, ? FROM sources WHERE name = ?",
        (shown.id, pack(shown), source),
    ).lastrowid
