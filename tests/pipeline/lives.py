"""A life: a source that is polled and what was told of it; and the replay of its events beside it."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tests.pipeline.fakes_outbox import ScriptedChannel
from tests.pipeline.fakes_source import Fields, ScriptedSource, pages, row
from tests.pipeline.stage import WATCHED, Stage
from watcher.config.pattern import LinearPattern
from watcher.domain.arrangement import Policy
from watcher.domain.errors import SourceError
from watcher.domain.event import EventType
from watcher.domain.quiet import QuietHours
from watcher.domain.rule import Router, Rule, operator_rule
from watcher.domain.silence import make_silence, parse_silence_matcher
from watcher.domain.waiting import Part
from watcher.pipeline.arranging import Arranger
from watcher.pipeline.deadlines import Bell, fire_due
from watcher.pipeline.dispatch import Desk, deliver_next
from watcher.pipeline.past import Past
from watcher.pipeline.posted import Posted
from watcher.pipeline.replay import Outcome, Replay, replay
from watcher.pipeline.settling import Aftermath
from watcher.pipeline.writing import write
from watcher.store.alarms import SqliteAlarms
from watcher.store.database import FILE_NAME, Database
from watcher.store.history_events import EventFilter, EventHistory
from watcher.store.history_silences import SilenceHistory
from watcher.store.outbox import SqliteOutbox
from watcher.store.rows import instant
from watcher.store.silences import SqliteSilences

MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)
CHANNELS = ("chat", "mail", "leads")
LEADS = {EventType.QUESTIONS_WAITING: (7 * MINUTE,), EventType.REGISTRATION_CLOSING: (5 * MINUTE,)}
Listed = Mapping[str, Fields]
"""rows by their id"""
QUIET = QuietHours(start=time(8, 10), end=time(8, 40), days=frozenset(), zone=UTC, urgent=("questions.waiting",))


@dataclass
class Life:
    """A source that is polled, its deadlines, an outbox and its channels, on one clock; and the replay beside it."""

    database: Database
    rules: Sequence[Rule]
    storm: int = 0
    stage: Stage = field(init=False)
    channels: Mapping[str, ScriptedChannel] = field(init=False)

    def __post_init__(self) -> None:
        self.stage = Stage(database=self.database)
        self.channels = {name: ScriptedChannel(name) for name in CHANNELS}
        self.router = Router(self.rules)
        policy = Policy(timings={rule.name: rule.timing for rule in self.rules}, storm=self.storm)
        self.arranger = Arranger(policy=policy, apis=WATCHED, channels=frozenset(CHANNELS))

    @property
    def aftermath(self) -> Aftermath:
        timings = {rule.name: rule.timing for rule in self.rules if rule.timing.follows_up}
        return Aftermath(route=self.router.route, timings=timings)

    def poll(self, rows: Sequence[Fields] | None, *, after: timedelta) -> None:
        """Let time pass and poll: a list of rows, or an API that is down."""
        script = pages(rows) if rows is not None else [SourceError("down")]
        self.advance(self.stage.now + after)
        self.stage.poll(ScriptedSource([script]), after=timedelta(), route=self.router.route, leads=LEADS)
        self._ring()  # what the poll armed may be due already
        self._deliver()

    def advance(self, until: datetime) -> None:
        """Let time pass: what falls due goes out at its instant, deadlines fire at theirs."""
        while True:
            due = [at for name in CHANNELS if (at := self.outbox.next_due(name)) is not None]
            rings = SqliteAlarms(self.database).next_deadline(["campus"])
            at = min([*due, *([] if rings is None else [rings])], default=None)
            if at is None or at > until:
                break
            self.stage.now = max(at, self.stage.now)
            self._deliver()
            self._ring()
            self._deliver()
        self.stage.now = until

    def _ring(self) -> None:
        now = self.stage.now
        hold = self.stage.plan().hold
        fire_due(
            SqliteAlarms(self.database),
            Bell(apis=WATCHED, route=self.router.route, ruleset="", now=lambda: now, hold=hold),
        )

    def _deliver(self) -> None:
        for name, channel in self.channels.items():
            desk = Desk(
                clock=lambda: self.stage.now,
                jitter=lambda: 0.0,
                aftermath=self.aftermath,
                owner=name,
                zone=UTC,
                decider=self.arranger,
            )
            while deliver_next(channel, self.outbox, desk).claim is not None:
                pass

    @property
    def outbox(self) -> SqliteOutbox:
        return SqliteOutbox(self.database, compile_pattern=LinearPattern)

    def replayed(self) -> Outcome:
        silences = SilenceHistory(self.database.connection()).read(LinearPattern)
        past = Past(WATCHED, silences)
        again = Replay(self.router.route, self.arranger, past, self.aftermath.timings)
        events = EventHistory(self.database.connection()).read(EventFilter())
        replay(((logged.seq, logged.event) for logged in events), past, again, self.stage.now)
        return again.outcome()

    def title(self, posted: Posted) -> str:
        """The first line of a message that a replay predicts."""
        events = EventHistory(self.database.connection()).at(posted.places)
        parts = [
            Part(event=event, rule=part.rule, stage=part.stage, finding=part.finding)
            for event, part in zip(events, posted.parts, strict=True)
        ]
        return write(parts, zone=UTC, now=posted.at, reword=lambda _: None).message.title

    def told(self) -> list[tuple[Any, ...]]:
        """Every message that went out: its channel, instant, rule and stage, and what it told."""
        found = self._rows("SELECT * FROM deliveries WHERE state = 'delivered'")
        return sorted(
            (each["channel"], instant(each["settled_at_ms"]), each["rule"], each["stage"], self._parts(each))
            for each in found
        )

    def untold(self) -> set[tuple[str, int, str, str]]:
        found = self._rows("SELECT * FROM deliveries WHERE state IN ('silenced', 'obsolete')")
        return {(each["channel"], each["event"], each["stage"], each["state"]) for each in found}

    def waiting(self) -> set[tuple[str, str, int, str]]:
        found = self._rows("SELECT * FROM deliveries WHERE state IN ('held', 'pending')")
        return {(each["channel"], each["rule"], each["event"], each["stage"]) for each in found}

    def _parts(self, lead: Mapping[str, Any]) -> list[tuple[int, str, str]]:
        members = self._rows("SELECT event, stage, finding FROM deliveries WHERE lead = ?", lead["id"])
        return sorted((each["event"], each["stage"], without_numbers(each["finding"])) for each in (lead, *members))

    def _rows(self, sql: str, *bound: object) -> list[Mapping[str, Any]]:
        return self.database.connection().execute(sql, bound).fetchall()


def without_numbers(finding: str) -> str:
    """A count that fell, but not to 0, made no event: a replay knows that there are some, and maybe not how many."""
    return re.sub(r"[1-9][0-9]*", "n", finding)


@contextmanager
def life(*rules: Rule, storm: int = 0) -> Iterator[Life]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / FILE_NAME)
        database.connection().execute("PRAGMA synchronous=OFF")  # nobody cuts the power here
        try:
            yield Life(database, (*rules, operator_rule(["mail"])), storm)
        finally:
            database.close()


def check(lived: Life) -> None:
    """The replay predicts every message that went out, and what became of all the others."""
    outcome = lived.replayed()
    predicted = sorted(
        (
            one.channel,
            one.at,
            one.rule,
            str(one.stage),
            sorted((part.place, str(part.stage), without_numbers(part.finding)) for part in one.parts),
        )
        for one in outcome.posted
    )
    assert predicted == lived.told()
    untold = {(one.channel, one.place, str(one.stage), one.state.value) for one in outcome.untold}
    assert untold == lived.untold()
    assert {(one.channel, one.rule, one.place, str(one.stage)) for one in outcome.waiting} == lived.waiting()
    titles = Counter((one.channel, lived.title(one)) for one in outcome.posted)
    assert titles == Counter((name, sent.title) for name, channel in lived.channels.items() for _, sent in channel.sent)


def live(
    rules: Sequence[Rule],
    polls: Sequence[tuple[Listed | None, int]],
    storm: int = 0,
    silenced_for: int | None = None,
) -> None:
    """Poll what is listed (None: the API is down) after some minutes each, and check what is replayed of it."""
    with life(*rules, storm=storm) as lived:
        lived.poll([row(name, open_questions_count=0) for name in "abc"], after=MINUTE)
        known: dict[str, Fields] = {}
        for place, (rows, minutes) in enumerate(polls):
            if place == 1 and silenced_for is not None:
                lived.advance(lived.stage.now + MINUTE / 2)  # what is decided at one instant may go either way
                silence(lived, silenced_for)
            listed = (
                None if rows is None else [row(name, **told_by_events(name, has, known)) for name, has in rows.items()]
            )
            # the milliseconds keep polls from the instants of deadlines and digests: of a tie either order is right
            lived.poll(listed, after=minutes * MINUTE + 2**place * MILLISECOND)
            if place == len(polls) // 2 and silenced_for == 20:
                lived.advance(lived.stage.now + MINUTE / 2)
                end_silences(lived)
        lived.advance(lived.stage.now + 15 * MINUTE)
        check(lived)


def told_by_events(name: str, fields: Fields, known: dict[str, Fields]) -> Fields:
    """A row of which events tell whatever a replay has to know.

    That messages became fewer, or that a registration which was open or closed is merely available, no event tells.
    """
    before = known.get(name, fields)
    most = max(before["to_facilitator_count"], fields["to_facilitator_count"])
    status = before["register_status"] if fields["register_status"] == "available" else fields["register_status"]
    known[name] = {**fields, "to_facilitator_count": most, "register_status": status}
    return known[name]


def silence(lived: Life, minutes: int) -> None:
    matcher = parse_silence_matcher("conversation", "a", LinearPattern)
    now = lived.stage.now
    silences = SqliteSilences(lived.database, LinearPattern)
    silences.add(make_silence([matcher], starts_at=now, ends_at=now + minutes * MINUTE, author="kim", comment="test"))


def end_silences(lived: Life) -> None:
    silences = SqliteSilences(lived.database, LinearPattern)
    for active in silences.active(lived.stage.now):
        silences.end(active.key, lived.stage.now)
