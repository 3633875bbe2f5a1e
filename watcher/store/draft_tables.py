"""The TEMP tables of a draft: what a poll has taken in and what it will store."""

from __future__ import annotations

import sqlite3

from watcher.pipeline.snapshots import Tally

# taken: rows whose bytes differ from the stored ones. sighted: how often an id came minus how often it left, page by
# page against the remembered pages: 0 stands nowhere, so that a list that only shifts costs almost nothing.
_TABLES = {
    "taken": "n INTEGER PRIMARY KEY, id TEXT UNIQUE, digest BLOB, body BLOB, is_base INTEGER DEFAULT 0",
    "sighted": "id TEXT PRIMARY KEY, net INTEGER",
    "absent": "id TEXT PRIMARY KEY",
    "returned": "id TEXT PRIMARY KEY",
    "settled": """n INTEGER PRIMARY KEY, id TEXT UNIQUE, digest BLOB, doc BLOB, rev INTEGER, presence TEXT,
        absent_reads INTEGER, absent_since_ms INTEGER, known_at_ms INTEGER, is_closed_told INTEGER,
        waiting_since_ms INTEGER""",
    "digests": "id TEXT PRIMARY KEY, digest BLOB",
    "armed": """source INTEGER, conversation TEXT, kind TEXT, at_ms INTEGER, lead_ms INTEGER, fires_at_ms INTEGER,
        known_at_ms INTEGER, state TEXT""",
    "dropped": "source INTEGER, conversation TEXT, kind TEXT, at_ms INTEGER, lead_ms INTEGER",
    "events": """n INTEGER PRIMARY KEY, id TEXT, source TEXT, type TEXT, subject TEXT, time_ms INTEGER, severity TEXT,
        after_ms INTEGER, before_ms INTEGER, details TEXT, has_row INTEGER""",
    "deliveries": "id TEXT, channel TEXT, rule TEXT, state TEXT, time_ms INTEGER, event TEXT",
}
_PREFIX = "draft_"

INSERTS = {
    "settled": """INSERT OR REPLACE INTO temp.draft_settled(id, digest, doc, rev, presence, absent_reads,
        absent_since_ms, known_at_ms, is_closed_told, waiting_since_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
    "digests": "INSERT OR REPLACE INTO temp.draft_digests VALUES(?, ?)",
    "armed": "INSERT INTO temp.draft_armed VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
    "dropped": "INSERT INTO temp.draft_dropped VALUES(?, ?, ?, ?, ?)",
    "events": """INSERT INTO temp.draft_events(id, source, type, subject, time_ms, severity, after_ms, before_ms,
        details, has_row) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
    "deliveries": "INSERT INTO temp.draft_deliveries VALUES(?, ?, ?, ?, ?, ?)",
}
TAKE = """INSERT INTO temp.draft_taken(id, digest, body) VALUES(?, ?, ?)
    ON CONFLICT(id) DO UPDATE SET digest = excluded.digest, body = excluded.body"""
COUNT_MOVE = """INSERT INTO temp.draft_sighted VALUES(?, ?)
    ON CONFLICT(id) DO UPDATE SET net = net + excluded.net"""

# CROSS JOIN keeps its order: from what a poll found, which mostly is little, to the stored rows, which are many.
CHANGED = """SELECT t.n, t.digest AS new_digest, t.body, t.id, r.digest, r.rev, r.presence, r.absent_reads,
        r.absent_since_ms, r.known_at_ms, r.is_closed_told, r.waiting_since_ms, v.doc
    FROM temp.draft_taken t LEFT JOIN main.rows r ON r.source = ? AND r.id = t.id
    LEFT JOIN main.versions v ON v.key = r.version WHERE t.n > ? ORDER BY t.n LIMIT ?"""
STORED = """SELECT r.*, v.doc FROM temp.draft_{table} t CROSS JOIN main.rows r ON r.source = ? AND r.id = t.id
    JOIN main.versions v ON v.key = r.version WHERE t.id > ? ORDER BY t.id LIMIT ?"""
HIDDEN = """SELECT r.*, v.doc FROM main.rows r JOIN main.versions v ON v.key = r.version
    WHERE r.source = ? AND r.presence <> 'listed' AND r.presence = 'hidden'
    AND r.id NOT IN (SELECT id FROM temp.draft_sighted WHERE net > 0) ORDER BY r.known_at_ms LIMIT ?"""


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, empty."""
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {_PREFIX}{name}({columns})")
    clear(connection)


def clear(connection: sqlite3.Connection) -> None:
    """Empty the tables."""
    for name in _TABLES:
        connection.execute(f"DELETE FROM temp.{_PREFIX}{name}")


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
        connection.execute(f"DELETE FROM temp.{_PREFIX}{table}")
    if is_union:
        return _count_union(connection, remembered_rows)
    values = {"source": source}
    connection.execute(_ABSENT if remembered_rows else _ABSENT_OF_ALL, values)
    connection.execute(_RETURNED, values)
    absent, first_seen = _one(connection, "FROM temp.draft_absent", values), _one(connection, _FIRST_SEEN, values)
    # exact where shares of it are weighed; remembered pages also hold rows that say of themselves that they are removed
    is_remembered = remembered_rows and not absent and not first_seen
    listed = remembered_rows if is_remembered else _one(connection, _LISTED, values)
    return Tally(
        rows=_rows(connection, remembered_rows),
        repeated=repeated + _one(connection, _REPEATED if remembered_rows else _REPEATED_OF_ALL, values),
        known=listed + _one(connection, _MISSING, values),
        first_seen=first_seen,
        absent=absent,
        newly_absent=_one(connection, _NEWLY_ABSENT, values),
    )


def _count_union(connection: sqlite3.Connection, remembered_rows: int) -> Tally:
    absent = _one(connection, "FROM temp.draft_sighted WHERE net < 0", {})
    return Tally(
        rows=_rows(connection, remembered_rows),
        repeated=_one(connection, _REPEATED_IN_UNION, {}),
        known=remembered_rows,
        first_seen=_one(connection, "FROM temp.draft_taken", {}),
        absent=absent,
        newly_absent=absent,
    )


def _rows(connection: sqlite3.Connection, remembered_rows: int) -> int:
    """Distinct rows of the read; rows that came twice are told apart by `repeated`."""
    moved = connection.execute("SELECT coalesce(sum(net), 0) FROM temp.draft_sighted").fetchone()[0]
    if remembered_rows:
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
    SELECT r.id FROM main.rows r WHERE r.source = :source AND r.presence <> 'listed'
        AND r.id IN (SELECT id FROM temp.draft_sighted WHERE net > 0)
        AND r.id NOT IN (SELECT id FROM temp.draft_taken)"""
_REPEATED = """FROM temp.draft_sighted s LEFT JOIN main.rows r ON r.source = :source AND r.id = s.id
    WHERE s.net > 1 OR (s.net = 1 AND r.presence = 'listed')"""
_REPEATED_OF_ALL = "FROM temp.draft_sighted WHERE net > 1"
_REPEATED_IN_UNION = """FROM temp.draft_sighted s LEFT JOIN temp.draft_taken t ON t.id = s.id
    WHERE s.net > 1 OR (s.net = 1 AND t.is_base)"""
_REMOVED_THAT_CAME = """SELECT s.id FROM temp.draft_sighted s
    CROSS JOIN main.rows r ON r.source = :source AND r.id = s.id WHERE s.net = 1 AND r.presence = 'removed'"""
_LISTED = "FROM main.rows WHERE source = :source AND presence = 'listed'"
_MISSING = "FROM main.rows WHERE source = :source AND presence <> 'listed' AND presence = 'missing'"
_NEWLY_ABSENT = """FROM temp.draft_absent a CROSS JOIN main.rows r ON r.source = :source AND r.id = a.id
    WHERE r.presence = 'listed'"""
_FIRST_SEEN = """FROM temp.draft_taken t LEFT JOIN main.rows r ON r.source = :source AND r.id = t.id
    WHERE r.id IS NULL"""
