"""The page cache: the pages of the last complete read, so that unchanged bytes need no parsing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from watcher.domain.listing import PageOutline
from watcher.pipeline.compare import Remembered
from watcher.pipeline.snapshots import SourceRecord

_DIGEST_BYTES = 16
_COLUMNS = "position, digest, ids, row_digests, overlap, rows, total, has_more"
_TABLE = f"""position INTEGER PRIMARY KEY, {_COLUMNS.removeprefix("position, ")}"""


class PageCache:
    """The remembered pages of one source, and those of the read that is under way (in TEMP tables).

    It may be dropped at any time: the next read is then compared row by row.
    """

    def __init__(self, connection: sqlite3.Connection, record: SourceRecord) -> None:
        self._connection, self._source, self._remembered = connection, record.key, record.rows_key
        for table in ("draft_pages", "draft_base"):
            connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {table}({_TABLE})")
            connection.execute(f"DELETE FROM temp.{table}")
        self._is_based = False
        self._visited = 0
        self._last: tuple[int, Remembered | None] = (-1, None)
        self.remembered_rows = self._count_rows()

    def load(self, position: int) -> Remembered | None:
        """Return the remembered page at a position."""
        if self._last[0] != position:
            self._last = (position, self._load(position))
        return self._last[1]

    def put(self, position: int, page: Remembered) -> None:
        """Take in a page of the read under way; one that is as it was needs no storing."""
        self._visited = max(self._visited, position + 1)
        if page == self.load(position):
            return
        outline = page.outline
        columns = (
            position,
            outline.digest,
            json.dumps(outline.ids),
            b"".join(outline.row_digests),
            page.overlap,
            len(set(outline.ids[page.overlap :])),
            outline.total,
            outline.has_more,
        )
        self._connection.execute(
            f"INSERT OR REPLACE INTO temp.draft_pages({_COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?)", columns
        )

    def restart(self) -> None:
        """Forget the read under way."""
        self._connection.execute("DELETE FROM temp.draft_pages")
        self._visited = 0
        self._last = (-1, None)

    def turn_over(self) -> None:
        """Make the read under way, which is whole, the one that is remembered."""
        self._connection.execute(f"INSERT OR REPLACE INTO temp.draft_base SELECT {_COLUMNS} FROM temp.draft_pages")
        self._connection.execute("DELETE FROM temp.draft_base WHERE position >= ?", (self._visited,))
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
        source = "temp.draft_base" if self._is_based else "temp.draft_pages"
        self._connection.execute(
            f"INSERT OR REPLACE INTO main.pages(source, {_COLUMNS}) SELECT ?, {_COLUMNS} FROM {source}", (self._source,)
        )
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
        digests = row["row_digests"]
        cuts = range(0, len(digests), _DIGEST_BYTES)
        has_more = row["has_more"]
        outline = PageOutline(
            digest=row["digest"],
            ids=tuple(json.loads(row["ids"])),
            row_digests=tuple(digests[cut : cut + _DIGEST_BYTES] for cut in cuts),
            total=row["total"],
            has_more=None if has_more is None else bool(has_more),
        )
        return Remembered(outline=outline, overlap=row["overlap"])

    @property
    def _from(self) -> str:
        return "temp.draft_base WHERE 1" if self._is_based else "main.pages WHERE source = ?"

    @property
    def _key(self) -> tuple[int, ...]:
        return () if self._is_based else (self._remembered,)

    def _count_rows(self) -> int:
        """Distinct rows on the remembered pages; within a page an id counts once, over pages none comes twice."""
        row = self._connection.execute(f"SELECT coalesce(sum(rows), 0) FROM {self._from}", self._key).fetchone()
        return int(row[0])
