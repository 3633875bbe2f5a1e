"""A station: a real store, the clocks, and what a daemon does with them, for the tests of the audit."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from tests.pipeline.fakes_outbox import ScriptedChannel
from tests.store.outbox_contract import make_event
from tests.store.stand import SqliteStand
from watcher.config.routing import write_rules
from watcher.config.ruleset import read_ruleset
from watcher.domain.arrangement import Policy
from watcher.domain.audit import Watch
from watcher.domain.event import Event, EventType
from watcher.domain.rule import Match, Router, Rule, operator_rule
from watcher.domain.timing import Timing
from watcher.pipeline.arranging import Arranger
from watcher.pipeline.audit import Look, View, look
from watcher.pipeline.dispatch import Desk, deliver_next
from watcher.pipeline.outbox import Owed
from watcher.pipeline.settling import Aftermath
from watcher.store.audit import SqliteAudit
from watcher.store.database import Database
from watcher.store.events import insert_owed, remember_ruleset
from watcher.store.outbox import SqliteOutbox

NOW = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
"""a Friday"""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES = (Rule(name="all", events=("questions.*",), channels=("mail", "chat")), operator_rule(["mail", "ops"]))


class Station:
    """A store, the clocks, and what a daemon does with them."""

    def __init__(self, database: Database, rules: Sequence[Rule] = RULES) -> None:
        self.database, self.now, self.monotonic = database, NOW, timedelta(hours=5)
        self.stand = SqliteStand(database)
        self.channels = {name: ScriptedChannel(name) for name in ("mail", "chat", "ops")}
        self.watches: Mapping[str, Watch] = {}
        self.timing = Timing()
        self.told: list[str] = []
        self.stalled: list[str] = []
        self._number = 10
        self._rules, self._text = rules, write_rules(rules)

    @property
    def audit(self) -> SqliteAudit:
        return SqliteAudit(self.database, ruleset=self._text)

    @property
    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox(self.database, ruleset=self._text)

    def route(self, event: Event) -> tuple[Match, ...]:
        return Router(self._rules).route(event)

    def happen(self, number: int = 1) -> Event:
        """Store events as a poll does; return the first."""
        events = [make_event(self._number + place, time=self.now) for place in range(number)]
        self._number += number
        with self.database.write() as connection:
            key = remember_ruleset(connection, self._text)
            for event in events:
                insert_owed(connection, Owed(event=event, deliveries=self.route(event)), None, key)
        return events[0]

    def look(self, *, after: timedelta = MINUTE, looks: int = 1, wakes: bool = True) -> Look:
        """Let time pass and look, so often; return the last look. `wakes`: the monotonic clock runs on, too."""
        return [self._look(after, after if wakes else timedelta()) for _ in range(looks)][-1]

    def _look(self, after: timedelta, passed: timedelta) -> Look:
        self.now += after
        self.monotonic += passed
        view = View(
            now=self.now,
            monotonic=self.monotonic,
            passed=passed,
            channels=self.channels,
            route_by=lambda text: Router(read_ruleset(text)).route,
            route=self.route,
            stalled=self.stalled,
        )
        seen = look(self.audit, view, self.watches)
        self.watches = seen.watches
        self.told += [f"begun {lapse.kind}" for lapse in seen.begun] + [f"ended {lapse.kind}" for lapse in seen.ended]
        return seen

    def deliver(self, *names: str) -> None:
        """Let the workers of some channels do what is due."""
        timings = {"all": self.timing, "operator": self.timing}
        for name in names:
            desk = Desk(
                clock=lambda: self.now,
                jitter=lambda: 0.0,
                aftermath=Aftermath(route=self.route),
                owner="one",
                zone=UTC,
                decider=Arranger(policy=Policy(timings=timings), apis={}),
            )
            while deliver_next(self.channels[name], self.outbox, desk).claim is not None:
                pass

    def execute(self, sql: str, *bound: object) -> int:
        with self.database.write() as connection:
            return connection.execute(sql, bound).rowcount

    def states(self, event: Event) -> dict[str, str]:
        sql = "SELECT d.channel, d.state FROM deliveries d JOIN events e ON e.seq = d.event WHERE e.id = ?"
        return {row[0]: row[1] for row in self.database.connection().execute(sql, (event.id,))}

    def events(self, kind: EventType) -> list[tuple[str, str]]:
        """What was told of a kind: whom it is about, and to whom it goes."""
        sql = """SELECT e.subject, d.channel FROM events e JOIN deliveries d ON d.event = e.seq WHERE e.type = ?
            ORDER BY e.seq, d.channel"""
        return [(row[0], row[1]) for row in self.database.connection().execute(sql, (kind.value,))]
