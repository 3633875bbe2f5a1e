"""The page cache: the pages of the last complete read, so that unchanged bytes need no parsing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import overload

import msgspec

from watcher.domain.listing import Digests, PageOutline, Remembered
from watcher.pipeline.snapshots import SourceRecord
from watcher.store.chunks import Pile
from watcher.store.draft_tables import empty

_COLUMNS = "position, digest, ids, row_digests, layout, overlap, rows, total, has_more"
_TABLE = f"""position INTEGER PRIMARY KEY, {_COLUMNS.removeprefix("position, ")}"""
_VALUES = "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_VALUES_OF_SOURCE = "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, ...]).decode


class PageCache:
    """The remembered pages of one source, and those of the read that is under way (in a pile).

    It may be dropped at any time: the next read is then compared row by row.
    """

    def __init__(self, connection: sqlite3.Connection, record: SourceRecord, pile: Pile) -> None:
        self._connection, self._source, self._remembered = connection, record.key, record.rows_key
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS draft_base_pages({_TABLE})")
        empty(connection, "draft_base_pages")
        self._pile = pile
        self._is_based = False
        self._visited = 0
        self._loaded: dict[int, Remembered | None] = {}
        self.remembered_rows = self._count_rows()

    def load(self, position: int) -> Remembered | None:
        """Return the remembered page at a position, the same value each time until it is put."""
        if position not in self._loaded:
            self._loaded[position] = self._load(position)
        return self._loaded[position]

    def put(self, position: int, page: Remembered) -> None:
        """Take in a page of the read under way; one that is as it was needs no storing."""
        self._visited = max(self._visited, position + 1)
        known = self._loaded.pop(position, None)
        if known is not None and known.outline is page.outline and known.overlap == page.overlap:
            return
        outline = page.outline
        columns = (
            position,
            outline.digest,
            _encode(tuple(outline.ids)),
            outline.row_digests.joined,
            outline.layout,
            page.overlap,
            len(set(outline.ids[page.overlap :])),
            outline.total,
            outline.has_more,
        )
        self._pile.put([columns])

    def restart(self) -> None:
        """Forget the read under way."""
        self._pile.clear()
        self._visited = 0
        self._loaded.clear()

    def turn_over(self) -> None:
        """Make the read under way, which is whole, the one that is remembered."""
        for _, entries in self._pile.chunks():
            self._connection.executemany(f"INSERT OR REPLACE INTO temp.draft_base_pages({_COLUMNS}) {_VALUES}", entries)
        self._connection.execute("DELETE FROM temp.draft_base_pages WHERE position >= ?", (self._visited,))
        self._is_based = True
        self.restart()
        self.remembered_rows = self._count_rows()

    def unvisited_ids(self) -> Iterator[str]:
        """Yield the ids of the remembered pages that the read under way did not come to."""
        return self._ids_from(self._visited)

    def held_of(self, ids: frozenset[str]) -> frozenset[str]:
        """Return those of some ids that are on the remembered pages."""
        return ids.intersection(self._ids_from(0)) if ids else ids

    def store(self) -> None:
        """Remember the read under way, inside the caller's transaction."""
        visited = self._visited
        put = f"INSERT OR REPLACE INTO main.pages({_COLUMNS}, source)"
        if self._is_based:
            self.turn_over()
            self._connection.execute(f"{put} SELECT {_COLUMNS}, ? FROM temp.draft_base_pages", (self._source,))
        for _, entries in self._pile.chunks():
            self._connection.executemany(f"{put} {_VALUES_OF_SOURCE}", [(*entry, self._source) for entry in entries])
        self._connection.execute("DELETE FROM main.pages WHERE source = ? AND position >= ?", (self._source, visited))

    def forget(self) -> None:
        """Remember nothing, inside the caller's transaction."""
        self._connection.execute("DELETE FROM main.pages WHERE source = ?", (self._source,))

    def _ids_from(self, position: int) -> Iterator[str]:
        while (page := self._load(position)) is not None:
            yield from set(page.outline.ids[page.overlap :])
            position += 1

    def _load(self, position: int) -> Remembered | None:
        row = self._connection.execute(
            f"SELECT * FROM {self._from} AND position = ?", (*self._key, position)
        ).fetchone()
        if row is None:
            return None
        has_more, digests = row["has_more"], Digests(row["row_digests"])
        outline = PageOutline(
            digest=row["digest"],
            ids=_Ids(row["ids"], len(digests)),
            row_digests=digests,
            total=row["total"],
            has_more=None if has_more is None else bool(has_more),
            layout=row["layout"],
        )
        return Remembered(outline=outline, overlap=row["overlap"])

    @property
    def _from(self) -> str:
        return "temp.draft_base_pages WHERE 1" if self._is_based else "main.pages WHERE source = ?"

    @property
    def _key(self) -> tuple[int, ...]:
        return () if self._is_based else (self._remembered,)

    def _count_rows(self) -> int:
        """Distinct rows on the remembered pages; within a page an id counts once, over pages none comes twice."""
        row = self._connection.execute(f"SELECT coalesce(sum(rows), 0) FROM {self._from}", self._key).fetchone()
        return int(row[0])


class _Ids(Sequence[str]):
    """The ids of a page, unpacked when they are first looked at: most pages are as they were, and never are."""

    def __init__(self, packed: bytes, count: int) -> None:
        self._packed, self._count = packed, count
        self._unpacked: tuple[str, ...] | None = None

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return self._all[place]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Sequence) and self._all == tuple(other))

    def __hash__(self) -> int:
        return hash(self._all)

    @property
    def _all(self) -> tuple[str, ...]:
        if self._unpacked is None:
            self._unpacked = _decode(self._packed)
        return self._unpacked
