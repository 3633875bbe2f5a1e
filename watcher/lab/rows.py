"""Rows of one simulated API: ordered, thread safe, with their encoded form kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from threading import RLock

Row = dict[str, object]
_KEPT_ENCODINGS = 3


class Rows:
    """An ordered collection of rows keyed by `id`, which may be given as a number or as text.

    What goes in and comes out is copied, so that every change passes through a method. Hold `lock` to
    make several calls one step. Per-row facts that no field shows (stars, members, gadgets) live in `hidden`.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.version = 0
        self._order: list[str] = []
        self._rows: dict[str, Row] = {}
        self._hidden: dict[str, Row] = {}
        self._gone: dict[str, Row] = {}
        self._encodings: dict[Hashable, dict[str, bytes]] = {}

    def put(self, row: Row, **hidden: object) -> None:
        """Replace the row of that id where it stands, or add it at the end."""
        with self.lock:
            self.insert(len(self._order), row, **hidden)

    def extend(self, rows: Iterable[Row]) -> None:
        """Put many rows."""
        with self.lock:
            for row in rows:
                self.put(row)

    def insert(self, position: int, row: Row, **hidden: object) -> None:
        """Add a row at `position`; a row of that id that is already there keeps its place."""
        key = str(row["id"])
        with self.lock:
            if key not in self._rows:
                self._order.insert(position, key)
            self._rows[key] = dict(row)
            self._hidden.setdefault(key, {}).update(hidden)
            self._gone.pop(key, None)
            self._forget(key)

    def remove(self, identity: object) -> Row:
        """Take a row away and return it; `gone` still knows it."""
        key = str(identity)
        with self.lock:
            row = self._rows.pop(key)
            self._order.remove(key)
            self._gone[key] = row
            self._forget(key)
            return dict(row)

    def update(self, identity: object, **fields: object) -> Row:
        """Change fields of a row and return it as it was before."""
        key = str(identity)
        with self.lock:
            before = self._rows[key]
            self._rows[key] = {**before, **fields}
            self._forget(key)
            return dict(before)

    def mark(self, identity: object, **hidden: object) -> None:
        """Set hidden facts of a row."""
        with self.lock:
            self._hidden.setdefault(str(identity), {}).update(hidden)
            self.version += 1

    def move(self, identity: object, position: int) -> None:
        """Give a row another place in the order."""
        key = str(identity)
        with self.lock:
            self._order.remove(key)
            self._order.insert(position, key)
            self.version += 1

    def clear(self) -> None:
        """Forget every row, hidden fact and removed row."""
        with self.lock:
            for known in (self._order, self._rows, self._hidden, self._gone, self._encodings):
                known.clear()
            self.version += 1

    def get(self, identity: object) -> Row | None:
        """The row of that id, or None."""
        with self.lock:
            row = self._rows.get(str(identity))
            return None if row is None else dict(row)

    def gone(self, identity: object) -> Row | None:
        """The last state of a removed row, or None."""
        with self.lock:
            row = self._gone.get(str(identity))
            return None if row is None else dict(row)

    def hidden(self, identity: object) -> Row:
        """Hidden facts of a row."""
        with self.lock:
            return dict(self._hidden.get(str(identity), {}))

    def ids(self) -> list[str]:
        """All ids, in order, as text."""
        with self.lock:
            return list(self._order)

    def slice(self, start: int, count: int) -> list[str]:
        """Ids of up to `count` rows from `start` (0 is the first)."""
        with self.lock:
            return self._order[start : start + count]

    def encoded(self, ids: Sequence[str], mark: Hashable, encode: Callable[[Row], bytes]) -> list[bytes]:
        """Encoded rows; `mark` names the encoding, and what was made under it is kept until a row changes."""
        with self.lock:
            kept = self._encoding(mark)
            for key in ids:
                if key not in kept:
                    kept[key] = encode(self._rows[key])
            return [kept[key] for key in ids]

    def _encoding(self, mark: Hashable) -> dict[str, bytes]:
        if mark not in self._encodings:
            while len(self._encodings) >= _KEPT_ENCODINGS:
                del self._encodings[next(iter(self._encodings))]
            self._encodings[mark] = {}
        return self._encodings[mark]

    def _forget(self, key: str) -> None:
        self.version += 1
        for kept in self._encodings.values():
            kept.pop(key, None)

    def __iter__(self) -> Iterator[Row]:
        with self.lock:
            return iter([dict(self._rows[key]) for key in self._order])

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, identity: object) -> bool:
        return str(identity) in self._rows
