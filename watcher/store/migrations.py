"""The schema, one step at a time; each is named in `steps`, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from sqlite_utils import Database, Migrations

SCHEMA = Migrations("watcher")


@SCHEMA()
def m001_first(db: Database) -> None:
    """Create every table of the first version."""
    for statement in _FIRST:
        db.conn.execute(statement)


@SCHEMA()
def m002_rows_hold_their_values(db: Database) -> None:
    """Keep values and deadlines with their row; a version is a copy, made when an event shows it."""
    for statement in _SECOND:
        db.conn.execute(statement)
    for source, conversation, deadlines, fires_at_ms in _joined_deadlines(db):
        db.conn.execute(
            "UPDATE rows SET deadlines = ?, fires_at_ms = ? WHERE source = ? AND id = ?",
            (deadlines, fires_at_ms, source, conversation),
        )
    db.conn.execute("DROP TABLE deadlines")


@SCHEMA()
def m003_silences(db: Database) -> None:
    """Keep silences, and what they have muted."""
    for statement in _THIRD:
        db.conn.execute(statement)


@SCHEMA()
def m004_arrangements(db: Database) -> None:
    """Keep what a delivery waits for, and in whose message it is told."""
    for statement in _FOURTH:
        db.conn.execute(statement)


@SCHEMA()
def m005_follow_ups(db: Database) -> None:
    """Let an event reach a channel once a stage, and keep what is followed up."""
    for statement in _FIFTH:
        db.conn.execute(statement)


@SCHEMA()
def m006_audit(db: Database) -> None:
    """Keep up to where the audit has looked, and what it found wrong that still is."""
    for statement in _SIXTH:
        db.conn.execute(statement)


def migrate(db: Database) -> None:
    """Apply what is missing, inside the caller's write transaction."""
    SCHEMA.apply(db)


def _joined_deadlines(db: Database) -> Iterator[tuple[int, str, str, int | None]]:
    """Yield the deadlines of each conversation as one text: [kind, at, learnt at, armed leads, told leads] in ms."""
    order = "source, conversation, kind, at_ms, known_at_ms, lead_ms DESC"
    found = db.conn.execute(
        f"SELECT source, conversation, kind, at_ms, known_at_ms, lead_ms, state FROM deadlines ORDER BY {order}"
    )
    for (source, conversation), rows in groupby(found.fetchall(), key=lambda row: (row[0], row[1])):
        instants: dict[tuple[str, int, int], tuple[list[int], list[int]]] = {}
        fires: list[int] = []
        for _, _, kind, at_ms, known_at_ms, lead_ms, state in rows:
            armed, told = instants.setdefault((kind, at_ms, known_at_ms), ([], []))
            (armed if state == "armed" else told).append(lead_ms)
            fires += [at_ms - lead_ms] if state == "armed" else []
        joined = json.dumps([[*key, *leads] for key, leads in instants.items()], separators=(",", ":"))
        yield source, conversation, joined, min(fires, default=None)


_FIRST = (
    # digest_seed: a secret random number, so that nobody can craft rows with equal digests
    "CREATE TABLE settings(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE sources(
        key INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, api TEXT NOT NULL, identity TEXT NOT NULL,
        epoch INTEGER NOT NULL, link TEXT NOT NULL DEFAULT '',
        leads TEXT NOT NULL DEFAULT '', zone TEXT NOT NULL DEFAULT '', interval_ms INTEGER NOT NULL DEFAULT 0,
        baseline_at_ms INTEGER, last_read_at_ms INTEGER, last_poll_at_ms INTEGER,
        failures INTEGER NOT NULL DEFAULT 0, failing_since_ms INTEGER, error TEXT NOT NULL DEFAULT '',
        is_failing_told INTEGER NOT NULL DEFAULT 0,
        suspect_since_ms INTEGER, suspect_reason TEXT NOT NULL DEFAULT '', is_accepted INTEGER NOT NULL DEFAULT 0,
        not_before_ms INTEGER)""",
    # one version of a row's values, compressed; is_kept: an event shows it, so it is never overwritten
    """CREATE TABLE versions(
        key INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources(key), conversation TEXT NOT NULL,
        doc BLOB NOT NULL, is_kept INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE rows(
        source INTEGER NOT NULL REFERENCES sources(key), id TEXT NOT NULL, digest BLOB NOT NULL,
        version INTEGER NOT NULL REFERENCES versions(key), rev INTEGER NOT NULL, presence TEXT NOT NULL,
        absent_reads INTEGER NOT NULL DEFAULT 0, absent_since_ms INTEGER, known_at_ms INTEGER,
        is_closed_told INTEGER NOT NULL DEFAULT 0, waiting_since_ms INTEGER,
        PRIMARY KEY(source, id)) WITHOUT ROWID""",
    "CREATE INDEX rows_by_id ON rows(id)",
    "CREATE INDEX rows_not_listed ON rows(source, presence) WHERE presence <> 'listed'",
    "CREATE INDEX rows_by_version ON rows(version)",
    # a disposable cache of the last complete read: dropping it costs one comparison by id
    """CREATE TABLE pages(
        source INTEGER NOT NULL REFERENCES sources(key), position INTEGER NOT NULL, digest BLOB NOT NULL,
        ids TEXT NOT NULL, row_digests BLOB NOT NULL, overlap INTEGER NOT NULL,
        rows INTEGER NOT NULL, total INTEGER, has_more INTEGER,
        PRIMARY KEY(source, position))""",
    """CREATE TABLE polls(
        key INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources(key), started_at_ms INTEGER NOT NULL,
        ended_at_ms INTEGER NOT NULL, outcome TEXT NOT NULL, pages INTEGER NOT NULL, rows INTEGER NOT NULL,
        changed INTEGER NOT NULL, events INTEGER NOT NULL, error TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX polls_by_source ON polls(source, key)",
    "CREATE INDEX polls_by_time ON polls(ended_at_ms)",
    # the rules in force when an event was routed, for explain
    "CREATE TABLE rulesets(key INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
    """CREATE TABLE events(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, type TEXT NOT NULL,
        subject TEXT NOT NULL, time_ms INTEGER NOT NULL, severity TEXT NOT NULL, after_ms INTEGER, before_ms INTEGER,
        version INTEGER REFERENCES versions(key), ruleset INTEGER REFERENCES rulesets(key), details TEXT NOT NULL)""",
    "CREATE INDEX events_by_time ON events(time_ms)",
    "CREATE INDEX events_by_subject ON events(subject, seq)",
    "CREATE INDEX events_by_version ON events(version)",
    """CREATE TABLE deadlines(
        source INTEGER NOT NULL REFERENCES sources(key), conversation TEXT NOT NULL, kind TEXT NOT NULL,
        at_ms INTEGER NOT NULL, lead_ms INTEGER NOT NULL, fires_at_ms INTEGER NOT NULL, known_at_ms INTEGER NOT NULL,
        state TEXT NOT NULL, PRIMARY KEY(source, conversation, kind, at_ms, lead_ms)) WITHOUT ROWID""",
    "CREATE INDEX deadlines_armed ON deadlines(fires_at_ms) WHERE state = 'armed'",
    """CREATE TABLE drifts(
        source INTEGER NOT NULL REFERENCES sources(key), field TEXT NOT NULL, sample TEXT NOT NULL,
        seen_at_ms INTEGER NOT NULL, is_told INTEGER NOT NULL, PRIMARY KEY(source, field)) WITHOUT ROWID""",
    # one delivery an (event, channel); owner and lease_until_ms are set while it is being sent, and due_at_ms is then
    # when the lease runs out, so that one index answers what is due; forgiven: attempts before the operator's retry
    """CREATE TABLE deliveries(
        id TEXT PRIMARY KEY, event INTEGER NOT NULL REFERENCES events(seq) ON DELETE CASCADE, channel TEXT NOT NULL,
        rule TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        forgiven INTEGER NOT NULL DEFAULT 0, is_dropped INTEGER NOT NULL DEFAULT 0, due_at_ms INTEGER,
        owner TEXT NOT NULL DEFAULT '', lease_until_ms INTEGER, created_at_ms INTEGER NOT NULL, settled_at_ms INTEGER,
        reason TEXT NOT NULL DEFAULT '', UNIQUE(event, channel)) WITHOUT ROWID""",
    """CREATE INDEX deliveries_due ON deliveries(channel, due_at_ms, event)
        WHERE state IN ('pending', 'failed', 'sending', 'unknown')""",
    """CREATE INDEX deliveries_by_state ON deliveries(state, channel, is_dropped, due_at_ms)
        WHERE state <> 'delivered'""",
    "CREATE INDEX deliveries_by_time ON deliveries(created_at_ms)",
    """CREATE TABLE attempts(
        delivery TEXT NOT NULL REFERENCES deliveries(id) ON DELETE CASCADE, number INTEGER NOT NULL,
        started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER, status INTEGER, error TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY(delivery, number)) WITHOUT ROWID""",
    """CREATE TABLE channels(
        name TEXT PRIMARY KEY, troubled_since_ms INTEGER, failures INTEGER NOT NULL DEFAULT 0,
        is_failing INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', paused_until_ms INTEGER)
        WITHOUT ROWID""",
)

_SECOND = (
    """CREATE TABLE rows_2(
        key INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources(key), id TEXT NOT NULL,
        digest BLOB NOT NULL, doc BLOB NOT NULL, version INTEGER REFERENCES versions(key), rev INTEGER NOT NULL,
        presence TEXT NOT NULL, absent_reads INTEGER NOT NULL DEFAULT 0, absent_since_ms INTEGER, known_at_ms INTEGER,
        is_closed_told INTEGER NOT NULL DEFAULT 0, waiting_since_ms INTEGER, fires_at_ms INTEGER,
        deadlines TEXT NOT NULL DEFAULT '', UNIQUE(source, id))""",
    """INSERT INTO rows_2(source, id, digest, doc, version, rev, presence, absent_reads, absent_since_ms, known_at_ms,
            is_closed_told, waiting_since_ms)
        SELECT r.source, r.id, r.digest, v.doc, CASE WHEN v.is_kept THEN v.key END, r.rev, r.presence, r.absent_reads,
            r.absent_since_ms, r.known_at_ms, r.is_closed_told, r.waiting_since_ms
        FROM rows r JOIN versions v ON v.key = r.version ORDER BY r.source, r.id""",
    "DROP TABLE rows",
    "ALTER TABLE rows_2 RENAME TO rows",
    "DELETE FROM versions WHERE NOT is_kept",
    "ALTER TABLE versions DROP COLUMN is_kept",
    "CREATE INDEX rows_not_listed ON rows(source, presence) WHERE presence <> 'listed'",
    # a row's version is the copy of its present values that an event shows; null until one does
    "CREATE INDEX rows_by_version ON rows(version) WHERE version IS NOT NULL",
    # when the earliest armed deadline of a row fires
    "CREATE INDEX rows_due ON rows(source, fires_at_ms) WHERE fires_at_ms IS NOT NULL",
    "DROP TABLE pages",
    # a disposable cache of the last complete read: dropping it costs one comparison by id
    """CREATE TABLE pages(
        source INTEGER NOT NULL REFERENCES sources(key), position INTEGER NOT NULL, digest BLOB NOT NULL,
        ids BLOB NOT NULL, row_digests BLOB NOT NULL, layout BLOB NOT NULL, overlap INTEGER NOT NULL,
        rows INTEGER NOT NULL, total INTEGER, has_more INTEGER, PRIMARY KEY(source, position))""",
)

_THIRD = (
    # matchers: canonical JSON (see domain/silence.py); ended_at_ms: ended early, by somebody
    """CREATE TABLE silences(
        key TEXT PRIMARY KEY, matchers TEXT NOT NULL, starts_at_ms INTEGER NOT NULL, ends_at_ms INTEGER NOT NULL,
        author TEXT NOT NULL, comment TEXT NOT NULL, ended_at_ms INTEGER, hits INTEGER NOT NULL DEFAULT 0,
        last_hit_at_ms INTEGER) WITHOUT ROWID""",
    # asked for each delivery: those that are over are left aside
    "CREATE INDEX silences_by_end ON silences(ends_at_ms) WHERE ended_at_ms IS NULL",
)

_FOURTH = (
    "ALTER TABLE deliveries ADD COLUMN held_by TEXT NOT NULL DEFAULT ''",
    # the delivery in whose message this one is told
    "ALTER TABLE deliveries ADD COLUMN lead TEXT",
    # until when it may be sent without being decided over again; null: it was not decided over
    "ALTER TABLE deliveries ADD COLUMN arranged_until_ms INTEGER",
    "DROP INDEX deliveries_due",
    """CREATE INDEX deliveries_due ON deliveries(channel, due_at_ms, event)
        WHERE state IN ('pending', 'held', 'failed', 'sending', 'unknown')""",
    "CREATE INDEX deliveries_by_lead ON deliveries(lead) WHERE lead IS NOT NULL",
    "CREATE INDEX deliveries_sent ON deliveries(channel, settled_at_ms) WHERE state IN ('delivered', 'unconfirmed')",
)

# Both tables are written anew, as a constraint cannot be dropped: attempts first, for they would go with their
# deliveries. What refers to deliveries_5 follows its new name.
_FIFTH = (
    """CREATE TABLE deliveries_5(
        id TEXT PRIMARY KEY, event INTEGER NOT NULL REFERENCES events(seq) ON DELETE CASCADE, channel TEXT NOT NULL,
        rule TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        forgiven INTEGER NOT NULL DEFAULT 0, is_dropped INTEGER NOT NULL DEFAULT 0, due_at_ms INTEGER,
        owner TEXT NOT NULL DEFAULT '', lease_until_ms INTEGER, created_at_ms INTEGER NOT NULL, settled_at_ms INTEGER,
        reason TEXT NOT NULL DEFAULT '', held_by TEXT NOT NULL DEFAULT '', lead TEXT, arranged_until_ms INTEGER,
        stage TEXT NOT NULL DEFAULT 'first', note TEXT NOT NULL DEFAULT '', finding TEXT NOT NULL DEFAULT '',
        UNIQUE(event, channel, stage)) WITHOUT ROWID""",
    """INSERT INTO deliveries_5(id, event, channel, rule, state, attempts, forgiven, is_dropped, due_at_ms, owner,
            lease_until_ms, created_at_ms, settled_at_ms, reason, held_by, lead, arranged_until_ms)
        SELECT id, event, channel, rule, state, attempts, forgiven, is_dropped, due_at_ms, owner,
            lease_until_ms, created_at_ms, settled_at_ms, reason, held_by, lead, arranged_until_ms FROM deliveries""",
    """CREATE TABLE attempts_5(
        delivery TEXT NOT NULL REFERENCES deliveries_5(id) ON DELETE CASCADE, number INTEGER NOT NULL,
        started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER, status INTEGER, error TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY(delivery, number)) WITHOUT ROWID""",
    """INSERT INTO attempts_5(delivery, number, started_at_ms, ended_at_ms, status, error, outcome)
        SELECT delivery, number, started_at_ms, ended_at_ms, status, error, outcome FROM attempts""",
    "DROP TABLE attempts",
    "DROP TABLE deliveries",
    "ALTER TABLE deliveries_5 RENAME TO deliveries",
    "ALTER TABLE attempts_5 RENAME TO attempts",
    """CREATE INDEX deliveries_due ON deliveries(channel, due_at_ms, event)
        WHERE state IN ('pending', 'held', 'failed', 'sending', 'unknown')""",
    # the stage: follow-ups that wait are counted apart
    """CREATE INDEX deliveries_by_state ON deliveries(state, channel, is_dropped, due_at_ms, stage)
        WHERE state <> 'delivered'""",
    "CREATE INDEX deliveries_by_time ON deliveries(created_at_ms)",
    "CREATE INDEX deliveries_by_lead ON deliveries(lead) WHERE lead IS NOT NULL",
    "CREATE INDEX deliveries_sent ON deliveries(channel, settled_at_ms) WHERE state IN ('delivered', 'unconfirmed')",
    # what somebody may have to hear the end of: an event, and a rule that follows it; is_over: nobody needs to any more
    """CREATE TABLE followed(
        event INTEGER NOT NULL REFERENCES events(seq) ON DELETE CASCADE, rule TEXT NOT NULL, source TEXT NOT NULL,
        subject TEXT NOT NULL, type TEXT NOT NULL, is_over INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY(event, rule)) WITHOUT ROWID""",
    "CREATE INDEX followed_by_subject ON followed(source, subject, type)",
)

_SIXTH = (
    # what failed before and is due again goes before what was stored after it
    "CREATE INDEX deliveries_again ON deliveries(channel, event, due_at_ms) WHERE state = 'failed'",
    # seq: the events up to it were looked at. signed_ms: the monotonic time of the last look, which every process of
    # the machine shares; null once the daemon has ended
    """CREATE TABLE audit(
        key INTEGER PRIMARY KEY CHECK(key = 1), seq INTEGER NOT NULL, looked_at_ms INTEGER, signed_ms INTEGER)""",
    "INSERT INTO audit(key, seq) SELECT 1, coalesce(max(seq), 0) FROM events",
    # what is wrong now; delivery: the one that does not move; is_told: operators were sent a message about it
    """CREATE TABLE lapses(
        kind TEXT NOT NULL, subject TEXT NOT NULL, since_ms INTEGER NOT NULL, text TEXT NOT NULL,
        delivery TEXT NOT NULL DEFAULT '', is_told INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(kind, subject))
        WITHOUT ROWID""",
)
