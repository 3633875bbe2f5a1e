"""The workers: one thread a channel that sends what is due and sleeps until something is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

from watcher.daemon.log import line
from watcher.daemon.scheduler import Guard
from watcher.domain.delivery import DeliveryState
from watcher.pipeline.dispatch import LEASE, Turn
from watcher.pipeline.outbox import Claim

LOG = logging.getLogger(__name__)

Deliver = Callable[[str, Claim | None, Callable[[], bool]], Turn]
"""takes a channel's turn, given what the last one claimed ahead and whether the worker goes on (see the dispatch)"""
Told = Callable[[str, Turn], None]
"""hears of each turn of a channel that had a delivery"""

PATIENCE = LEASE + timedelta(seconds=30)
"""a send takes seconds; one that outlives its lease will never come back"""
TROUBLED_AFTER = 3
"""failures in a row after which a channel lets the others go first"""
TROUBLED_REST = timedelta(seconds=1)
"""before each attempt on such a channel: a poll that makes messages for all is told by the others by then"""
_LONGEST_REST = timedelta(minutes=1)
_FIRST_PAUSE = timedelta(seconds=1)


class Worker:
    """One channel's thread.

    A wake-up is never lost: the event is cleared before the outbox is looked at, so one that comes meanwhile stays set.
    """

    def __init__(self, channel: str, workers: Workers) -> None:
        self.channel = channel
        self._workers = workers
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._busy_since_s: float | None = None
        self._crashes = 0
        self._failures = 0
        self._ahead: Claim | None = None
        self._thread = threading.Thread(target=self._run, name=f"channel {channel}", daemon=True)

    def start(self) -> None:
        """Begin; whatever is due is sent at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._awake.set()

    def stop(self) -> None:
        """End after the delivery that is being sent."""
        self._stopping.set()
        self._awake.set()

    def join(self, timeout_s: float) -> bool:
        """Block until the thread has ended; False where that took too long."""
        self._thread.join(max(timeout_s, 0.0))
        return not self._thread.is_alive()

    def is_stalled(self) -> bool:
        """Whether the thread is gone, or a send does not come back."""
        since_s = self._busy_since_s
        is_late = since_s is not None and self._workers.monotonic() - since_s > PATIENCE.total_seconds()
        return is_late or not (self._thread.is_alive() or self._stopping.is_set())

    def _run(self) -> None:
        while self._ahead or not self._stopping.is_set():
            self._awake.clear()
            if self._stopping.is_set() and self._ahead is None:  # it was told so before the event was cleared
                return
            self._awake.wait(self._turn().total_seconds())

    def _turn(self) -> timedelta:
        """Send one delivery, if one is due, and return how long to rest; give back what is ahead, if it is to stop."""
        if self._failures >= TROUBLED_AFTER:
            self._stopping.wait(TROUBLED_REST.total_seconds())
        begun_s = self._workers.monotonic()
        self._busy_since_s = begun_s
        turn = self._workers.guard.run(f"sending to {self.channel}", self._deliver)
        self._busy_since_s = None
        self._ahead = turn.ahead if turn else None  # of a turn that crashed nothing is known: the lease has it
        if turn is None:
            self._crashes += 1
            return self._after_crash()
        self._crashes = 0
        if turn.claim is not None:
            self._failures = self._failures + 1 if _has_failed(turn) else 0
            self._workers.guard.run(f"telling of {self.channel}", lambda: self._workers.told(self.channel, turn))
            self._keep_pace(begun_s)
        if turn.next_at is None:
            return _LONGEST_REST
        return max(min(turn.next_at - self._workers.now(), _LONGEST_REST), timedelta())

    def _deliver(self) -> Turn:
        return self._workers.deliver(self.channel, self._ahead, lambda: not self._stopping.is_set())

    def _keep_pace(self, begun_s: float) -> None:
        """Let the service rest as long as it wants between two sends, whatever wakes this one up meanwhile."""
        pace = self._workers.pace(self.channel)
        self._stopping.wait(max(begun_s + pace.total_seconds() - self._workers.monotonic(), 0.0) if pace else 0.0)

    def _after_crash(self) -> timedelta:
        pause: timedelta = _FIRST_PAUSE * 2 ** min(self._crashes, 6)
        self._stopping.wait(min(pause, _LONGEST_REST).total_seconds())
        return timedelta()


def _has_failed(turn: Turn) -> bool:
    return turn.outcome is not None and turn.outcome.state in {DeliveryState.FAILED, DeliveryState.DEAD}


class Workers:
    """One worker for each channel."""

    def __init__(
        self,
        deliver: Deliver,
        told: Told,
        pace: Callable[[str], timedelta],
        guard: Guard,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self.deliver, self.told, self.pace, self.guard = deliver, told, pace, guard
        self.now, self.monotonic = now, monotonic
        self._workers: dict[str, Worker] = {}
        self._leaving: list[Worker] = []

    def serve(self, channels: Collection[str]) -> None:
        """Have a worker for each of these channels and for no other."""
        before = self._workers
        new = {name: Worker(name, self) for name in channels if name not in before}
        # Replaced whole, never changed: other threads read it meanwhile.
        self._workers = {name: new.get(name) or before[name] for name in channels}
        for name in before.keys() - self._workers.keys():
            before[name].stop()
            self.guard.trouble.end(f"sending to {name}")
            self._leaving.append(before[name])
        for worker in new.values():
            worker.start()

    def wake(self, channels: Iterable[str] | None = None) -> None:
        """Let some workers, or all, look at the outbox now."""
        workers = self._workers
        for name in workers if channels is None else channels:
            if name in workers:
                workers[name].wake()

    def stalled(self) -> list[str]:
        """Return what makes no progress."""
        return [f"channel {name}" for name, worker in self._workers.items() if worker.is_stalled()]

    def stop(self) -> None:
        """Let every worker end after the delivery that it is sending."""
        for worker in self._workers.values():
            worker.stop()

    def join(self, until_s: float) -> list[str]:
        """Block until every worker has ended, at most until a monotonic time; return the channels of the others."""
        everyone = [*self._workers.values(), *self._leaving]
        late = [worker.channel for worker in everyone if not worker.join(until_s - self.monotonic())]
        for channel in late:
            LOG.warning(line("channel.left", channel=channel, reason="it was still sending; it is sent again later"))
        return late
