"""Conversations, read: one by its name, and the deadlines ahead of one or of all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline, DeadlineState
from watcher.domain.errors import NotFoundError
from watcher.domain.snapshot import Standing
from watcher.store.deadlines import unpack_deadlines
from watcher.store.rows import standing_of, unpack


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
        sql = "SELECT r.deadlines FROM rows r JOIN sources s ON s.key = r.source WHERE s.name = ? AND r.id = ?"
        row = self._connection.execute(sql, (source, conversation)).fetchone()
        return sorted(unpack_deadlines(row["deadlines"]) if row else (), key=lambda deadline: deadline.fires_at)

    def deadlines_ahead(self, *, until: datetime | None = None, limit: int = 20) -> list[DeadlineAhead]:
        """Return the armed deadlines of all sources in the order they fire, at most `limit`."""
        ahead = [
            DeadlineAhead(
                source=row["source_name"], conversation=unpack(row["id"], row["doc"], row["link"]), deadline=deadline
            )
            for row in self._due_soonest(limit)
            for deadline in unpack_deadlines(row["deadlines"])
            if deadline.state is DeadlineState.ARMED and (until is None or deadline.fires_at < until)
        ]
        return sorted(ahead, key=lambda each: each.deadline.fires_at)[:limit]

    def _due_soonest(self, limit: int) -> Iterator[sqlite3.Row]:
        """Yield so many rows of each source, those whose earliest deadline fires first: they hold the first ones."""
        for (key,) in self._connection.execute("SELECT key FROM sources").fetchall():
            yield from self._connection.execute(_DUE_SOONEST, (key, limit))

    def _rows(self, conversation: str, *, source: str | None = None) -> list[sqlite3.Row]:
        """Return the rows of an id, one a source."""
        rows = self._connection.execute(_FIND, (conversation,)).fetchall()
        return [row for row in rows if source is None or row["source_name"] == source]

    def _suggest(self, written: str) -> str:
        """Name the ids that stand next to a mistyped one."""
        sources = self._connection.execute("SELECT key, name FROM sources").fetchall()
        below = [(row[0], name) for key, name in sources for row in self._connection.execute(_BELOW, (key, written))]
        above = [(row[0], name) for key, name in sources for row in self._connection.execute(_ABOVE, (key, written))]
        near = [f"{name}/{row_id}" for row_id, name in (*sorted(below)[-_NEAR:], *sorted(above)[:_NEAR])]
        return f"some there are: {', '.join(near)}" if near else "none is known yet: run `watcher poll`"


_NEAR = 2
_FIND = """SELECT r.*, s.name AS source_name, s.link FROM sources s JOIN rows r ON r.source = s.key AND r.id = ?
    ORDER BY s.name"""
_BELOW = f"SELECT id FROM rows WHERE source = ? AND id < ? ORDER BY id DESC LIMIT {_NEAR}"
_ABOVE = f"SELECT id FROM rows WHERE source = ? AND id > ? ORDER BY id LIMIT {_NEAR}"
_DUE_SOONEST = """SELECT r.id, r.doc, r.deadlines, s.name AS source_name, s.link
    FROM rows r JOIN sources s ON s.key = r.source
    WHERE r.source = ? AND r.fires_at_ms IS NOT NULL ORDER BY r.fires_at_ms LIMIT ?"""


def _stored(row: sqlite3.Row) -> StoredConversation:
    return StoredConversation(
        source=row["source_name"],
        conversation=unpack(row["id"], row["doc"], row["link"]),
        rev=row["rev"],
        standing=standing_of(row),
    )
