"""The heartbeat: every few seconds, whether everything makes progress, and what others left in the database to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.daemon.clock_watch import ClockWatch
from watcher.daemon.log import line
from watcher.daemon.scheduler import Guard, Scheduler
from watcher.daemon.systemd import Systemd
from watcher.daemon.workers import Workers
from watcher.domain.lapse import Lapse
from watcher.pipeline.snapshots import SourceRecord

LOG = logging.getLogger(__name__)

_SILENT_BEATS = 3
_SHIFTING = "following the clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What the heartbeat reads of the state, and the one thing that it mends there.

    `records` of the configured sources; `waiting`: when something is next due for each channel that has something
    waiting; `is_there`: whether the database is still the file that was opened; `shift` moves what waits in the outbox,
    and what is not to be polled yet, with the clock; `lapses`: what the audit has found wrong.
    """

    records: Callable[[], dict[str, SourceRecord]]
    waiting: Callable[[], dict[str, datetime]]
    next_deadline: Callable[[], datetime | None]
    is_there: Callable[[], bool]
    shift: Callable[[timedelta], None]
    lapses: Callable[[], Sequence[Lapse]]


class Heartbeat:
    """What the main thread does between requests."""

    def __init__(
        self,
        scheduler: Scheduler,
        workers: Workers,
        systemd: Systemd,
        store: Store,
        guard: Guard,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._scheduler, self._workers, self._systemd = scheduler, workers, systemd
        self._store, self._guard = store, guard
        self._now, self._monotonic = now, monotonic
        self._clocks = ClockWatch(now(), monotonic())
        self._unshifted = timedelta()
        self._stalled: list[str] = []
        self._accepted: set[str] = set()
        self._counted: tuple[str, ...] = ()
        self._status = ""

    def beat(self) -> bool:
        """Look at everything once; False where the state is gone, so that going on makes no sense."""
        if not self._store.is_there():
            LOG.error(line("state.gone", remedy="the database was removed or replaced while the daemon ran"))
            return False
        self._scheduler.pulse()
        if self._is_well():
            self._systemd.alive()
        self._guard.run("the heartbeat", self._look)
        self._tell_status()
        return True

    def _is_well(self) -> bool:
        """Whether everything makes progress; what does not is told once."""
        stalled = [*self._scheduler.stalled(self._systemd.beat * _SILENT_BEATS), *self._workers.stalled()]
        if stalled and not self._stalled:
            LOG.error(line("daemon.stalled", what=", ".join(stalled)))
        elif self._stalled and not stalled:
            LOG.info(line("daemon.unstalled"))
        self._stalled = stalled
        return not stalled

    def _look(self) -> None:
        records = self._store.records()
        jump = self._clocks.jump(self._now(), self._monotonic())
        if jump is not None:
            self._follow_clock(jump, records)
        else:
            self._guard.run(_SHIFTING, self._shift)
        waiting = self._store.waiting()
        self._workers.wake(channel for channel, due_at in waiting.items() if due_at <= self._now())
        self._poll_accepted(records)
        self._counted = self._count(records, waiting)

    def _follow_clock(self, jump: timedelta, records: dict[str, SourceRecord]) -> None:
        """Plan everything anew; what waits to be sent would otherwise wait for the old time to come again.

        What is not shifted now, over a full disk, is shifted at a later beat of this process; nothing waits for that.
        """
        LOG.warning(line("clock.jumped", by_s=round(jump / timedelta(seconds=1), 1)))
        self._unshifted = min(self._unshifted + jump, timedelta())
        moved = {name: _moved(record, self._unshifted) for name, record in records.items()}
        self._guard.run(_SHIFTING, self._shift)
        self._scheduler.rearm(moved, jump)
        self._workers.wake()

    def _shift(self) -> None:
        if self._unshifted:
            self._store.shift(self._unshifted)
            self._unshifted = timedelta()
            self._workers.wake()

    def _poll_accepted(self, records: dict[str, SourceRecord]) -> None:
        """Poll the sources whose suspect read was accepted meanwhile, once for each word of the user."""
        accepted = {name for name, record in records.items() if record.is_accepted}
        for name in sorted(accepted - self._accepted):
            LOG.info(line("source.accepted", source=name))
            self._scheduler.poll_soon(name)
        self._accepted = accepted

    def _count(self, records: dict[str, SourceRecord], waiting: dict[str, datetime]) -> tuple[str, ...]:
        failing = sum(record.health.failures > 0 for record in records.values())
        at = self._store.next_deadline()
        return (
            f"{len(records)} sources, {failing} failing",
            f"{len(waiting)} channels with something to send",
            f"next deadline {at:%Y-%m-%d %H:%M} UTC" if at else "no deadline ahead",
            *([f"{self._guard.errors} unexpected errors"] if self._guard.errors else []),
            *(lapse.say() for lapse in self._store.lapses()),
        )

    def _tell_status(self) -> None:
        """Tell what was counted last, behind what keeps anything newer from being stored."""
        trouble = self._guard.trouble.text
        status = "; ".join([*([trouble] if trouble else []), *self._counted])
        if status != self._status:
            self._systemd.status(status)
        self._status = status


def _moved(record: SourceRecord, by: timedelta) -> SourceRecord:
    """Return what is remembered of a source as it will be once that has followed the clock."""
    return record if record.not_before is None else replace(record, not_before=record.not_before + by)
