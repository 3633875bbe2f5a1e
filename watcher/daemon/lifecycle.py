"""The lifecycle: the daemon starts, reloads, and ends with nothing half done."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import TextIO

from watcher.bootstrap import clock
from watcher.bootstrap.app import App
from watcher.bootstrap.configuration import read_config
from watcher.bootstrap.parts import WatchedSource
from watcher.config.model import Config
from watcher.daemon.auditor import Auditor
from watcher.daemon.chronicle import Chronicle
from watcher.daemon.flights import AbandonedError
from watcher.daemon.heartbeat import Heartbeat, Store
from watcher.daemon.log import line
from watcher.daemon.memory import give_back, share_arena, tidy
from watcher.daemon.opening import open_patiently
from watcher.daemon.reload import changes
from watcher.daemon.scheduler import Duties, Guard, Scheduler
from watcher.daemon.signals import Inbox, Request, listening
from watcher.daemon.systemd import Systemd
from watcher.daemon.timetable import timetables_of
from watcher.daemon.trouble import Trouble
from watcher.daemon.workers import Workers
from watcher.domain.audit import Watch
from watcher.domain.errors import BusyError, ConfigError, StateError
from watcher.pipeline.audit import Look
from watcher.pipeline.dispatch import Turn
from watcher.pipeline.outbox import Claim
from watcher.pipeline.poll import PollReport
from watcher.pipeline.snapshots import SourceRecord
from watcher.store.database import Database, named_errors
from watcher.store.retention import Pruned

LOG = logging.getLogger(__name__)

DRAIN = timedelta(seconds=20)
"""for everything that ends: the unit's TimeoutStopSec is longer"""
_POLLS_DRAIN = timedelta(seconds=5)
"""a poll that is not wanted any more waits for an answer at most, which nobody will read"""
_GONE = 1
_REFUSED = 2


def run(config: Config, stream: TextIO = sys.stdout) -> int:
    """Watch until told to stop and return the exit status. Raises BusyError, StateError, ConfigError.

    What does not end in time ends with the process: a poll stores all or nothing, a delivery is sent again later.
    A state that only a person can mend is refused with the status that the service manager does not start again after.
    """
    try:
        return _watch(config, stream)
    except StateError as error:
        if error.may_pass or isinstance(error, BusyError):
            raise
        LOG.error(line("state.refused", error=error.text, remedy=error.remedy))  # noqa: TRY400 - foreseen
        return _REFUSED


def _watch(config: Config, stream: TextIO) -> int:
    share_arena()
    inbox = Inbox()
    with listening(inbox), ExitStack() as stack:
        trouble = Trouble(clock.monotonic, inbox.look)
        database = open_patiently(config, inbox, stack, trouble)
        if database is None:
            return 0
        daemon = Daemon(App(config, database, stream), database, inbox, trouble)
        status = daemon.run()
        if not daemon.is_drained:
            logging.shutdown()
            os._exit(status)
    return status


class Daemon:
    """The parts of a running daemon; everything that must survive it is in the database."""

    def __init__(self, app: App, database: Database, inbox: Inbox, trouble: Trouble) -> None:
        self._app, self._database, self._inbox = app, database, inbox
        self._systemd, self._chronicle = Systemd(), Chronicle()
        self._guard = Guard(trouble, lambda: named_errors(database.path))
        self._workers = Workers(
            self._deliver,
            self._told_turn,
            self._pace,
            self._guard,
            now=clock.now,
            monotonic=clock.monotonic,
        )
        self._auditor = Auditor(self._look, self._stalled, self._workers.wake, monotonic=clock.monotonic)
        self._scheduler = Scheduler(
            self._duties(), self._guard, now=clock.now, monotonic=clock.monotonic, chance=clock.chance
        )
        self._inode = _inode(database)
        self._is_resumed = self.is_drained = False
        self._heart = self._heartbeat()

    def run(self) -> int:
        """Start, serve requests until one of them says to stop, and end."""
        self._start()
        status = self._serve()
        self._stop()
        return status

    def _start(self) -> None:
        """Fire what is overdue before the first poll, then begin everything; no source need answer for that."""
        LOG.info(line("daemon.starting", config=self._app.config.path, state=self._database.path.parent))
        self._warn(self._app.config)
        self._resume()
        self._scheduler.watch(timetables_of(self._app.config), self._records())
        self._workers.serve(self._app.channels)
        self._scheduler.start()
        gc.collect()
        gc.freeze()
        self._systemd.ready()
        LOG.info(line("daemon.ready", sources=len(self._app.sources), channels=len(self._app.channels)))

    def _resume(self) -> None:
        """Take up what an earlier process left; what cannot be stored now is tried again at each beat.

        Late it does no harm: a delivery that this process is sending by then is due, but its only worker is busy.
        """
        if not self._is_resumed:
            self._is_resumed = bool(self._guard.run("taking over", self._take_over))

    def _take_over(self) -> bool:
        if interrupted := self._app.take_over():
            LOG.warning(line("delivery.interrupted", count=interrupted, remedy="each is sent again under its id"))
            self._workers.wake()
        self._fire()
        return True

    def _serve(self) -> int:
        while self._heart.beat():
            match self._inbox.take(self._systemd.beat.total_seconds()):
                case Request.STOP:
                    return 0
                case Request.RELOAD:
                    self._guard.run("reload", self._reload)
                    self._systemd.ready()
            self._resume()
        return _GONE

    def _reload(self) -> None:
        """Take a new config; a bad one is refused with all that is wrong in it, and the old one goes on."""
        self._systemd.reloading(clock.monotonic())
        before = self._app
        try:
            config = read_config(before.config.path)
            successor = before.successor(config)
        except ConfigError as error:
            for wrong in error.text.splitlines():
                LOG.error(line("reload.refused", error=wrong, remedy=error.remedy))  # noqa: TRY400 - foreseen
        else:
            self._replace(before, successor)

    def _replace(self, before: App, after: App) -> None:
        """Put an app in the place of another: first what is new, then what ran with the old."""
        changed = changes(before.config, after.config)
        self._warn(after.config)
        self._app = after
        self._guard.run("re-addressing", after.readdress)
        self._workers.serve(after.channels)
        self._scheduler.watch(timetables_of(after.config), self._records())
        for watched in before.unused_sources(after):
            self._scheduler.renew(watched.config.name, watched.source.close)
        self._scheduler.arm_deadline()
        self._workers.wake()
        LOG.info(line("reload.done", changed=", ".join(changed) or "nothing"))

    def _stop(self) -> None:
        """Begin nothing, end what is under way within bounds, log out."""
        LOG.info(line("daemon.stopping"))
        self._systemd.stopping()
        end_s = clock.monotonic() + DRAIN.total_seconds()
        self._scheduler.stop()
        self._workers.stop()
        has_landed = self._scheduler.flights.wait(_POLLS_DRAIN)
        late = self._workers.join(end_s)
        self._scheduler.end()
        self._guard.run("the audit's rest", self._app.audits.rest)
        has_closed = has_landed and self._close(list(self._app.sources.values()), end_s)
        self.is_drained = has_closed and not late
        LOG.info(line("daemon.stopped"))

    def _close(self, sources: list[WatchedSource], end_s: float) -> bool:
        """Log out of every source at once; False where one took too long."""
        threads = [threading.Thread(target=watched.source.close, daemon=True) for watched in sources]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(end_s - clock.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in threads)

    def _duties(self) -> Duties:
        return Duties(
            poll=self._poll,
            told=self._chronicle.poll,
            fire=self._fire,
            next_deadline=self._next_deadline,
            prune=self._prune,
            audit=self._auditor.look,
            tidy=tidy,
            owed=self._workers.wake,
            leave=self._leave,
            jumped=self._inbox.look,
        )

    def _leave(self) -> None:
        """Let a thread go that polled; they come in crowds only after a start."""
        self._database.leave()
        give_back()

    def _poll(self, source: str, check: Callable[[], None]) -> PollReport:
        app = self._app
        if source not in app.sources:  # it was removed a moment ago
            raise AbandonedError
        return app.poll(source, check=check)

    # The app is asked for anew by each step: a reload puts another in its place.

    def _fire(self) -> int:
        told = self._app.fire_deadlines()
        if told:
            LOG.info(line("deadlines.fired", events=told))
        return told

    def _next_deadline(self) -> datetime | None:
        return self._app.next_deadline()

    def _prune(self) -> Pruned:
        pruned = self._app.prune()
        LOG.info(line("state.pruned", polls=pruned.polls, events=pruned.events, versions=pruned.versions))
        return pruned

    def _look(self, watches: Mapping[str, Watch], passed: timedelta, stalled: Sequence[str]) -> Look:
        return self._app.look(watches, passed, stalled)

    def _stalled(self) -> list[str]:
        return [*self._scheduler.stalled_polls(), *self._workers.stalled()]

    def _deliver(self, channel: str, ahead: Claim | None, goes_on: Callable[[], bool]) -> Turn:
        return self._app.deliver_next(channel, ahead, goes_on)

    def _waiting(self) -> dict[str, datetime]:
        return self._app.outbox.next_due_of_all()

    def _told_turn(self, channel: str, turn: Turn) -> None:
        """A channel's trouble, or its end, may be owed to the others."""
        if self._chronicle.turn(channel, turn):
            self._workers.wake()

    def _pace(self, channel: str) -> timedelta:
        built = self._app.channels.get(channel)
        return built.pace if built else timedelta()

    def _heartbeat(self) -> Heartbeat:
        store = Store(
            records=self._records,
            waiting=self._waiting,
            shift=self._app.outbox.shift,
            next_deadline=self._next_deadline,
            is_there=lambda: _inode(self._database) == self._inode,
            lapses=lambda: self._auditor.lapses,
        )
        return Heartbeat(
            self._scheduler,
            self._workers,
            self._systemd,
            store,
            self._guard,
            now=clock.now,
            monotonic=clock.monotonic,
        )

    def _records(self) -> dict[str, SourceRecord]:
        """Return what is remembered of the configured sources; one that was never polled is missing."""
        return {name: record for name, record in self._app.snapshots.records().items() if name in self._app.sources}

    def _warn(self, config: Config) -> None:
        for warning in config.warnings:
            LOG.warning(line("config.warning", warning=str(warning)))


def _inode(database: Database) -> int | None:
    """Return what identifies the database's file, None where there is none any more."""
    try:
        return database.path.stat().st_ino
    except OSError:
        return None
