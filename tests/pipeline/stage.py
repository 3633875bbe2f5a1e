"""A stage for polls: the real store on a real file, a clock that a test moves, and what was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from tests.pipeline.fakes_source import digest
from watcher.domain.api import Api
from watcher.domain.conversation import Conversation
from watcher.domain.deadline import Deadline
from watcher.domain.event import Event
from watcher.domain.rule import Match
from watcher.domain.snapshot import Row
from watcher.pipeline.deadlines import Bell, fire_due
from watcher.pipeline.plan import Plan
from watcher.pipeline.poll import PollReport, poll_source
from watcher.pipeline.ports import Source
from watcher.pipeline.snapshots import SourceRecord
from watcher.sources.onq import ONQ
from watcher.store.alarms import SqliteAlarms
from watcher.store.database import Database
from watcher.store.deadlines import load_deadlines
from watcher.store.rows import EVENT_COLUMNS, event_of, row_of
from watcher.store.snapshots import SqliteSnapshots

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INTERVAL = 5 * MINUTE
WATCHED: Mapping[str, Api] = MappingProxyType({"campus": ONQ})


@dataclass
class Stage:
    """`poll` and `ring` do what the daemon would, and return what they told; time stands still in between."""

    database: Database
    now: datetime = START
    channels: tuple[tuple[str, str], ...] = ()
    told: list[Event] = field(default_factory=list)
    report: PollReport | None = None
    _seen: int = 0

    def plan(self, **changes: Any) -> Plan:
        usual = Plan(
            identity="a list",
            interval=INTERVAL,
            leads={},
            route=lambda _event: tuple(Match(channel=channel, rule=rule) for channel, rule in self.channels),
            ruleset="",
            now=lambda: self.now,
        )
        return replace(usual, **changes)

    def poll(self, source: Source, *, is_dry: bool = False, after: timedelta = INTERVAL, **changes: Any) -> list[Event]:
        """Let time pass, poll once and return the new events."""
        self.now += after
        store = SqliteSnapshots(self.database)
        self.report = poll_source(source, store, self.plan(**changes), digest, is_dry=is_dry)
        return self._news()

    def ring(self, after: timedelta = timedelta(), apis: Mapping[str, Api] = WATCHED) -> list[Event]:
        """Let time pass, fire what is due of the sources that are watched and return the new events."""
        self.now += after
        bell = Bell(
            apis=apis,
            route=lambda _event: tuple(Match(channel=channel, rule=rule) for channel, rule in self.channels),
            ruleset="",
            now=lambda: self.now,
            hold=self.plan().hold,
        )
        fire_due(SqliteAlarms(self.database), bell)
        return self._news()

    def skip(self) -> None:
        """Leave out what others have told on this database."""
        self._seen = self.database.connection().execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]

    def record(self, source: str = "campus", api: str = "onq") -> SourceRecord:
        found = SqliteSnapshots(self.database)
        return found.open_source(source, api=api, identity="a list", link="", interval=INTERVAL)

    def rows(self, source: str = "campus") -> dict[str, Row]:
        query = "SELECT r.* FROM rows r JOIN sources s ON s.key = r.source WHERE s.name = ?"
        found = map(row_of, self.database.connection().execute(query, (source,)))
        return {row.conversation.id: row for row in found}

    def conversation(self, row_id: str) -> Conversation:
        return self.rows()[row_id].conversation

    def presence(self, row_id: str) -> str:
        return self.rows()[row_id].standing.presence.value

    def deadlines(self, row_id: str) -> Sequence[Deadline]:
        return load_deadlines(self.database.connection(), self.record().key, [row_id]).get(row_id, ())

    def accept(self, source: str = "campus") -> None:
        """Believe a suspect read now."""
        with self.database.write() as connection:
            connection.execute("UPDATE sources SET is_accepted = 1 WHERE name = ?", (source,))

    def count(self, table: str) -> int:
        return int(self.database.connection().execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def _news(self) -> list[Event]:
        query = f"SELECT {EVENT_COLUMNS} WHERE e.seq > ? ORDER BY e.seq"
        found = self.database.connection().execute(query, (self._seen,)).fetchall()
        self._seen = found[-1]["seq"] if found else self._seen
        news = list(map(event_of, found))
        self.told += news
        return news


def types(events: Sequence[Event]) -> list[str]:
    return [event.type.value for event in events]


def named(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Each event as its type and its conversation's id."""
    return [(event.type.value, event.subject) for event in events]
