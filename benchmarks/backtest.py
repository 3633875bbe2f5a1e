"""Backtest: a month of events taken once more through the rules of two configs, with every feature in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.commands import run, watcher
from benchmarks.figures import Figure, Form, Section, at_most, reported
from benchmarks.pairs import seconds_of
from benchmarks.watched import scratch
from watcher.bootstrap import backtest, clock
from watcher.bootstrap.configuration import database_path, read_config
from watcher.config.model import Config
from watcher.domain.conversation import Conversation
from watcher.domain.event import Between, Event, EventType, Severity, event_id, stamp
from watcher.domain.state import State
from watcher.sources.onq import ONQ
from watcher.store.database import Database, open_read_only
from watcher.store.events import insert_event
from watcher.store.history import History
from watcher.store.rows import pack

_EVENTS, _QUICK_EVENTS = 100_000, 10_000
_CONVERSATIONS = 2_000
_DAYS = 30
_A_POLL = 8
"""events that one poll makes"""
_MOST_S = 10

_KINDS = (
    EventType.QUESTIONS_NEW,
    EventType.MESSAGES_NEW,
    EventType.CONVERSATION_CHANGED,
    EventType.QUESTIONS_CLEARED,
    EventType.MESSAGES_NEW,
    EventType.CONVERSATION_STARTED,
    EventType.QUESTIONS_NEW,
    EventType.REGISTRATION_CLOSING,
    EventType.QUESTIONS_WAITING,
    EventType.REGISTRATION_OPENED,
    EventType.CONVERSATION_ENDED,
)
_TIMINGS = (
    "",
    'digest = "15m"\n',
    'digest = "30m"\ngroup_by = ["conversation"]\n',
    'digest = { at = ["08:00", "16:00"] }\n',
    'hold = "10m"\n',
    'throttle = "10 per 1h"\n',
    'quiet = { hours = "22:00-08:00", days = "sat,sun", urgent = ["registration.closing"] }\n',
    'hold = "5m"\ndigest = "15m"\nquiet = { hours = "22:00-07:00" }\nthrottle = "20 per 1h"\n',
    "fallback = true\n",
    'hold = "20m"\nthrottle = "30 per 1d"\n',
)
_EVENT_GLOBS = ("questions.*", "conversation.*", "messages.new", "registration.*")
_TEAMS, _WATCHED_TEAMS = 20, 5
_HEAD = """state_dir = "{folder}/state"
timezone = "Europe/Berlin"
operator = ["c0"]
storm = {storm}
[sources.campus]
api = "onq"
url = "https://campus.example.org"
auth = {{ kind = "bearer", token = {{ env = "BENCHMARK_HAS_NO_SUCH_SECRET" }} }}
"""


def measure(form: Form) -> Section:
    """Invent a month of events, and take it through the same twenty rules and through twenty others."""
    events = _QUICK_EVENTS if form.is_quick else _EVENTS
    with scratch() as folder:
        present, other = _configure(folder, "config.toml", 0), _configure(folder, "new.toml", 3)
        old, new = (read_config(path, needs_secrets=False) for path in (present, other))
        _invent(old, events)
        figures, told = _replays(old, new, max(1, form.repetitions // 3))
        command = watcher(present, "backtest", "--config", str(other), "--format", "json")
        whole = [run(command).seconds for _ in range(max(1, form.repetitions // 3))]
    return Section(
        name="backtest",
        title="Backtest",
        about=f"{events:,} events of {_DAYS} days in {_CONVERSATIONS:,} conversations, by 20 rules with every feature,"
        " and by 20 others beside them.",
        figures=[*figures, at_most("`watcher backtest --config NEW` as a process", whole, _MOST_S, " s")],
        notes=(f"The present rules make {told[0]:,} messages, the others {told[1]:,}.",),
    )


def _replays(old: Config, new: Config, repetitions: int) -> tuple[list[Figure], list[int]]:
    now = clock.now()
    since = now - timedelta(days=_DAYS)

    @contextmanager
    def opened() -> Iterator[History]:
        with open_read_only(database_path(old)) as connection:
            yield History(connection)

    def replays(*configs: Config) -> list[float]:
        return [seconds_of(lambda: backtest.run(opened, configs, since, now)) for _ in range(repetitions)]

    with opened() as history:
        read = [seconds_of(lambda: list(history.events.at(list(range(1, 10_001))))) for _ in range(repetitions)]
    one, both = replays(old), replays(old, new)
    told = [len(each.posted) for each in backtest.run(opened, (old, new), since, now).outcomes]
    figures = [
        reported("reading 10,000 events alone", read, " s"),
        reported("the present rules", one, " s"),
        at_most("the present rules and others", both, _MOST_S, " s"),
    ]
    return figures, told


def _configure(folder: Path, name: str, turn: int) -> Path:
    """Write a config of twenty rules over five channels; `turn` makes other rules of the same parts."""
    parts = [_HEAD.format(folder=folder, storm=30 - turn)]
    parts += [f'[channels.c{number}]\nurl = {{ env = "BENCHMARK_HAS_NO_SUCH_SECRET" }}\n' for number in range(5)]
    for number in range(20):
        team, glob = number % _WATCHED_TEAMS, _EVENT_GLOBS[number // _WATCHED_TEAMS]
        whose = f"{team}" if number % 7 else f"~ ^[{team}{(team + turn + 1) % _WATCHED_TEAMS}]$"
        lines = (
            f'[[rules]]\nname = "rule {number}"\nevents = ["{glob}"]\nchannels = ["c{team}"]\n',
            f'where = {{ "conversation.fields.org_id" = "{whose}", "conversation.name" = "! ~ ^Test" }}\n',
            _TIMINGS[(number + turn) % len(_TIMINGS)],
            "stop = true\n" if number % 9 == turn else "",
        )
        parts += lines
    path = folder / name
    path.write_text("".join(parts), encoding="utf-8")
    path.chmod(0o600)
    return path


def _invent(config: Config, events: int) -> None:
    database = Database(database_path(config))
    with database.write() as connection:
        connection.execute("INSERT INTO sources(name, api, identity, epoch) VALUES('campus', 'onq', '', 1)")
        for event in _events(events, clock.now()):
            version = _insert_version(connection, event)
            insert_event(connection, event, version, None)
    database.close()


def _insert_version(connection: sqlite3.Connection, event: Event) -> int | None:
    if event.conversation is None:
        return None
    return connection.execute(
        "INSERT INTO versions(source, conversation, doc) VALUES(1, ?, ?)", (event.subject, pack(event.conversation))
    ).lastrowid


def _events(number: int, now: datetime) -> Iterator[Event]:
    """Yield what polls at even distances found: some conversations each, in all of which the same goes on in turn."""
    gap = timedelta(days=_DAYS) / (number / _A_POLL + 1)
    for place in range(number):
        time = now - timedelta(days=_DAYS) + gap * (place // _A_POLL + 1)
        subject = f"{(place * 37) % _CONVERSATIONS:04}"
        turn = place * 37 // _CONVERSATIONS
        kind = _KINDS[(turn + place) % len(_KINDS)]
        yield Event(
            id=event_id("campus", kind, subject, str(place)),
            source="campus",
            type=kind,
            subject=subject,
            time=time,
            severity=Severity.NOTICE,
            between=Between(after=time - gap, before=time),
            details=_details(kind, turn, time),
            conversation=_conversation(subject, kind, turn),
        )


def _details(kind: EventType, turn: int, time: datetime) -> dict[str, object]:
    change = {"field": "open_questions_count", "before": turn % 3, "after": turn % 3 + 2, "delta": 2}
    if kind is EventType.CONVERSATION_CHANGED:
        return {"changes": [{"field": "content_name", "before": f"{turn}", "after": f"{turn + 1}"}]}
    if kind is EventType.REGISTRATION_CLOSING:
        return {
            "late": False,
            "deadline": {"at": stamp(time + timedelta(days=1)), "lead": "1d", "seconds_left": 86_400},
        }
    if kind is EventType.QUESTIONS_WAITING:
        return {"late": False, "waiting_since": stamp(time - timedelta(days=1))}
    return {"change": change}


def _conversation(subject: str, kind: EventType, turn: int) -> Conversation:
    fields = dict.fromkeys(ONQ.fields) | {
        "id": subject,
        "type": "course" if int(subject) % 3 else "sequence",
        "name": f"Leading Change {subject}",
        "content_name": f"{turn}",
        "status": "started",
        "register_status": "available",
        "org_id": f"{int(subject) % _TEAMS}",
        "close_on": "2026-12-31T12:00:00Z",
        "open_questions_count": 0 if kind is EventType.QUESTIONS_CLEARED else turn % 3 + 1,
        "to_facilitator_count": turn,
    }
    return Conversation(id=subject, name=str(fields["name"]), state=State.STARTED, reason=None, fields=fields)
