"""Deadlines: what falls due is told from the stored snapshot, whether or not the API can be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from watcher.domain.api import Api
from watcher.domain.deadline import Deadline, fire
from watcher.domain.derive import Stance, to_event
from watcher.domain.event import EventType
from watcher.domain.snapshot import Row
from watcher.pipeline.outbox import Owed
from watcher.pipeline.plan import Route

BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """A stored row with the deadlines of it that are due."""

    row: Row
    deadlines: tuple[Deadline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What one due row had to say, maybe nothing; its deadlines count as told. `has_closed`: registration closed."""

    due: DueRow
    owed: tuple[Owed, ...]
    has_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSource:
    """A source that has due deadlines."""

    name: str
    key: int
    epoch: int
    interval: timedelta


class DeadlineStore(Protocol):
    """The armed deadlines of every source."""

    def due_sources(self, names: Collection[str], now: datetime) -> Sequence[DueSource]:
        """Return those of some sources that have due deadlines."""
        ...

    def due_rows(self, source: DueSource, now: datetime, limit: int) -> Sequence[DueRow]:
        """Return rows with due deadlines, those due the longest first."""
        ...

    def settle(self, source: DueSource, fired: Sequence[Fired], ruleset: str) -> int:
        """Store events and deliveries and mark the deadlines as told, in one transaction; return the new events."""
        ...

    def next_deadline(self, names: Collection[str]) -> datetime | None:
        """Return when the earliest armed deadline of some sources fires."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """What deadlines are fired with.

    `apis`: by the name of each source that is watched; what is stored of others is left alone.
    `hold` keeps a source's rows from being written by a poll meanwhile.
    """

    apis: Mapping[str, Api]
    route: Route
    ruleset: str
    now: Callable[[], datetime]
    hold: Callable[[str], AbstractContextManager[object]]


def fire_due(store: DeadlineStore, bell: Bell) -> int:
    """Fire every deadline that is due; return how many events that made.

    A crash before a batch is stored leaves it due; afterwards it is told: nothing is lost and nothing told twice.
    """
    return sum(_fire_source(store, bell, source) for source in store.due_sources(bell.apis.keys(), bell.now()))


def _fire_source(store: DeadlineStore, bell: Bell, source: DueSource) -> int:
    told = 0
    with bell.hold(source.name):
        now = bell.now()  # one moment for all of them: of one moment is what a storm puts together
        while due := store.due_rows(source, now, BATCH):
            told += store.settle(source, [_fire_row(bell, source, each, now) for each in due], bell.ruleset)
    return told


def _fire_row(bell: Bell, source: DueSource, due: DueRow, now: datetime) -> Fired:
    api = bell.apis[source.name]
    stance = Stance(source=source.name, api=api, epoch=source.epoch, unwatched=frozenset())
    facts = fire(api, due.row, due.deadlines, now, source.interval)
    events = [to_event(fact, stance=stance, row=due.row, now=now, between=None) for fact in facts]
    owed = tuple(Owed(event=event, deliveries=bell.route(event)) for event in events)
    has_closed = any(deadline.kind is EventType.REGISTRATION_CLOSED for deadline in due.deadlines)
    return Fired(due=due, owed=owed, has_closed=has_closed)
