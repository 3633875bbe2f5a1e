"""Conversations, read: one by its name, and the deadlines ahead of one or of all."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline
from watcher.domain.errors import NotFoundError
from watcher.domain.snapshot import Standing
from watcher.store.deadlines import deadline_of
from watcher.store.rows import standing_of, to_ms, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConversation:
    """A conversation as its source last showed it; `rev` counts its versions from 1."""

    source: str
    conversation: Conversation
    rev: int
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineAhead:
    """A deadline that is still to fire, with the conversation it belongs to."""

    source: str
    conversation: Conversation
    deadline: Deadline


class ConversationHistory:
    """The stored conversations."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, written: str) -> StoredConversation:
        """Return the conversation of an id, or of SOURCE/ID where several sources have that id.

        Raises NotFoundError, which names those sources, or the nearest ids.
        """
        found = self._rows(written) or self._rows(written.partition("/")[2], source=written.partition("/")[0])
        if not found:
            raise NotFoundError(f"there is no conversation {written!r}", remedy=self._suggest(written))
        if len(found) > 1:
            names = " or ".join(f"{row['source_name']}/{written}" for row in found)
            raise NotFoundError(f"{written!r} is a conversation of several sources", remedy=f"name it as {names}")
        return _stored(found[0])

    def deadlines(self, source: str, conversation: str) -> list[Deadline]:
        """Return the deadlines of a conversation, told and armed, in the order they fire."""
        sql = """SELECT d.* FROM deadlines d JOIN sources s ON s.key = d.source WHERE s.name = ? AND d.conversation = ?
            ORDER BY d.fires_at_ms"""
        return [deadline_of(row, row["known_at_ms"]) for row in self._connection.execute(sql, (source, conversation))]

    def deadlines_ahead(self, *, until: datetime | None = None, limit: int = 20) -> list[DeadlineAhead]:
        """Return the armed deadlines of all sources in the order they fire, at most `limit`."""
        sql = f"""SELECT d.*, s.name AS source_name, s.link, v.doc FROM deadlines d JOIN sources s ON s.key = d.source
            JOIN rows r ON r.source = d.source AND r.id = d.conversation JOIN versions v ON v.key = r.version
            WHERE d.state = 'armed' {"" if until is None else "AND d.fires_at_ms < ?"}
            ORDER BY d.fires_at_ms LIMIT ?"""
        bound = (limit,) if until is None else (to_ms(until), limit)
        return [
            DeadlineAhead(
                source=row["source_name"],
                conversation=unpack(row["conversation"], row["doc"], row["link"]),
                deadline=deadline_of(row, row["known_at_ms"]),
            )
            for row in self._connection.execute(sql, bound)
        ]

    def _rows(self, conversation: str, *, source: str | None = None) -> list[sqlite3.Row]:
        """Return the rows of an id, one a source."""
        rows = self._connection.execute(_FIND, (conversation,)).fetchall()
        return [row for row in rows if source is None or row["source_name"] == source]

    def _suggest(self, written: str) -> str:
        """Name the ids that stand next to a mistyped one."""
        below = self._connection.execute(f"{_NEAR} WHERE r.id < ? ORDER BY r.id DESC LIMIT 2", (written,)).fetchall()
        above = self._connection.execute(f"{_NEAR} WHERE r.id > ? ORDER BY r.id LIMIT 2", (written,)).fetchall()
        near = [f"{row['name']}/{row['id']}" for row in (*reversed(below), *above)]
        return f"some there are: {', '.join(near)}" if near else "none is known yet: run `watcher poll`"


_FIND = """SELECT r.*, v.doc, s.name AS source_name, s.link FROM rows r JOIN versions v ON v.key = r.version
    JOIN sources s ON s.key = r.source WHERE r.id = ? ORDER BY s.name"""
_NEAR = "SELECT r.id, s.name FROM rows r JOIN sources s ON s.key = r.source"


def _stored(row: sqlite3.Row) -> StoredConversation:
    return StoredConversation(
        source=row["source_name"],
        conversation=unpack(row["id"], row["doc"], row["link"]),
        rev=row["rev"],
        standing=standing_of(row),
    )
