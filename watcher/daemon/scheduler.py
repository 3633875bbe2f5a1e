"""The scheduler: polls sources when they are due, and lets deadlines fire at their instants."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from watcher.daemon.backoff import held_until, next_poll
from watcher.daemon.flights import AbandonedError, Flights
from watcher.daemon.log import line
from watcher.daemon.timetable import Timetable
from watcher.pipeline.poll import PollReport
from watcher.pipeline.snapshots import SourceRecord

LOG = logging.getLogger(__name__)

T = TypeVar("T")
MOST_POLLS = 16
"""at once; each is bounded by its time-outs"""
FIRST_PRUNE = timedelta(minutes=5)
PRUNE_EVERY = timedelta(days=1)
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_AGAIN = timedelta(seconds=1)
_EXECUTORS = {"polls": MOST_POLLS, "deadlines": 1, "pulse": 1, "upkeep": 1}
"""threads that do not wait for each other"""
_ENTRY: dict[str, Any] = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None, "replace_existing": True}
_DEADLINES, _PRUNE, _PULSE, _POLL = "deadlines", "prune", "pulse", "poll "


class Guard:
    """The only place that catches everything: a thread that must go on logs what it did not expect, and counts it."""

    def __init__(self) -> None:
        self.errors = 0

    def run(self, what: str, step: Callable[[], T]) -> T | None:
        """Return what a step returns, None where it failed unexpectedly."""
        try:
            return step()
        except AbandonedError:
            raise
        except Exception:
            self.errors += 1
            LOG.exception(line("daemon.unexpected", during=what))
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What the scheduler has done for it, each step by one call.

    `poll` takes a source and what it must call at each step. `told` hears of each poll, None where it failed
    unexpectedly. `owed` is called whenever there may be something new to send.
    """

    poll: Callable[[str, Callable[[], None]], PollReport]
    told: Callable[[str, PollReport | None], None]
    fire: Callable[[], int]
    next_deadline: Callable[[], datetime | None]
    prune: Callable[[], object]
    owed: Callable[[], None]


class Scheduler:
    """APScheduler with one entry a source, one for the earliest deadline, and one for the daily pruning."""

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
        self._pulse_s = monotonic()
        executors = {name: ThreadPoolExecutor(threads) for name, threads in _EXECUTORS.items()}
        self._engine = BackgroundScheduler(timezone=UTC, executors=executors)

    def start(self) -> None:
        """Begin; what is due is begun at once."""
        self._engine.start()
        self._put(_PRUNE, self._prune, "upkeep", self._now() + FIRST_PRUNE, _Every(PRUNE_EVERY))
        self.arm_deadline()

    def watch(self, timetables: Mapping[str, Timetable], records: Mapping[str, SourceRecord]) -> None:
        """Poll these sources from now on; the entry of one whose timetable is the same is left as it is."""
        for name in self._timetables.keys() - timetables.keys():
            del self._timetables[name]
            self._drop(_POLL + name)
            self.flights.abandon(name)
        for name, timetable in timetables.items():
            if self._timetables.get(name) != timetable:
                self._timetables[name] = timetable
                self._enter(timetable, records.get(name))

    def poll_soon(self, source: str) -> None:
        """Poll a source now, or at its next time where a poll of it is under way."""
        self._move(_POLL + source, self._now())

    def renew(self, source: str, close: Callable[[], None]) -> None:
        """Give up the poll that is under way for a source that was replaced, close that one after it, poll anew."""
        self.flights.abandon(source)
        if not self.flights.when_idle(source, close):
            self._put(f"close {source}", lambda: self._guard.run(f"closing {source}", close), "upkeep", self._now())
        if source in self._timetables:
            self.poll_soon(source)

    def arm_deadline(self) -> None:
        """Wake up for the earliest deadline, whichever that is by now."""
        with self._arming:  # or an older answer could replace a newer one
            at = self._duties.next_deadline()
            if at is None:
                self._drop(_DEADLINES)
            else:
                self._put(_DEADLINES, self._fire, "deadlines", max(at, self._now()))

    def rearm(self, records: Mapping[str, SourceRecord]) -> None:
        """Set every entry anew after the clock on the wall was moved; what is due already is only begun."""
        now = self._now()
        for name, timetable in list(self._timetables.items()):
            record, planned = records.get(name), self.next_poll_at(name)
            slot = timetable.slot_after(now)
            if planned is not None and planned > now and slot is not None:
                held = held_until(now, record.not_before if record else None)
                self._move(_POLL + name, max(min(planned, slot), held))
        self._move(_PRUNE, now + FIRST_PRUNE)  # which wakes the scheduler's thread, so that it begins what is due
        self.arm_deadline()

    def next_poll_at(self, source: str) -> datetime | None:
        """Return when a source is polled next, None where it is not."""
        entry = self._engine.get_job(_POLL + source)
        return entry.next_run_time if entry else None

    def pulse(self) -> None:
        """Let the scheduler's own thread give a sign of life."""
        self._put(_PULSE, self._feel, "pulse", self._now())

    def stalled(self, patience: timedelta) -> list[str]:
        """Return what makes no progress: the scheduler itself, or polls."""
        silent_s = self._monotonic() - self._pulse_s
        own = ["scheduler"] if silent_s > patience.total_seconds() else []
        return [*own, *(f"poll of {source}" for source in self.flights.stalled())]

    def stop(self) -> None:
        """Begin nothing more, and let polls that are under way end at their next step."""
        self._engine.pause()
        self.flights.close()

    def end(self) -> None:
        """Let the threads go; those that still work are not waited for."""
        self._engine.shutdown(wait=False)

    def _enter(self, timetable: Timetable, record: SourceRecord | None) -> None:
        now = self._now()
        first = timetable.first_after_start(now, record.last_poll_at if record else None)
        if first is not None:
            at = max(first, held_until(now, record.not_before if record else None))
            name = timetable.source
            self._put(_POLL + name, lambda: self._poll(name), "polls", at, _Slots(timetable))

    def _poll(self, name: str) -> None:
        """Poll a source, plan its next poll, and see to whatever came of it."""
        timetable = self._timetables.get(name)
        if timetable is None:
            return
        try:
            with self.flights.open(name, timetable.patience) as flight:
                report = self._guard.run(f"poll of {name}", lambda: self._duties.poll(name, flight.check))
        except AbandonedError:
            self._move(_POLL + name, self._now())  # of a source that was replaced; otherwise there is no such entry
            return
        self._plan_next(name, report)
        self._guard.run("telling of a poll", lambda: self._duties.told(name, report))
        self._guard.run("arming deadlines", self.arm_deadline)
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
            self._move(_POLL + name, at)

    def _fire(self) -> None:
        self._guard.run("deadlines", self._duties.fire)
        self._duties.owed()
        at = self._guard.run("arming deadlines", self._duties.next_deadline)
        if at is not None and at <= self._now():  # it could not be told: tried again, but not in a circle
            self._put(_DEADLINES, self._fire, "deadlines", self._now() + _AGAIN)
        else:
            self._guard.run("arming deadlines", self.arm_deadline)

    def _prune(self) -> None:
        self._guard.run("pruning", self._duties.prune)

    def _feel(self) -> None:
        self._pulse_s = self._monotonic()

    def _put(
        self, name: str, step: Callable[[], object], executor: str, at: datetime, trigger: BaseTrigger | None = None
    ) -> None:
        self._engine.add_job(step, trigger or _Once(), id=name, executor=executor, next_run_time=at, **_ENTRY)

    def _move(self, name: str, at: datetime) -> None:
        with suppress(JobLookupError):  # it was dropped meanwhile
            self._engine.modify_job(name, next_run_time=at)

    def _drop(self, name: str) -> None:
        with suppress(JobLookupError):
            self._engine.remove_job(name)


class _Slots(BaseTrigger):  # type: ignore[misc]  # it is published without types
    """A timetable as APScheduler reads it.

    Times that were missed are skipped here: APScheduler's own interval lists all of them first, which after a jump of
    the clock by years are millions.
    """

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return self._timetable.slot_after(max(previous_fire_time or now, now)) or NEVER


class _Every(BaseTrigger):  # type: ignore[misc]  # it is published without types
    """Again and again, counted from the last time."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return max(previous_fire_time or now, now) + self._interval


class _Once(BaseTrigger):  # type: ignore[misc]  # it is published without types
    """No further time.

    The entry stays: removing one that is over, while the scheduler is being shut down, kills its thread (3.11).
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # noqa: ARG002
        return NEVER
