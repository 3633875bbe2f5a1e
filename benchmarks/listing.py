"""Listing: the rows that the benchmarks' server offers, as bytes, and the ways in which they change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from watcher.lab.world import onq_plausible

ROW_BYTES = 875
FIRST_ID = 1_000_001
_PATTERNS = 2000
_FILLER = "with plenty of time for questions, exercises in small groups and a look back at what was learnt; "

Row = dict[str, Any]


class Listing:
    """Rows of about 875 bytes; pages are joined before they are asked for, so that serving one is sending bytes."""

    def __init__(self, rows: int, seed: int = 7) -> None:
        self._chance = Random(seed)
        patterns = [_pattern(self._chance) for _ in range(min(_PATTERNS, rows))]
        self._rows = [_numbered(patterns[index % _PATTERNS], FIRST_ID + index) for index in range(rows)]
        self._next_id = FIRST_ID + rows
        self._pages: dict[tuple[int, int, int], bytes] = {}

    def page(self, number: int, size: int, limit: int) -> bytes:
        """Return a page, from 1, as a JSON array, a row a line; only the first `limit` rows are there (0: all)."""
        key = (number, size, limit)
        if key not in self._pages:
            end = min(number * size, limit or len(self._rows))
            self._pages[key] = b"[" + b",\n".join(self._rows[(number - 1) * size : end]) + b"]"
        return self._pages[key]

    def ask_questions(self, count: int) -> list[int]:
        """Open a question in so many rows, scattered, and return their ids: each makes an event."""
        return self._edit(count, lambda row: row.update(open_questions_count=row["open_questions_count"] + 1))

    def register_users(self) -> list[int]:
        """Change a field of every row that makes no event."""
        return self._edit(0, lambda row: row.update(registered_user_count=row["registered_user_count"] + 1))

    def shuffle_keys(self) -> list[int]:
        """Put the keys of every row into another order."""
        return self._edit(0, self._shuffle)

    def put_on_top(self) -> list[int]:
        """Insert a row in front of all others."""
        row = msgspec.json.decode(self._rows[0])
        row["id"], self._next_id = self._next_id, self._next_id + 1
        self._rows.insert(0, msgspec.json.encode(row))
        self._join()
        return [row["id"]]

    def _edit(self, count: int, edit: Callable[[Row], object]) -> list[int]:
        """Change so many rows (0: all)."""
        places = self._chance.sample(range(len(self._rows)), count) if count else range(len(self._rows))
        changed = []
        for place in places:
            row = msgspec.json.decode(self._rows[place])
            edit(row)
            changed.append(row["id"])
            self._rows[place] = msgspec.json.encode(row)
        self._join()
        return changed if count else []

    def _shuffle(self, row: Row) -> None:
        members = self._chance.sample(list(row.items()), len(row))
        row.clear()
        row.update(members)

    def _join(self) -> None:
        """Join anew every page that was asked for so far."""
        known, self._pages = list(self._pages), {}
        for number, size, limit in known:
            self.page(number, size, limit)


def _pattern(chance: Random) -> bytes:
    row = onq_plausible(FIRST_ID, chance, datetime.now(UTC))
    missing = ROW_BYTES - len(msgspec.json.encode(row))
    name = str(row["content_name"])
    row["content_name"] = f"{name} {_FILLER * 6}"[: len(name) + max(missing, 0)]
    return msgspec.json.encode(row)


def _numbered(pattern: bytes, identity: int) -> bytes:
    return pattern.replace(str(FIRST_ID).encode(), str(identity).encode())
