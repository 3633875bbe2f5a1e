"""The app: the parts wired together around one database, for the daemon and the commands alike."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TextIO

from watcher.bootstrap import clock
from watcher.bootstrap.checked import Check, CheckedSource
from watcher.bootstrap.configuration import database_path, state_dir
from watcher.bootstrap.garbage import look_seldom
from watcher.bootstrap.parts import (
    WatchedSource,
    make_aftermath,
    make_arranger,
    make_channels,
    make_route,
    make_source,
    route_by,
)
from watcher.bootstrap.wording import make_words
from watcher.channels.registry import BuiltChannel
from watcher.config.model import Config
from watcher.config.pattern import LinearPattern
from watcher.config.ruleset import read_ruleset
from watcher.domain.audit import Watch
from watcher.domain.errors import ConfigError
from watcher.domain.follow_up import readdress
from watcher.pipeline.audit import Look, View, look
from watcher.pipeline.deadlines import Bell, fire_due
from watcher.pipeline.dispatch import Desk, Turn, deliver_next, drain
from watcher.pipeline.outbox import Claim
from watcher.pipeline.plan import Route
from watcher.pipeline.poll import PollReport, poll_source
from watcher.store.alarms import SqliteAlarms
from watcher.store.audit import SqliteAudit
from watcher.store.database import Database, open_named
from watcher.store.lock import hold_state
from watcher.store.outbox import SqliteOutbox
from watcher.store.retention import Pruned, prune, prune_rows
from watcher.store.snapshots import SqliteSnapshots

OnPage = Callable[[str, int, int], None]
"""is told a source's name and the pages and rows read so far"""


class App:
    """Sources, channels and the store of one config; several threads may use it at once.

    It keeps no state of its own that matters: everything that must survive is in the database.
    """

    def __init__(
        self, config: Config, database: Database, stream: TextIO = sys.stdout, *, before: App | None = None
    ) -> None:
        """Make the app of a config; it goes on with the parts of the one `before` that are configured the same."""
        self.config = config
        self.database = database
        self._stream = stream
        self._locks: dict[str, threading.RLock] = before._locks if before else {}  # noqa: SLF001 - its own class
        self._unpruned: set[str] = before._unpruned if before else set()  # noqa: SLF001 - its own class
        self._route = make_route(config)
        self._aftermath = make_aftermath(config, self._route)
        self._arranger = make_arranger(config)
        self._reword = make_words(config)
        self.outbox = SqliteOutbox(database, ruleset=config.rules_text, compile_pattern=LinearPattern)
        self.snapshots = SqliteSnapshots(database)
        self.alarms = SqliteAlarms(database)
        self.audits = SqliteAudit(database, ruleset=config.rules_text)
        kept = _same_channels(before, config) if before else {}
        self.channels: Mapping[str, BuiltChannel] = make_channels(config, stream, kept)
        known = before.sources if before else {}
        self.sources: Mapping[str, WatchedSource] = {
            name: make_source(config, name, database.digest, self._route, self._hold, known.get(name))
            for name in config.sources
        }
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"

    def poll(
        self,
        name: str,
        *,
        is_dry: bool = False,
        on_page: OnPage | None = None,
        route: Route | None = None,
        check: Check | None = None,
    ) -> PollReport:
        """Poll one source once; what fails is in the report. `route` replaces the rules' (to look on, when dry).

        `check` is called at each step; what it raises ends the poll with nothing stored.
        """
        watched = self.sources[name]
        if not is_dry:
            self._prune_rows(name)
        plan = replace(watched.plan, route=route) if route else watched.plan
        if on_page is not None:
            plan = replace(plan, on_page=lambda pages, rows: on_page(name, pages, rows))
        source = CheckedSource(watched.source, check) if check else watched.source
        return poll_source(source, self.snapshots, plan, self.database.digest, is_dry=is_dry)

    def fire_deadlines(self) -> int:
        """Tell every deadline that is due; return how many events that made."""
        bell = Bell(
            apis={name: watched.source.api for name, watched in self.sources.items()},
            route=self._route,
            ruleset=self.config.rules_text,
            now=clock.now,
            hold=self._hold,
        )
        return fire_due(self.alarms, bell)

    def deliver_next(
        self, channel: str, ahead: Claim | None = None, goes_on: Callable[[], bool] = lambda: False
    ) -> Turn:
        """Send the delivery of a channel that has been due the longest, once; a channel that is gone sends nothing.

        `ahead` is the last turn's; `goes_on` says whether the caller will come back with this one's at once.
        """
        built = self.channels.get(channel)
        if built is not None:
            return deliver_next(built, self.outbox, self._desk(channel, goes_on), ahead)
        if ahead is not None:
            self.outbox.give_back(ahead, clock.now())
        return Turn()

    def take_over(self) -> int:
        """Make due what an earlier process was killed over while sending it; return how many deliveries that were."""
        self.readdress()
        return self.outbox.take_over(clock.now())

    def readdress(self) -> int:
        """Let escalations that wait go to whom the rules name now; return how many that changed something for."""
        timings = {rule.name: rule.timing for rule in self.config.rules}
        return self.outbox.readdress(lambda address: readdress(address, timings, self.channels), clock.now())

    def deliver_due(self, wait: Callable[[timedelta], bool]) -> list[Turn]:
        """Send everything that is due now, each delivery once, channel after channel; a backup last."""
        turns: list[Turn] = []
        names = list(self.channels)
        for name in names:
            found = drain(self.channels[name], self.outbox, self._desk(name), wait)
            names += dict.fromkeys(turn.handed_to for turn in found if turn.handed_to)  # no circle of backups: it ends
            turns += found
        return turns

    def look(self, watches: Mapping[str, Watch], passed: timedelta, stalled: Sequence[str] = ()) -> Look:
        """Look whether every delivery that is owed is there and moves; see pipeline.audit."""
        view = View(
            now=clock.now(),
            monotonic=timedelta(seconds=clock.monotonic()),
            passed=passed,
            channels=self.channels.keys(),
            route_by=self._route_by,
            route=self._route,
            stalled=stalled,
        )
        return look(self.audits, view, watches)

    def next_deadline(self) -> datetime | None:
        """Return when the earliest deadline fires."""
        return self.alarms.next_deadline(self.sources.keys())

    def prune(self) -> Pruned:
        """Forget what is older than the retention says; what is gone from a source goes before its next poll."""
        keep = self.config.retention
        self._unpruned |= self.sources.keys()
        return prune(self.database, clock.now(), keep.polls, keep.events)

    def _prune_rows(self, source: str) -> None:
        """Forget what is long gone from a source, if it is time to: here no poll of it is under way."""
        if source in self._unpruned:
            prune_rows(self.database, clock.now(), self.config.retention.events, source)
            self._unpruned.discard(source)

    def successor(self, config: Config) -> App:
        """Return the app of another config on the same database; see `unused_sources` for what to close then.

        Raises ConfigError where the config cannot take this one's place.
        """
        if database_path(config) != self.database.path:
            raise ConfigError("state_dir: it cannot change while the daemon runs", remedy="restart the daemon")
        return App(config, self.database, self._stream, before=self)

    def unused_sources(self, successor: App) -> list[WatchedSource]:
        """Return the sources that a successor does not go on with."""
        used = {id(watched.source) for watched in successor.sources.values()}
        return [watched for watched in self.sources.values() if id(watched.source) not in used]

    def close(self) -> None:
        """Log out of the sources and let go of the channels; the database stays open."""
        for watched in self.sources.values():
            watched.source.close()
        for channel in self.channels.values():
            channel.close()

    def _desk(self, channel: str, goes_on: Callable[[], bool] = lambda: False) -> Desk:
        return Desk(
            clock=clock.now,
            jitter=clock.jitter,
            aftermath=self._aftermath,
            owner=f"{self._owner}-{channel}",
            zone=self.config.timezone,
            decider=self._arranger,
            reword=self._reword,
            goes_on=goes_on,
        )

    def _route_by(self, ruleset: str) -> Route:
        return self._route if ruleset == self.config.rules_text else route_by(read_ruleset(ruleset))

    def _hold(self, source: str) -> AbstractContextManager[object]:
        return self._locks.setdefault(source, threading.RLock())


@contextmanager
def open_state(config: Config) -> Iterator[Database]:
    """Give the database of a config, alone on its state directory. Raises BusyError beside another one, StateError."""
    look_seldom()  # here, as whoever polls begins with it
    with hold_state(state_dir(config)), open_named(database_path(config)) as database:
        yield database


@contextmanager
def open_app(config: Config, stream: TextIO = sys.stdout) -> Iterator[App]:
    """Give the app of a config, alone on its state directory. Raises BusyError beside another one, StateError.

    Alone as it is, it takes over what a killed process was sending.
    """
    with open_state(config) as database:
        app = App(config, database, stream)
        try:
            app.take_over()
            yield app
        finally:
            app.close()


def _same_channels(before: App, config: Config) -> Mapping[str, BuiltChannel]:
    """Return the channels that another config has as well; tags are made anew, their files may have changed."""
    known = before.config.channels
    return {name: before.channels[name] for name, channel in config.channels.items() if known.get(name) == channel}
