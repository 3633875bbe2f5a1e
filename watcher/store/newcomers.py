"""Newcomers: the rows of a first read, whose ids are not written down as long as nothing asks for them.

Of such a read only two things are to be known: how many rows came, and that none came twice. Different hashes prove
different ids; where two are equal, or a second read is otherwise than the first, the ids are written down after all.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Sequence

from watcher.domain.listing import RawRow
from watcher.pipeline.snapshots import Tally
from watcher.store.chunks import Pile, Spill
from watcher.store.draft_tables import SIGHT, SIGHT_IN_BASE

_PARTS = 64
_WIDTH = 2**64 // _PARTS
_BOUNDS = tuple(-(2**63) + part * _WIDTH for part in range(1, _PARTS + 1))
_MOST_HASHES = 4096
"""in memory, of each part: 2 MB for all"""


class Newcomers:
    """Chunks of the pile `taken` with rows that were never stored, each of which came once more than it left."""

    def __init__(self, taken: Pile, spill: Spill) -> None:
        self._taken, self._spill = taken, spill
        self.clear()

    def clear(self) -> None:
        """Forget everything; the next rows belong to a new read."""
        self.count = 0
        self._statement = SIGHT
        self._chunks: set[int] = set()
        self._hashes: list[int] = []
        self._parts = [_Part(self._spill) for _ in range(_PARTS)]

    def hold(self, rows: Sequence[RawRow], chunk: int) -> None:
        """Take in the rows of a chunk."""
        self._chunks.add(chunk)
        self.count += len(rows)
        self._hashes += [hash(row_id) for row_id, _, _ in rows]
        if len(self._hashes) >= _MOST_HASHES:
            self._spread()

    def keep(self) -> None:
        """The read is whole: what came by it belongs to the base that a second read is compared with."""
        self._statement = SIGHT_IN_BASE

    def are_different(self) -> bool:
        """Whether it is proven that no id came twice."""
        self._spread()
        return all(part.are_different() for part in self._parts)

    def tally(self, remembered_rows: int) -> Tally:
        """Return the counts of the read, or of a second one that was as the first, of which so many are remembered."""
        rows = self.count
        return Tally(rows=rows, repeated=0, known=remembered_rows, first_seen=rows, absent=0, newly_absent=0)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the ids down, inside the caller's transaction, and forget the rows."""
        for number, entries in self._taken.chunks() if self._chunks else ():
            if number in self._chunks:
                ids = [(row_id, 1, number, digest) for row_id, digest, _ in entries]
                connection.executemany(self._statement, ids)
        self.clear()

    def _spread(self) -> None:
        """Put what was taken in where it belongs: equal hashes meet in one part."""
        hashes, self._hashes = sorted(self._hashes), []
        first = 0
        for part, bound in zip(self._parts, _BOUNDS, strict=True):
            end = bisect_left(hashes, bound, first)
            part.add(hashes[first:end])
            first = end


class _Part:
    """The hashes that lie between two bounds, part after part few enough to be looked at as a set."""

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._hashes = array("q")
        self._places: list[tuple[int, int]] = []

    def add(self, hashes: Sequence[int]) -> None:
        self._hashes.extend(hashes)
        if len(self._hashes) >= _MOST_HASHES:
            self._places.append(self._spill.put(self._hashes.tobytes()))
            self._hashes = array("q")

    def are_different(self) -> bool:
        every = self._hashes[:]
        for place in self._places:
            every.frombytes(self._spill.get(place))
        return len(set(every)) == len(every)
