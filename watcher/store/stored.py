"""Stored rows beside the changed ones of a poll: all documents of a batch in one go, the rest when asked for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from watcher.domain.making import maker
from watcher.domain.plain import Known
from watcher.domain.snapshot import LISTED, Row, Standing
from watcher.store.rows import SHAPES, conversation_of, instant, is_compressed, row_of, standing_of

_IS_CALM = """r.presence = 'listed' AND r.absent_reads = 0 AND r.absent_since_ms IS NULL AND r.known_at_ms IS NULL"""
_OF_IDS = f"""SELECT r.key, r.id, r.doc, r.waiting_since_ms IS NOT NULL, {_IS_CALM}
    FROM json_each(?) j CROSS JOIN main.rows r ON r.source = ? AND r.id = j.value"""
_OF_KEYS = f"""SELECT r.key, r.id, r.doc, r.digest, r.rev, r.presence, r.absent_reads, r.absent_since_ms, r.known_at_ms,
        r.is_closed_told, r.waiting_since_ms, r.deadlines, r.fires_at_ms,
        {_IS_CALM} AS is_calm
    FROM json_each(?) j CROSS JOIN main.rows r ON r.key = j.value"""
_decode = msgspec.json.Decoder(list[tuple[Any, ...]]).decode


class StoredRow(NamedTuple):
    """The Stored port over a row of the database; what is asked for first of a batch's rows is read for all of them.

    `known` is what is known of a plain row that stands as a complete read left it, None for any other.
    """

    key: int
    known: Known | None
    document: tuple[Any, ...] | None
    batch: Batch

    @property
    def deadlines(self) -> str:
        """The text of its deadlines."""
        return str(self.batch.columns(self.key)["deadlines"])

    @property
    def fires_at_ms(self) -> int | None:
        """When the earliest of its deadlines fires."""
        return None if (known := self.batch.columns(self.key)["fires_at_ms"]) is None else int(known)

    @property
    def row(self) -> Row:
        """The row."""
        columns, document = self.batch.columns(self.key), self.document
        if document is None:
            return row_of(columns)
        return Row(
            conversation=conversation_of(columns["id"], document),
            rev=columns["rev"],
            digest=columns["digest"],
            standing=_calm(columns) if columns["is_calm"] else standing_of(columns),
        )


class Batch:
    """The rows of some keys with all that is stored of them: most rows of a large batch are never asked for more."""

    def __init__(self, connection: sqlite3.Connection, keys: Sequence[int]) -> None:
        self._connection, self._keys = connection, keys
        self._columns: Mapping[int, sqlite3.Row] | None = None

    def columns(self, key: int) -> sqlite3.Row:
        """Return all that is stored of a row."""
        if self._columns is None:
            found = self._connection.execute(_OF_KEYS, (json.dumps(self._keys),))
            self._columns = {row["key"]: row for row in found}
        return self._columns[key]


_make_stored, _make_known = maker(StoredRow), maker(Known)


def _calm(columns: sqlite3.Row) -> Standing:
    """Return where a row stands as a complete read left it, in the list, as most are."""
    is_closed, since_ms = bool(columns["is_closed_told"]), columns["waiting_since_ms"]
    return (
        LISTED[is_closed] if since_ms is None else Standing(is_closed_told=is_closed, waiting_since=instant(since_ms))
    )


def load_stored(
    connection: sqlite3.Connection, source: int, ids: Sequence[str], names: Sequence[str]
) -> Mapping[str, StoredRow]:
    """Return the stored rows of some ids; `names` are the fields of a plain row."""
    cursor = connection.cursor()
    cursor.row_factory = None
    found = cursor.execute(_OF_IDS, (json.dumps(ids), source)).fetchall()
    shape = SHAPES.index(tuple(names)) if tuple(names) in SHAPES else None
    docs = [doc for _, _, doc, _, _ in found]
    batch = Batch(connection, [key for key, _, _, _, _ in found])
    if shape is None or any(map(is_compressed, docs)):
        return {row_id: StoredRow(key, None, None, batch) for key, row_id, _, _, _ in found}
    documents = _decode(b"[%b]" % b",".join(docs))
    return {
        row_id: _make_stored((key, _known(document, shape, waits) if is_calm else None, document, batch))
        for (key, row_id, _, waits, is_calm), document in zip(found, documents, strict=True)
    }


def _known(document: tuple[Any, ...], shape: int, waits: int) -> Known | None:
    _, state, _, its_shape, values, others = document
    return _make_known((values, state, waits == 1)) if its_shape == shape and not others else None


def rows_of(connection: sqlite3.Connection, query: str, source: int, batch: int) -> Iterator[Sequence[Row]]:
    """Yield the rows of a query in batches; it is given the source, the id to go on behind, and how many."""
    last = ""
    while found := connection.execute(query, (source, last, batch)).fetchall():
        yield [row_of(row) for row in found]
        last = found[-1]["id"]
