"""The TEMP tables of a draft: which ids a read came by."""

from __future__ import annotations

import sqlite3

from watcher.pipeline.snapshots import Tally

# sighted: how often an id came minus how often it left, page by page against the remembered pages: 0 stands nowhere,
# so that a list that only shifts costs almost nothing; chunk: where the row lies whose bytes differ from the stored
# ones (see chunks), null for one that only moved. base: the same of the reads that a union is compared with.
_SIGHTED = "id TEXT PRIMARY KEY, net INTEGER NOT NULL, chunk INTEGER, digest BLOB"
_TABLES = {
    "sighted": f"({_SIGHTED}) WITHOUT ROWID",
    "base": f"({_SIGHTED}) WITHOUT ROWID",
    "absent": "(id TEXT PRIMARY KEY) WITHOUT ROWID",
    "returned": "(id TEXT PRIMARY KEY) WITHOUT ROWID",
}
_PREFIX = "draft_"

_SIGHT = """INSERT INTO temp.draft_{table}(id, net, chunk, digest) VALUES(?, ?, ?, ?)
    ON CONFLICT(id) DO UPDATE SET net = net + excluded.net, chunk = coalesce(excluded.chunk, chunk),
        digest = coalesce(excluded.digest, digest)"""
SIGHT, SIGHT_IN_BASE = _SIGHT.format(table="sighted"), _SIGHT.format(table="base")
SIGHT_STAYED = """INSERT INTO temp.draft_sighted(id, net, chunk, digest) VALUES(?, 0, ?, ?)
    ON CONFLICT(id) DO UPDATE SET chunk = max(coalesce(chunk, 0), excluded.chunk)"""
STORED = """SELECT r.* FROM temp.draft_{table} t CROSS JOIN main.rows r ON r.source = ? AND r.id = t.id
    WHERE t.id > ? ORDER BY t.id LIMIT ?"""
LISTED = "SELECT 1 FROM main.rows WHERE source = ? AND presence = 'listed' LIMIT ?"
HIDDEN = """SELECT r.* FROM main.rows r WHERE r.source = ? AND r.presence <> 'listed' AND r.presence = 'hidden'
    AND r.id NOT IN (SELECT id FROM temp.draft_sighted WHERE net > 0) ORDER BY r.known_at_ms LIMIT ?"""
LATEST = """SELECT id, max(chunk) FROM (
        SELECT id, chunk FROM temp.draft_sighted WHERE id IN (SELECT value FROM json_each(:ids))
        UNION ALL SELECT id, chunk FROM temp.draft_base WHERE id IN (SELECT value FROM json_each(:ids)))
    WHERE chunk IS NOT NULL GROUP BY id"""
KNOWN_IN_UNION = """SELECT id, digest FROM temp.draft_base WHERE id IN (SELECT value FROM json_each(:ids))
    UNION ALL SELECT id, digest FROM temp.draft_sighted WHERE id IN (SELECT value FROM json_each(:ids))"""
KNOWN = "SELECT id, digest FROM main.rows WHERE source = ? AND id IN (SELECT value FROM json_each(?))"


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, empty."""
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {_PREFIX}{name}{columns}")
    clear(connection)


def clear(connection: sqlite3.Connection) -> None:
    """Empty the tables."""
    for name in _TABLES:
        empty(connection, f"{_PREFIX}{name}")


def empty(connection: sqlite3.Connection, table: str) -> None:
    """Empty a TEMP table; even of an empty one a DELETE would be journalled, and most polls find nothing."""
    if connection.execute(f"SELECT EXISTS(SELECT 1 FROM temp.{table})").fetchone()[0]:
        connection.execute(f"DELETE FROM temp.{table}")


def start_read(connection: sqlite3.Connection, *, is_union: bool) -> None:
    """Forget what a read came by; in a union its rows stay, only where they stood is forgotten."""
    if is_union:
        # what a torn read showed otherwise than the base is shown again by the next one, or is as the base has it
        connection.execute(
            "DELETE FROM temp.draft_sighted WHERE chunk IS NULL OR id IN (SELECT id FROM temp.draft_base)"
        )
        connection.execute("UPDATE temp.draft_sighted SET net = 0")
    else:
        for table in ("sighted", "absent", "returned"):
            empty(connection, f"{_PREFIX}{table}")


def keep_read(connection: sqlite3.Connection) -> None:
    """Make what a read came by part of the base, and begin anew."""
    if not connection.execute("SELECT EXISTS(SELECT 1 FROM temp.draft_base)").fetchone()[0]:
        connection.execute("DROP TABLE temp.draft_base")  # renaming costs nothing, copying as much as reading
        connection.execute("ALTER TABLE temp.draft_sighted RENAME TO draft_base")
        connection.execute(f"CREATE TEMP TABLE draft_sighted{_TABLES['sighted']}")
        return
    connection.execute(
        """INSERT INTO temp.draft_base SELECT id, 1, chunk, digest FROM temp.draft_sighted WHERE chunk IS NOT NULL
           ON CONFLICT(id) DO UPDATE SET chunk = excluded.chunk, digest = excluded.digest"""
    )
    connection.execute("DELETE FROM temp.draft_sighted")


def taken_ids(connection: sqlite3.Connection) -> int:
    """Return how many distinct rows were taken in over all reads."""
    return _one(connection, _TAKEN, {})


def removed_that_came(connection: sqlite3.Connection, source: int) -> frozenset[str]:
    """Return the removed rows that came once more than they left.

    They are back, or, where a remembered page holds them (a row that says of itself that it is removed), came twice.
    """
    return frozenset(row[0] for row in connection.execute(_REMOVED_THAT_CAME, {"source": source}))


def count(connection: sqlite3.Connection, source: int, remembered_rows: int, repeated: int, *, is_union: bool) -> Tally:
    """Fill `absent` and `returned` and return the counts of a read.

    `remembered_rows`: how many rows the remembered pages hold; 0 where nothing is remembered, and then every row that
    came is in `sighted`. `repeated`: removed rows that came twice.
    """
    for table in ("absent", "returned"):
        empty(connection, f"{_PREFIX}{table}")
    if is_union:
        return _count_union(connection, remembered_rows)
    values = {"source": source}
    connection.execute(_ABSENT if remembered_rows else _ABSENT_OF_ALL, values)
    connection.execute(_RETURNED, values)
    absent, first_seen = _one(connection, "FROM temp.draft_absent", values), _one(connection, _FIRST_SEEN, values)
    # exact where shares of it are weighed; remembered pages also hold rows that say of themselves that they are removed
    is_exact = not (absent or first_seen) or not _one(connection, _REMOVED, values)
    is_remembered = remembered_rows and is_exact
    listed = remembered_rows if is_remembered else _one(connection, _ALL, values) - _one(connection, _AWAY, values)
    return Tally(
        rows=_rows(connection, remembered_rows),
        repeated=repeated + _one(connection, _REPEATED if remembered_rows else _REPEATED_OF_ALL, values),
        known=listed + _one(connection, _MISSING, values),
        first_seen=first_seen,
        absent=absent,
        newly_absent=_one(connection, _NEWLY_ABSENT, values),
    )


def count_unchanged(connection: sqlite3.Connection, source: int, remembered_rows: int) -> Tally | None:
    """Return the counts of a read that was in nothing otherwise than the remembered one, None where rows are missing.

    The tables `absent` and `returned` are left as they are: empty, as start_read found or made them.
    """
    if not remembered_rows or _one(connection, _MISSING, {"source": source}):
        return None
    return Tally(rows=remembered_rows, repeated=0, known=remembered_rows, first_seen=0, absent=0, newly_absent=0)


def _count_union(connection: sqlite3.Connection, remembered_rows: int) -> Tally:
    absent = _one(connection, "FROM temp.draft_sighted WHERE net < 0", {})
    return Tally(
        rows=_rows(connection, remembered_rows),
        repeated=_one(connection, _REPEATED_IN_UNION, {}),
        known=remembered_rows,
        first_seen=_one(connection, _TAKEN, {}),
        absent=absent,
        newly_absent=absent,
    )


def _rows(connection: sqlite3.Connection, remembered_rows: int) -> int:
    """Distinct rows of the read; rows that came twice are told apart by `repeated`."""
    if remembered_rows:
        moved = connection.execute("SELECT coalesce(sum(net), 0) FROM temp.draft_sighted").fetchone()[0]
        return int(remembered_rows + moved)
    return _one(connection, "FROM temp.draft_sighted WHERE net > 0", {})


def _one(connection: sqlite3.Connection, rest: str, values: dict[str, int]) -> int:
    return int(connection.execute(f"SELECT count(*) {rest}", values).fetchone()[0])


_ABSENT = """INSERT INTO temp.draft_absent
    SELECT s.id FROM temp.draft_sighted s CROSS JOIN main.rows r ON r.source = :source AND r.id = s.id
        WHERE s.net < 0 AND r.presence = 'listed'
    UNION SELECT r.id FROM main.rows r WHERE r.source = :source AND r.presence <> 'listed' AND r.presence = 'missing'
        AND r.id NOT IN (SELECT id FROM temp.draft_sighted WHERE net > 0)"""
_ABSENT_OF_ALL = """INSERT INTO temp.draft_absent
    SELECT r.id FROM main.rows r WHERE r.source = :source AND r.presence IN ('listed', 'missing')
        AND r.id NOT IN (SELECT id FROM temp.draft_sighted WHERE net > 0)"""
_RETURNED = """INSERT INTO temp.draft_returned
    SELECT s.id FROM temp.draft_sighted s CROSS JOIN main.rows r ON r.source = :source AND r.id = s.id
        WHERE s.net > 0 AND s.chunk IS NULL AND r.presence <> 'listed'"""
_REPEATED = """FROM temp.draft_sighted s LEFT JOIN main.rows r ON r.source = :source AND r.id = s.id
    WHERE s.net > 1 OR (s.net = 1 AND r.presence = 'listed')"""
_REPEATED_OF_ALL = "FROM temp.draft_sighted WHERE net > 1"
_REPEATED_IN_UNION = """FROM temp.draft_sighted s LEFT JOIN temp.draft_base b ON b.id = s.id
    WHERE s.net > 1 OR (s.net = 1 AND b.chunk IS NOT NULL)"""
_REMOVED_THAT_CAME = """SELECT s.id FROM temp.draft_sighted s
    CROSS JOIN main.rows r ON r.source = :source AND r.id = s.id WHERE s.net = 1 AND r.presence = 'removed'"""
_ALL = "FROM main.rows WHERE source = :source"
_AWAY = "FROM main.rows WHERE source = :source AND presence <> 'listed'"
_REMOVED = "FROM main.rows WHERE source = :source AND presence <> 'listed' AND presence = 'removed'"
_MISSING = "FROM main.rows WHERE source = :source AND presence <> 'listed' AND presence = 'missing'"
_NEWLY_ABSENT = """FROM temp.draft_absent a CROSS JOIN main.rows r ON r.source = :source AND r.id = a.id
    WHERE r.presence = 'listed'"""
_FIRST_SEEN = """FROM temp.draft_sighted s WHERE s.chunk IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM main.rows r WHERE r.source = :source AND r.id = s.id)"""
_TAKEN = """FROM (SELECT id FROM temp.draft_base WHERE chunk IS NOT NULL
    UNION SELECT id FROM temp.draft_sighted WHERE chunk IS NOT NULL)"""
