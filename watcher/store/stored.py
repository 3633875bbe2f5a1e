"""Stored rows beside the changed ones of a poll: all documents of a batch in one go, the rest when asked for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from watcher.domain.plain import Known
from watcher.domain.snapshot import Row, Standing
from watcher.store.rows import SHAPES, conversation_of, instant, is_compressed, row_of, standing_of

_OF_IDS = """SELECT r.key, r.id, r.doc, r.waiting_since_ms, r.presence = 'listed' AND r.absent_reads = 0
        AND r.absent_since_ms IS NULL AND r.known_at_ms IS NULL, r.digest, r.rev, r.presence, r.absent_reads,
        r.absent_since_ms, r.known_at_ms, r.is_closed_told, r.deadlines,
        r.fires_at_ms
    FROM json_each(?) j CROSS JOIN main.rows r ON r.source = ? AND r.id = j.value"""
_KEY, _ID, _DOC, _WAITING_SINCE, _IS_CALM, _DIGEST, _REV = range(7)
_IS_CLOSED_TOLD = 11
_decode = msgspec.json.Decoder(list[tuple[Any, ...]]).decode


class StoredRow:
    """The Stored port over a row of the database; `shape` is that of plain rows (see rows), None for none."""

    __slots__ = ("_columns", "_document", "_shape")

    def __init__(self, columns: sqlite3.Row, document: tuple[Any, ...] | None, shape: int | None) -> None:
        self._columns, self._document, self._shape = columns, document, shape

    @property
    def key(self) -> int:
        """What the database knows it by."""
        return int(self._columns[_KEY])

    @property
    def deadlines(self) -> str:
        """The text of its deadlines."""
        return str(self._columns["deadlines"])

    @property
    def fires_at_ms(self) -> int | None:
        """When the earliest of its deadlines fires."""
        return None if (known := self._columns["fires_at_ms"]) is None else int(known)

    @property
    def row(self) -> Row:
        """The row."""
        columns, document = self._columns, self._document
        if document is None:
            return row_of(columns)
        return Row(
            conversation=conversation_of(columns[_ID], document),
            rev=columns[_REV],
            digest=columns[_DIGEST],
            standing=_calm(columns) if columns[_IS_CALM] else standing_of(columns),
        )

    @property
    def known(self) -> Known | None:
        """What is known of a plain row that stands as a complete read left it."""
        columns = self._columns
        if self._document is None or self._shape is None or not columns[_IS_CALM]:
            return None
        _, state, _, shape, values, others = self._document
        return (
            Known(values, state, columns[_WAITING_SINCE] is not None) if shape == self._shape and not others else None
        )


def _calm(columns: sqlite3.Row) -> Standing:
    """Return where a row stands as a complete read left it, in the list, as most are."""
    is_closed, since_ms = bool(columns[_IS_CLOSED_TOLD]), columns[_WAITING_SINCE]
    return _CALM[is_closed] if since_ms is None else Standing(is_closed_told=is_closed, waiting_since=instant(since_ms))


_CALM = [Standing(is_closed_told=is_closed) for is_closed in (False, True)]


def load_stored(
    connection: sqlite3.Connection, source: int, ids: Sequence[str], names: Sequence[str]
) -> Mapping[str, StoredRow]:
    """Return the stored rows of some ids; `names` are the fields of a plain row."""
    found = connection.execute(_OF_IDS, (json.dumps(ids), source)).fetchall()
    shape = SHAPES.index(tuple(names)) if tuple(names) in SHAPES else None
    docs = [columns[_DOC] for columns in found]
    is_plain = shape is not None and not any(map(is_compressed, docs))
    decoded = _decode(b"[%b]" % b",".join(docs)) if is_plain else (None,) * len(docs)
    return {columns[_ID]: StoredRow(columns, doc, shape) for columns, doc in zip(found, decoded, strict=True)}


def rows_of(connection: sqlite3.Connection, query: str, source: int, batch: int) -> Iterator[Sequence[Row]]:
    """Yield the rows of a query in batches; it is given the source, the id to go on behind, and how many."""
    last = ""
    while found := connection.execute(query, (source, last, batch)).fetchall():
        yield [row_of(row) for row in found]
        last = found[-1]["id"]
