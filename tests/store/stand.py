"""A SQLite state for tests: events, versions and deliveries as a poll leaves them."""

from __future__ import annotations

from datetime import datetime

from watcher.domain.event import Event
from watcher.store.database import Database
from watcher.store.events import delivery_id, insert_deliveries, insert_event
from watcher.store.outbox import SqliteOutbox
from watcher.store.rows import pack


class SqliteStand:
    """A state in which a test can let things be owed."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox(self.database)

    def owe(self, event: Event, *channels: str, due_at: datetime) -> None:
        with self.database.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO sources(name, api, identity, epoch) VALUES(?, 'onq', '', 1)", (event.source,)
            )
            version = None
            if event.conversation is not None:
                version = connection.execute(
                    "INSERT INTO versions(source, conversation, doc) SELECT key, ?, ? FROM sources WHERE name = ?",
                    (event.subject, pack(event.conversation), event.source),
                ).lastrowid
            insert_event(connection, event, version, None)
            insert_deliveries(connection, event, [(channel, "a rule") for channel in channels], due_at)

    def attempts(self, delivery_id: str) -> list[tuple[int, str]]:
        query = "SELECT number, outcome FROM attempts WHERE delivery = ? ORDER BY number"
        return self.database.connection().execute(query, (delivery_id,)).fetchall()

    def state(self, event: Event, channel: str) -> str:
        query = "SELECT state FROM deliveries WHERE id = ?"
        found = self.database.connection().execute(query, (delivery_id(event.id, channel),)).fetchone()
        return str(found[0])
