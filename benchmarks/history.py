"""History: what a year of stored events costs a poll, and the queries over it."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from itertools import islice
from pathlib import Path

from benchmarks.commands import run, watcher
from benchmarks.figures import Figure, Form, Section, at_most, reported
from benchmarks.pairs import in_turns, seconds_of
from benchmarks.service import Service
from benchmarks.watched import SOURCE, configure, poll, scratch
from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import database_path, read_config
from watcher.cli.explanation import PresentRules, explain
from watcher.store.history import History
from watcher.store.history_events import BATCH, EventFilter

_ROWS = 10_000
_EVENTS, _QUICK_EVENTS = 10_000_000, 100_000
_MOST_SLOWDOWN = 1.05
_MOST_MS = 100
_POLLS, _QUERIES = 25, 9
_LAST_PAGE = 50
_YEAR_MS = timedelta(days=365) // timedelta(milliseconds=1)
# Every event of the year is like one that a poll made, at another instant; ids are random, as digests are.
_INVENT = f"""
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :events)
    INSERT INTO events(id, source, type, subject, time_ms, severity, after_ms, before_ms, version, ruleset, details)
    SELECT lower(hex(randomblob(16))), e.source, e.type, e.subject,
        e.time_ms - {_YEAR_MS} + numbers.n * ({_YEAR_MS} / :events),
        e.severity, e.after_ms, e.before_ms, e.version, e.ruleset, e.details
    FROM numbers JOIN patterns p ON p.n = numbers.n % :patterns JOIN events e ON e.seq = p.seq"""


def measure(form: Form) -> Section:
    """Poll an app with a short history and one with a long one in turns, then look at the long one."""
    events = _QUICK_EVENTS if form.is_quick else _EVENTS
    with Service(_ROWS) as service, scratch() as short, scratch() as long:
        with (
            open_app(read_config(_configure(short, service))) as young,
            open_app(read_config(config := _configure(long, service))) as old,
        ):
            for app in (young, old):
                _begin(app, service)
            invented_s = seconds_of(lambda: _invent(database_path(old.config), events))
            figures = [*_slowdown(service, young, old), *_queries(old)]
        figures += _commands(config)
        size_mb = database_path(old.config).stat().st_size / 2**20
    return Section(
        name="history",
        title="A year of history",
        about=f"{_ROWS:,} conversations and {events:,} events of the last 365 days, against the same without them.",
        figures=[*figures, reported("size of the database", [size_mb], " MB")],
        notes=(
            f"The events were written into the table of events in {invented_s:.0f} s; nothing else was.",
            (
                "A new event touches two pages anywhere in the indexes of ids and of subjects; with few events those"
                " of a poll share pages. That is the slowdown, and most of it is there with 100,000 events already."
            ),
        ),
    )


def _configure(folder: Path, service: Service) -> Path:
    return configure(folder, {SOURCE: service.url()}, {"team": service.json_url})


def _begin(app: App, service: Service) -> None:
    poll(app)
    service.tell("ask_questions", count=_ROWS // 10)
    poll(app)


def _invent(path: Path, events: int) -> None:
    """Fill the table of events, its indexes row by row: made anew at the end they would be full to the brim.

    Then nearly every event that a poll adds would split a page, as in no database that has grown by itself.
    """
    with sqlite3.connect(path, timeout=60) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1000000")
        connection.execute("CREATE TEMP TABLE patterns(n INTEGER PRIMARY KEY, seq INTEGER)")
        found = connection.execute("SELECT seq FROM events WHERE version IS NOT NULL LIMIT 1000").fetchall()
        connection.executemany("INSERT INTO patterns VALUES(?, ?)", [(n, row[0]) for n, row in enumerate(found)])
        connection.execute(_INVENT, {"events": events, "patterns": len(found)})
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())  # or the first poll that writes to the disk would wait for all of this


def _slowdown(service: Service, young: App, old: App) -> list[Figure]:
    def change() -> None:
        service.tell("ask_questions", count=_ROWS // 100)

    same = in_turns(lambda: poll(young), lambda: poll(old), _POLLS)
    changed = in_turns(lambda: poll(young), lambda: poll(old), _POLLS, change)
    return [
        at_most("poll, nothing changed: slower by", [pair.ratio for pair in same], _MOST_SLOWDOWN, " ×"),
        at_most("poll, 1 % changed: slower by", [pair.ratio for pair in changed], _MOST_SLOWDOWN, " ×"),
    ]


def _queries(app: App) -> list[Figure]:
    history, config = History(app.database.connection()), app.config
    wanted = EventFilter(since=clock.now() - timedelta(days=1))
    present = PresentRules(rules=config.rules, text=config.rules_text)
    newest = list(history.events.read(wanted, limit=_LAST_PAGE))
    found = sum(1 for _ in history.events.read(wanted))

    def status() -> None:
        history.sources.all()
        history.conversations.deadlines_ahead(limit=10)
        history.deliveries.channels()

    asked = {
        f"behind `events --since 1d`, first page of {BATCH}": lambda: list(islice(history.events.read(wanted), BATCH)),
        f"behind `events --since 1d --limit {_LAST_PAGE}`": lambda: list(history.events.read(wanted, limit=_LAST_PAGE)),
        "behind `status`": status,
        "behind `explain EVENT`": lambda: explain(history, history.events.find(newest[0].event.id), present),
    }
    figures = [
        at_most(name, [1000 * seconds_of(query) for _ in range(_QUERIES)], _MOST_MS, " ms")
        for name, query in asked.items()
    ]
    whole = [1000 * seconds_of(lambda: list(history.events.read(wanted))) for _ in range(3)]
    rates = [1000 * found / taken_ms for taken_ms in whole]
    return [
        *figures,
        reported(f"behind `events --since 1d`, all {found:,} events", whole, " ms"),
        reported("the same by the second", rates, " events/s"),
    ]


def _commands(config: Path) -> list[Figure]:
    status = [run(watcher(config, "status")).seconds for _ in range(3)]
    listed = [run(watcher(config, "events", "--since", "1d", "--format", "ndjson")).seconds for _ in range(3)]
    return [
        reported("`watcher status` as a process", status, " s"),
        reported("`watcher events --since 1d` as a process", listed, " s"),
    ]
