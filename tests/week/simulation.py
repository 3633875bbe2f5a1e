"""A simulation: the real app over the lab for some days, with a clock that goes on minute by minute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from tests.week.incidents import Incidents
from tests.week.record import BUILT_IN, Json, Record, Sight, Told, line_of
from watcher.bootstrap import clock
from watcher.bootstrap.app import App, open_app
from watcher.bootstrap.configuration import read_config
from watcher.config.pattern import LinearPattern
from watcher.domain.errors import ChannelError
from watcher.domain.event import Event
from watcher.domain.message import Message
from watcher.domain.silence import make_silence, parse_silence_matcher
from watcher.lab import Lab
from watcher.pipeline.ports import Receipt
from watcher.store.database import open_read_only
from watcher.store.history import History
from watcher.store.history_events import EventFilter
from watcher.store.silences import SqliteSilences

MINUTE = timedelta(minutes=1)
BEAT, POLLS = 13, {"campus": 10, "staff": 7}
"""minutes between two beats of the story, and two polls"""
MOST_ROUNDS = 10
"""of sending in one minute; what one channel sends may owe something to another"""
PATIENCE = timedelta(minutes=30)
"""what a channel asks for that does not want to be sent anything now"""


@dataclass
class Recorder:
    """A channel that keeps what it is sent, and fails when it is to."""

    name: str
    week: Simulation
    pace: timedelta = timedelta()

    def send(self, message: Message, delivery_id: str) -> Receipt:
        now = self.week.now
        for outage in self.week.record.outages:
            if outage.hits(self.name, now):
                asked = PATIENCE if outage.asks_for_patience else None
                raise ChannelError("down", status=429 if asked else 503, retry_after=asked)
        rule = message.footer.removeprefix("rule: ").partition(" · ")[0]
        self.week.record.told.append(
            Told(
                at=now,
                channel=self.name,
                rule=rule,
                lines=tuple(line_of(_plain(event)) for event in message.events),
                title=self._title(message, rule),
                stage=str(message.stage),
            )
        )
        return Receipt(status=200)

    def _title(self, message: Message, rule: str) -> str:
        """The rule's own words; of a message that gathers for another reason only that they are not."""
        if rule not in self.week.worded:
            return ""
        return BUILT_IN if " happened in " in message.title else message.title

    def close(self) -> None: ...

    def verify(self) -> None: ...


class Simulation:
    """One week. `record` is what came of it, once `run` has ended."""

    def __init__(self, lab: Lab, directory: Path, incidents: Incidents, start: datetime, days: int) -> None:
        self.now = start
        self._lab, self._directory = lab, directory
        self._minutes = [start + count * MINUTE for count in range(days * 24 * 60)]
        self._incidents = incidents
        self._open = ExitStack()
        self._app: App
        self.worded: frozenset[str] = frozenset()
        self.record: Record

    def run(self) -> Record:
        with self._open:
            self._begin()
            awake = frozenset(self.record.minutes)
            for place, minute in enumerate(self._minutes):
                self.now = minute
                self._incidents.happen(self._lab, self.now)
                if place % BEAT == 0:
                    self._lab.story.step()
                if self.now in awake:
                    self._go_on(place)
            self.record.events = list(self._events())
        return self.record

    def _begin(self) -> None:
        path = self._directory / "config.toml"
        text = self._written()
        path.write_text(f'state_dir = "{self._directory / "state"}"\n{text}', encoding="utf-8")
        path.chmod(0o600)
        config = read_config(path)
        assert [str(warning) for warning in config.warnings] == []
        self.record = Record(
            config=text,
            minutes=[minute for minute in self._minutes if not self._incidents.is_down(minute)],
            outages=self._incidents.outages,
            silences=self._incidents.silences,
        )
        self.worded = frozenset(rule.name for rule in config.rules if rule.template.title)
        self._app = self._open.enter_context(open_app(config, StringIO()))
        self._app.channels = {name: Recorder(name, self) for name in self._app.channels}
        self._app.database.connection().execute(
            "PRAGMA synchronous = OFF"
        )  # no power fails here, and an fsync takes long
        self._silence()

    def _written(self) -> str:
        onq, osn = self._lab.onq, self._lab.osn
        text = (Path(__file__).parent / "week.toml").read_text(encoding="utf-8")
        split = (self._minutes[0] + timedelta(days=5)).date().isoformat()
        campus = {"KEY": onq.key, "SECRET": onq.secret, "ISSUER": onq.issuer, "SUBJECT": onq.subject}
        staff = {"STAFF": osn.url, "USER": osn.username, "PASSWORD": osn.password}
        for name, value in {"CAMPUS": onq.url, "AUDIENCE": onq.audience, **campus, **staff, "SPLIT": split}.items():
            text = text.replace(f"@{name}@", value)
        return text

    def _silence(self) -> None:
        kept = SqliteSilences(self._app.database, LinearPattern)
        for each in self.record.silences:
            matchers = [parse_silence_matcher(path, wanted, LinearPattern) for path, wanted in each.matchers.items()]
            kept.add(
                make_silence(matchers, starts_at=each.begins, ends_at=each.ends, author="kim", comment="a rehearsal")
            )

    def _go_on(self, place: int) -> None:
        """What the daemon does in a minute: polls that are due, then deadlines, then everything that is to be sent."""
        for source, every in POLLS.items():
            if place % every == 0:
                self._poll(source)
        due = self._app.next_deadline()
        if due is not None and due <= self.now:
            self._app.fire_deadlines()
        waiting: list[str] = []
        for _ in range(MOST_ROUNDS):
            waiting = self._due_channels()
            for channel in waiting:
                while self._app.deliver_next(channel).claim is not None:
                    pass
            if not waiting:
                return
        raise AssertionError(f"{waiting} have something to send at {self.now} that is never sent nor ended")

    def _poll(self, source: str) -> None:
        report = self._app.poll(source)
        if report.record.outcome == "complete":
            api = self._lab.onq if source == "campus" else self._lab.osn
            rows = {str(row["id"]): dict(row) for row in api.rows}
            self.record.sights.append(Sight(at=self.now, source=source, rows=rows))

    def _due_channels(self) -> list[str]:
        """The channels that have something to send now, unless they asked for patience; the operator's is first."""
        due = self._app.outbox.next_due_of_all()
        return [
            name
            for name in self._app.channels
            if name in due and due[name] <= self.now and not self._app.outbox.channel_health(name).is_paused(self.now)
        ]

    def _events(self) -> Iterator[Json]:
        with open_read_only(self._app.database.path) as connection:
            for logged in History(connection).events.read_after(0, EventFilter()):
                yield _plain(logged.event)


def _plain(event: Event) -> Json:
    plain: Json = json.loads(json.dumps(event.cloud_event()))
    return plain


@contextmanager
def simulated(directory: Path, incidents: Incidents, start: datetime, days: int, seed: int) -> Iterator[Simulation]:
    """Give a week that is ready to run, with the app's clock in its hands."""
    moved = [start]
    with pytest.MonkeyPatch.context() as patch:
        lab = Lab(story=False, conversations=40, seed=seed, clock=lambda: moved[0])
        with lab:
            week = Simulation(lab, directory, incidents, start, days)
            patch.setattr(clock, "now", lambda: week.now)
            patch.setattr(clock, "jitter", lambda: 0.0)
            patch.setattr(lab.onq, "_clock", lambda: week.now)
            patch.setattr(lab.osn, "_clock", lambda: week.now)
            yield week
