"""The scheduler: polls sources when they are due, and lets deadlines fire at their instants."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from watcher.daemon.agenda import NEVER, Again, Agenda, once
from watcher.daemon.backoff import held_until, next_poll
from watcher.daemon.crew import Crew
from watcher.daemon.flights import AbandonedError, Flights
from watcher.daemon.log import line
from watcher.daemon.timetable import Timetable
from watcher.daemon.trouble import Trouble
from watcher.domain.audit import EVERY
from watcher.domain.errors import StateError
from watcher.pipeline.poll import PollReport
from watcher.pipeline.snapshots import SourceRecord

LOG = logging.getLogger(__name__)

T = TypeVar("T")
MOST_POLLS = 16
"""at once; each is bounded by its time-outs"""
FIRST_PRUNE = timedelta(minutes=5)
PRUNE_EVERY = timedelta(days=1)
_AGAIN = timedelta(seconds=1)
_LANES = {"polls": MOST_POLLS, "deadlines": 1, "upkeep": 1, "audit": 1}
"""with how many threads each has at most"""
_DEADLINES, _PRUNE, _AUDIT, _TIDY, _POLL = "deadlines", "prune", "audit", "tidying", "poll "


class Guard:
    """The only place that catches everything: a thread that must go on logs what it did not expect, and counts it.

    That the state cannot be used is foreseen, and `trouble`. `named` is a block in which the store's errors become
    StateErrors.
    """

    def __init__(self, trouble: Trouble, named: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
        self.errors = 0
        self.trouble = trouble
        self._named = named

    def run(self, what: str, step: Callable[[], T]) -> T | None:
        """Return what a step returns, None where it failed over the state or unexpectedly."""
        try:
            with self._named():
                done = step()
        except AbandonedError:
            raise
        except StateError as error:
            self.trouble.begin(what, error)
            return None
        except Exception:
            self.errors += 1
            LOG.exception(line("daemon.unexpected", during=what))
            return None
        self.trouble.end(what)
        return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What the scheduler has done for it, each step by one call.

    `poll` takes a source and what it must call at each step. `told` hears of each poll, None where it failed
    unexpectedly. `owed` is called whenever there may be something new to send. `audit` returns whether it is to be
    called again at once. `tidy`: in the process's memory, once a minute. `leave`: by each thread that ends. `jumped`:
    the clock on the wall was moved, so that `rearm` is to be called, on another thread.
    """

    poll: Callable[[str, Callable[[], None]], PollReport]
    told: Callable[[str, PollReport | None], None]
    fire: Callable[[], int]
    next_deadline: Callable[[], datetime | None]
    prune: Callable[[], object]
    audit: Callable[[], bool]
    tidy: Callable[[], object]
    owed: Callable[[], None]
    leave: Callable[[], object]
    jumped: Callable[[], object]


class Scheduler:
    """An agenda with one entry a source, one for the earliest deadline, and those for pruning, audit and tidying."""

    def __init__(
        self,
        duties: Duties,
        guard: Guard,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._duties, self._guard = duties, guard
        self._now, self._monotonic, self._chance = now, monotonic, chance
        self.flights = Flights(monotonic)
        self._timetables: dict[str, Timetable] = {}
        self._crashes: dict[str, int] = {}
        self._arming = threading.Lock()
        crews = {name: Crew(name, most, lambda: guard.run("leaving", duties.leave)) for name, most in _LANES.items()}
        self._agenda = Agenda(crews, now=now, monotonic=monotonic, jumped=duties.jumped)

    def start(self) -> None:
        """Begin; what is due is begun at once."""
        self._put(_PRUNE, self._prune, "upkeep", self._now() + FIRST_PRUNE, lambda now: now + PRUNE_EVERY)
        self._put(_AUDIT, self._audit, "audit", self._now(), lambda now: now + EVERY)
        self._put(_TIDY, self._duties.tidy, "audit", self._now() + EVERY, lambda now: now + EVERY)
        self._agenda.start()
        self.arm_deadline()

    def watch(self, timetables: Mapping[str, Timetable], records: Mapping[str, SourceRecord]) -> None:
        """Poll these sources from now on; the entry of one whose timetable is the same is left as it is."""
        for name in self._timetables.keys() - timetables.keys():
            del self._timetables[name]
            self._agenda.drop(_POLL + name)
            self.flights.abandon(name)
            self._guard.trouble.end(f"poll of {name}")
        for name, timetable in timetables.items():
            if self._timetables.get(name) != timetable:
                self._timetables[name] = timetable
                self._enter(timetable, records.get(name))

    def poll_soon(self, source: str) -> None:
        """Poll a source now, or at its next time where a poll of it is under way."""
        self._agenda.move(_POLL + source, self._now())

    def renew(self, source: str, close: Callable[[], None]) -> None:
        """Give up the poll that is under way for a source that was replaced, close that one after it, poll anew."""
        self.flights.abandon(source)
        if not self.flights.when_idle(source, close):
            self._put(f"close {source}", close, "upkeep", self._now())
        if source in self._timetables:
            self.poll_soon(source)

    def arm_deadline(self) -> None:
        """Wake up for the earliest deadline, whichever that is by now."""
        with self._arming:  # or an older answer could replace a newer one
            at = self._duties.next_deadline()
            if at is None:
                self._agenda.drop(_DEADLINES)
            elif at != self._agenda.next_at(_DEADLINES):
                self._put(_DEADLINES, self._fire, "deadlines", at)

    def rearm(self, records: Mapping[str, SourceRecord], jump: timedelta) -> None:
        """Set every entry anew after the clock on the wall was moved; what is due already is only begun.

        After a clock was set back no source waits longer than for its next time by the new one, and one with an
        interval is polled when it would have been by the old: that poll may have come due before this was noticed.
        """
        now = self._now()
        for name, timetable in list(self._timetables.items()):
            record, planned = records.get(name), self.next_poll_at(name)
            slot = timetable.slot_after(now)
            if planned is not None and planned > now and slot is not None:
                held = held_until(now, record.not_before if record else None)
                is_by_old_time = timetable.cron is None and planned > slot
                kept = planned + jump if is_by_old_time else planned
                self._agenda.move(_POLL + name, max(min(planned, kept, slot), held))
        self._agenda.move(_PRUNE, now + FIRST_PRUNE)
        self._agenda.move(_AUDIT, now + EVERY)
        self._agenda.move(_TIDY, now + EVERY)
        self._agenda.nudge()
        self.arm_deadline()

    def next_poll_at(self, source: str) -> datetime | None:
        """Return when a source is polled next, None where it is not."""
        return self._agenda.next_at(_POLL + source)

    def next_audit_at(self) -> datetime | None:
        """Return when the audit looks next, None before the start."""
        return self._agenda.next_at(_AUDIT)

    def pulse(self) -> None:
        """Let the scheduler's own thread give a sign of life."""
        self._agenda.nudge()

    def stalled(self, patience: timedelta) -> list[str]:
        """Return what makes no progress: the scheduler itself, or polls."""
        silent_s = self._monotonic() - self._agenda.sign_s
        own = ["scheduler"] if silent_s > patience.total_seconds() else []
        return [*own, *self.stalled_polls()]

    def stalled_polls(self) -> list[str]:
        """Return the polls that make no progress."""
        return [f"poll of {source}" for source in self.flights.stalled()]

    def stop(self) -> None:
        """Begin nothing more, and let polls that are under way end at their next step."""
        self._agenda.stop()
        self.flights.close()

    def end(self) -> None:
        """Let the threads go; those that still work are not waited for."""
        self._agenda.end()

    def _enter(self, timetable: Timetable, record: SourceRecord | None) -> None:
        now = self._now()
        first = timetable.first_after_start(now, record.last_poll_at if record else None)
        if first is not None:
            at = max(first, held_until(now, record.not_before if record else None))
            name = timetable.source
            self._put(
                _POLL + name, lambda: self._poll(name), "polls", at, lambda now: timetable.slot_after(now) or NEVER
            )

    def _poll(self, name: str) -> None:
        """Poll a source, plan its next poll, and see to whatever came of it."""
        timetable = self._timetables.get(name)
        if timetable is None:
            return
        try:
            with self.flights.open(name, timetable.patience) as flight:
                report = self._guard.run(f"poll of {name}", lambda: self._duties.poll(name, flight.check))
        except AbandonedError:
            self._agenda.move(_POLL + name, self._now())  # of a source that was replaced; otherwise there is no entry
            return
        self._plan_next(name, report)
        self._guard.run("telling of a poll", lambda: self._duties.told(name, report))
        self._guard.run("arming deadlines", self.arm_deadline)
        if report is None or report.record.events:
            self._duties.owed()

    def _plan_next(self, name: str, report: PollReport | None) -> None:
        timetable = self._timetables.get(name)
        if timetable is None:
            return
        now = self._now()
        self._crashes[name] = 0 if report else self._crashes.get(name, 0) + 1
        at = next_poll(
            now,
            timetable.slot_after(now),
            interval=timetable.interval,
            failures=report.failures if report else self._crashes[name],
            not_before=report.not_before if report else None,
            chance=self._chance(),
        )
        if at is not None:
            self._agenda.move(_POLL + name, at)

    def _fire(self) -> None:
        self._guard.run("firing deadlines", self._duties.fire)  # not the name that the agenda runs all of this under
        self._duties.owed()
        at = self._guard.run("arming deadlines", self._duties.next_deadline)
        if at is not None and at <= self._now():  # it could not be told: tried again, but not in a circle
            self._put(_DEADLINES, self._fire, "deadlines", self._now() + _AGAIN)
        else:
            self._guard.run("arming deadlines", self.arm_deadline)

    def _prune(self) -> None:
        if self._guard.run("pruning", self._duties.prune) is None:
            self._agenda.move(_PRUNE, self._now() + FIRST_PRUNE)

    def _audit(self) -> None:
        if self._guard.run("the audit", self._duties.audit):
            self._agenda.move(_AUDIT, self._now() + _AGAIN)

    def _put(self, name: str, step: Callable[[], object], lane: str, at: datetime, again: Again = once) -> None:
        self._agenda.put(name, lambda: self._guard.run(name, step), lane, at, again)
