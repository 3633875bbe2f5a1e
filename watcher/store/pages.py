"""The page cache: the pages of the last complete read, so that unchanged bytes need no parsing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial

from watcher.domain.listing import Digests, PageOutline, Remembered
from watcher.pipeline.snapshots import SourceRecord
from watcher.store.chunks import Pile
from watcher.store.draft_tables import empty
from watcher.store.outlines import Parts, StoredOutline, pack_ids, unpack_ids

_COLUMNS = "position, digest, ids, row_digests, layout, overlap, rows, total, has_more"
_TABLE = f"""position INTEGER PRIMARY KEY, {_COLUMNS.removeprefix("position, ")}"""
_VALUES = "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"
_VALUES_OF_SOURCE = "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEADS = "position, digest, overlap, total, has_more, length(row_digests)"
_AT_ONCE = 64
"""heads of pages that are loaded at a time; a head is as long as a line of text"""
# Updated in place: of a page of which little changed, SQLite writes only those pages of the file that differ.
_PUT = f"""INSERT INTO main.pages({_COLUMNS}, source) {_VALUES_OF_SOURCE} ON CONFLICT(source, position) DO UPDATE SET
    digest = excluded.digest, ids = excluded.ids, row_digests = excluded.row_digests, layout = excluded.layout,
    overlap = excluded.overlap, rows = excluded.rows, total = excluded.total, has_more = excluded.has_more"""


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
            self._load_heads(position)
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
            pack_ids(outline.ids),
            outline.row_digests.joined,
            outline.layout,
            page.overlap,
            _count_ids(outline, page.overlap),
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
        if self._is_based:
            self.turn_over()
            put = f"INSERT OR REPLACE INTO main.pages({_COLUMNS}, source)"
            self._connection.execute(f"{put} SELECT {_COLUMNS}, ? FROM temp.draft_base_pages", (self._source,))
        for _, entries in self._pile.chunks():
            self._connection.executemany(_PUT, [(*entry, self._source) for entry in entries])
        self._connection.execute("DELETE FROM main.pages WHERE source = ? AND position >= ?", (self._source, visited))

    def forget(self) -> None:
        """Remember nothing, inside the caller's transaction."""
        self._connection.execute("DELETE FROM main.pages WHERE source = ?", (self._source,))

    def _ids_from(self, position: int) -> Iterator[str]:
        """Each page is loaded for this alone, and let go of: together they may be many."""
        query = f"SELECT ids, overlap FROM {self._from} AND position = ?"
        while (found := self._connection.execute(query, (*self._key, position)).fetchone()) is not None:
            yield from set(unpack_ids(found["ids"])[found["overlap"] :])
            position += 1

    def _load_heads(self, position: int) -> None:
        """Load what settles whether a page is as it was, of some pages from a position on."""
        query = f"SELECT {_HEADS} FROM {self._from} AND position >= ? ORDER BY position LIMIT {_AT_ONCE}"
        self._loaded[position] = None
        for place, digest, overlap, total, has_more, length in self._connection.execute(query, (*self._key, position)):
            outline = StoredOutline(
                digest=digest,
                total=total,
                has_more=None if has_more is None else bool(has_more),
                size=length // Digests.SIZE,
                load=partial(self._load_parts, place, self._from, self._key),
            )
            if self._loaded.get(place) is None:
                self._loaded[place] = Remembered(outline=outline, overlap=overlap)

    def _load_parts(self, position: int, table: str, key: tuple[int, ...]) -> Parts:
        query = f"SELECT ids, row_digests, layout FROM {table} AND position = ?"
        found: Parts = tuple(self._connection.execute(query, (*key, position)).fetchone())
        return found

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


def _count_ids(outline: PageOutline, overlap: int) -> int:
    """Return how many distinct rows a page has beyond its overlap; one with a layout has each id once."""
    return outline.size - overlap if outline.layout else len(set(outline.ids[overlap:]))
