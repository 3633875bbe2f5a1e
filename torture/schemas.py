"""Schemas: a database as an earlier version of watcher would have left it, made from one of today.

`python -m torture.schemas STEP PYTHON -m watcher ARGUMENT…` runs a command line of watcher that is killed in a step.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database as Tables

from torture.scene import check, copied
from watcher.cli import main
from watcher.domain.duration import parse_duration
from watcher.store.database import open_read_only
from watcher.store.due import WAITING
from watcher.store.migrations import SCHEMA
from watcher.store.steps import STEPS

_CACHE = "pages"
"""may be empty in every version"""
TOLD = "SELECT d.id, e.source, e.type, e.subject, e.details FROM deliveries d JOIN events e ON e.seq = d.event"
SENT = """SELECT e.seq, e.source || '/' || e.subject || ' ' || e.type, coalesce(d.state, 'owed to nobody'), m.id
    FROM events e LEFT JOIN deliveries d ON d.event = e.seq
    LEFT JOIN deliveries m ON m.id = CASE d.state WHEN 'merged' THEN d.lead ELSE d.id END AND m.state = 'delivered'
    WHERE e.seq > {after} AND e.seq <= {last} ORDER BY e.seq"""
"""each event of a stretch of the log with what became of what it owed, and the delivered message that tells it"""
_OF_NO_LEAD = "questions.waiting"
_OWN = ("sqlite_", "_sqlite_migrations")


class Alarm(NamedTuple):
    """A lead of a deadline: what it warns of, in seconds since 1970, and how many seconds before that.

    None is the lead of questions that wait, in every schema: their event says since when, and not after how long.
    """

    source: str
    subject: str
    kind: str
    at_s: int
    lead_s: int | None


def armed(database: Path) -> Counter[Alarm]:
    """Return what a database of today has still to tell, and how often: armed leads, and those whose message waits."""
    query = "SELECT s.name, r.id, r.deadlines FROM rows r JOIN sources s ON s.key = r.source"
    with open_read_only(database) as connection:
        rows = connection.execute(query).fetchall()
        waiting = told_by(connection.execute(f"{TOLD} WHERE d.{WAITING}").fetchall())
    leads = Counter(one.alarm for one in waiting.values() if one.alarm)
    leads.update(
        Alarm(name, identity, kind, at_ms // 1000, None if kind == _OF_NO_LEAD else lead_ms // 1000)
        for name, identity, text in rows
        for kind, at_ms, _, armed_ms, _ in json.loads(text or "[]")
        for lead_ms in armed_ms
    )
    return leads


def alarm_of(source: str, subject: str, kind: str, details: Mapping[str, Any]) -> Alarm | None:
    """Return the lead of a deadline that made an event, None where something else did."""
    deadline = details.get("deadline") or {}
    at = details.get("waiting_since") or deadline.get("at")
    lead_s = parse_duration(deadline["lead"]) // timedelta(seconds=1) if deadline else None
    return at and Alarm(source, subject, kind, int(datetime.fromisoformat(at).timestamp()), lead_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message, by the event that it tells of; `alarm` is what fired it, if it was a deadline."""

    source: str
    type: str
    subject: str
    alarm: Alarm | None

    def is_due_since(self, at_s: float) -> bool:
        """Whether it is of a deadline that fell due only then, with a lead that is said."""
        alarm = self.alarm
        return alarm is not None and alarm.lead_s is not None and alarm.at_s - alarm.lead_s >= at_s


def told_by(rows: Iterable[Sequence[Any]]) -> dict[str, Told]:
    """Return what each message tells of, by its id, from the rows of TOLD."""
    told: dict[str, Told] = {}
    for key, source, kind, subject, written in rows:
        alarm = alarm_of(source, subject, kind, json.loads(written))
        told[key] = Told(source=source, type=kind, subject=subject, alarm=alarm)
    return told


def surprises(told: Sequence[Told | None], planned: Counter[Alarm], news: tuple[str, str]) -> Iterator[str]:
    """Yield messages for which nothing happened: one question was asked, and time passed, which fires what was armed.

    Each of these is told once, and a second message about it is for nothing, too.
    """
    left: Counter[tuple[object, ...]] = Counter([*planned.elements(), news])
    for one in told:
        if one is None:
            yield "a message that it does not know of"
            continue
        cause = one.alarm or (one.type, one.subject)
        if not left[cause]:
            ahead = f", {one.alarm.lead_s} s ahead" if one.alarm and one.alarm.lead_s is not None else ""
            yield f"{one.type} of {one.source}/{one.subject}{ahead}"
        left[cause] -= left[cause] > 0


def untold(rows: Iterable[Sequence[Any]], arrived: Collection[str]) -> Iterator[str]:
    """Yield the events, from the rows of SENT, of which no message has arrived, be it of others too."""
    rows = list(rows)
    told = {seq for seq, _, _, message in rows if message in arrived}
    yield from {seq: f"{what}: {state}" for seq, what, state, _ in rows if seq not in told}.values()


def seen(state: Path) -> tuple[int, str]:
    """Return how many steps a copy of the database has had, and what is wrong with it; the daemon mends its own."""
    with copied(state) as database:
        wrong = check(database)
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone()[0], wrong


def named(when: str, applied: int, wrong: str, right: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong with a database that should have had one of some numbers of steps."""
    if wrong:
        yield f"{when}: {wrong}"
    if applied not in right:
        yield f"{when}: it has had {applied} steps"


def make_earlier(today: Path, target: Path, steps: int) -> None:
    """Write a database that has had so many steps, with all of today's that it has a place for."""
    tables = Tables(target)
    SCHEMA.apply(tables, stop_before=STEPS[steps])
    tables.close()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("ATTACH ? AS today", (str(today),))
        for step in STEPS[steps:]:
            _BEFORE.get(step, _nothing)(connection)
        for table in _names(connection, "main") & _names(connection, "today") - {_CACHE}:
            if not connection.execute(f"SELECT 1 FROM main.{table} LIMIT 1").fetchone():
                _copy(connection, table)
        connection.commit()
        connection.execute("DETACH today")
        connection.execute("PRAGMA journal_mode=WAL")


def _copy(connection: sqlite3.Connection, table: str) -> None:
    """Copy what both have a column for."""
    columns = ", ".join(_columns(connection, "main", table) & _columns(connection, "today", table))
    connection.execute(f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM today.{table}")


def _before_rows_held_their_values(connection: sqlite3.Connection) -> None:
    """A row's values were a version of their own, kept where an event shows it; each lead of a deadline was a row.

    So no schema forgets which leads are armed, and which were told.
    """
    connection.execute(
        "INSERT INTO main.versions(key, source, conversation, doc, is_kept)"
        " SELECT key, source, conversation, doc, 1 FROM today.versions"
    )
    columns = _columns(connection, "main", "rows") & _columns(connection, "today", "rows") - {"version"}
    kept, last = (
        ", ".join(columns),
        connection.execute("SELECT coalesce(max(key), 0) FROM today.versions").fetchone()[0],
    )
    connection.execute(
        f"INSERT INTO main.versions(key, source, conversation, doc) SELECT {last} + key, source, id, doc"
        " FROM today.rows WHERE version IS NULL"
    )
    connection.execute(
        f"INSERT INTO main.rows({kept}, version) SELECT {kept}, coalesce(version, {last} + key) FROM today.rows"
    )
    for source, row, text in connection.execute("SELECT source, id, deadlines FROM today.rows").fetchall():
        for kind, at_ms, known_ms, armed, told in json.loads(text or "[]"):
            leads = [(lead, "armed") for lead in armed] + [(lead, "told") for lead in told]
            connection.executemany(
                """INSERT INTO main.deadlines(source, conversation, kind, at_ms, lead_ms, fires_at_ms, known_at_ms,
                    state) VALUES(?, ?, ?, ?, ?, ?, ?, ?)""",
                [(source, row, kind, at_ms, lead, at_ms - lead, known_ms, state) for lead, state in leads],
            )


def _nothing(_: sqlite3.Connection) -> None:
    """Most steps only add: what they added is left out."""


_BEFORE: Mapping[str, Callable[[sqlite3.Connection], None]] = {
    "m002_rows_hold_their_values": _before_rows_held_their_values
}
"""how a step that moved values is undone"""


def _names(connection: sqlite3.Connection, schema: str) -> set[str]:
    rows = connection.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows if not name.startswith(_OWN)}


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}


def _kill_in(name: str) -> None:
    """Let the process die when a step has done its work, before that is recorded."""
    step = next(step for step in SCHEMA.pending(Tables(memory=True)) if step.name == name)
    work = step.fn

    def fatal(db: Tables, /) -> None:
        work(db)
        os.kill(os.getpid(), signal.SIGKILL)

    step.fn = fatal


if __name__ == "__main__":
    _kill_in(sys.argv[1])
    sys.argv = ["watcher", *sys.argv[sys.argv.index("watcher") + 1 :]]
    main()
