"""The agenda: steps with a name and an instant, each begun when its instant has come."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from watcher.daemon.clock_watch import ClockWatch
from watcher.daemon.crew import Crew, Step

Again = Callable[[datetime], datetime]
"""says when a step comes after the present one; it is asked when that one begins"""

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_LONGEST_WAIT = timedelta(hours=1)


def once(_now: datetime) -> datetime:
    """No further time."""
    return NEVER


@dataclass(slots=True, kw_only=True)
class _Entry:
    """One name on the agenda; `at` is when its step is begun next."""

    name: str
    step: Step
    lane: str
    again: Again
    at: datetime
    is_running: bool = False
    is_dropped: bool = False


class Agenda:
    """Begins steps in time on the crew of their lane; lanes do not wait for each other.

    A step never runs twice at once: one that is due while it still runs is begun after that, once. Steps are put,
    moved and dropped at any time, also by themselves. `jumped` is called where the clock on the wall was moved, which
    the agenda's own thread finds when it wakes up for a step: one that was due by the old time is to be moved then.
    It is called with the agenda's lock held, so it must neither wait nor call back.
    """

    def __init__(
        self,
        lanes: Mapping[str, Crew],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        jumped: Callable[[], object],
    ) -> None:
        self._lanes, self._now, self._monotonic, self._jumped = lanes, now, monotonic, jumped
        self._clocks = ClockWatch(now(), monotonic())
        self._changed = threading.Condition()
        self._entries: dict[str, _Entry] = {}
        self._queue: list[tuple[datetime, int, _Entry]] = []
        self._order = count()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="agenda", daemon=True)
        self.sign_s = monotonic()
        """the monotonic time of the last sign of life of the agenda's own thread"""

    def start(self) -> None:
        """Begin; what is due is begun at once."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def end(self) -> None:
        """Let the threads go; those that still work are not waited for."""
        self.stop()
        for crew in self._lanes.values():
            crew.end()

    def join(self) -> None:
        """Block until the agenda's own thread has ended."""
        self._thread.join()

    def nudge(self) -> None:
        """Have the agenda's own thread look at the clock, and give a sign of life."""
        with self._changed:
            self._changed.notify()

    def put(self, name: str, step: Step, lane: str, at: datetime, again: Again = once) -> None:
        """Put a step on the agenda, in the place of the one that has its name."""
        with self._changed:
            entry = self._entries.get(name)
            if entry is None:
                entry = self._entries[name] = _Entry(name=name, step=step, lane=lane, again=again, at=at)
            else:
                entry.step, entry.lane, entry.again, entry.is_dropped = step, lane, again, False
            self._plan(entry, at)

    def move(self, name: str, at: datetime) -> None:
        """Have a step done at another time; one that is not on the agenda stays away."""
        with self._changed:
            entry = self._entries.get(name)
            if entry is not None and not entry.is_dropped:
                self._plan(entry, at)

    def drop(self, name: str) -> None:
        """Take a step off the agenda; one that is running is left to its end."""
        with self._changed:
            entry = self._entries.get(name)
            if entry is None:
                return
            entry.is_dropped, entry.at = True, NEVER
            if not entry.is_running:  # or one that is put anew meanwhile would run beside it
                del self._entries[name]

    def next_at(self, name: str) -> datetime | None:
        """Return when a step is begun next, None where it is not on the agenda."""
        with self._changed:
            entry = self._entries.get(name)
            return None if entry is None or entry.is_dropped else entry.at

    def _plan(self, entry: _Entry, at: datetime) -> None:
        """Set when an entry is due; one that is running is queued when it ends."""
        entry.at = at
        if not entry.is_running and at < NEVER:
            heapq.heappush(self._queue, (at, next(self._order), entry))
            if self._queue[0][2] is entry:
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._is_over:
                now, self.sign_s = self._now(), self._monotonic()
                if self._clocks.jump(now, self.sign_s) is not None:
                    self._jumped()
                self._begin_due(now)
                self._changed.wait(self._rest().total_seconds())

    def _begin_due(self, now: datetime) -> None:
        while self._queue and (self._queue[0][0] <= now or self._is_stale(self._queue[0])):
            place = heapq.heappop(self._queue)
            if self._is_stale(place):
                continue
            entry = place[2]
            entry.is_running, entry.at = True, entry.again(now)
            self._lanes[entry.lane].give(lambda entry=entry: self._perform(entry))  # type: ignore[misc]

    def _rest(self) -> timedelta:
        """Return how long there is nothing to do; a clock that is moved meanwhile is found after that."""
        if not self._queue:
            return _LONGEST_WAIT
        return max(min(self._queue[0][0] - self._now(), _LONGEST_WAIT), timedelta())

    def _is_stale(self, place: tuple[datetime, int, _Entry]) -> bool:
        """Whether an entry was moved, begun or dropped since it was queued at a place."""
        at, _order, entry = place
        return entry.at != at or entry.is_running or entry.is_dropped

    def _perform(self, entry: _Entry) -> None:
        try:
            entry.step()
        finally:
            with self._changed:
                entry.is_running = False
                if entry.is_dropped:
                    self._entries.pop(entry.name, None)
                else:
                    self._plan(entry, entry.at)
