"""Clocks, a service manager and what a scheduler has done for it, for the daemon's tests."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.store.outbox_contract import LEASE, make_event
from watcher.daemon.scheduler import Duties, Guard, Scheduler
from watcher.daemon.systemd import Systemd
from watcher.daemon.timetable import Timetable
from watcher.daemon.trouble import Trouble
from watcher.domain.delivery import DeliveryState
from watcher.pipeline.outbox import Claim
from watcher.pipeline.poll import PollReport
from watcher.pipeline.snapshots import PollOutcome, PollRecord, SourceRecord

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WAIT_S = 10.0
CLAIM = Claim(
    delivery_id="d1",
    event=make_event(1),
    rule="all",
    channel="mail",
    attempt=1,
    was_interrupted=False,
    created_at=NOW,
    state=DeliveryState.PENDING,
    owner="one",
    lease_until=NOW + LEASE,
)


class Clocks:
    """The wall and a monotonic clock that stand still until they are moved."""

    def __init__(self) -> None:
        self.wall, self.monotonic_s = NOW, 100.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.monotonic_s

    def pass_by(self, span: timedelta) -> None:
        self.wall += span
        self.monotonic_s += span.total_seconds()


class RealClocks(Clocks):
    """The wall's time as the machine has it, for what really waits; `ahead` is how far it was moved."""

    ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead  # noqa: TID251 - see above


class Work:
    """What the scheduler asks for; `polling` is called in each poll and may block, check or fail."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.polls: list[str] = []
        self.told: list[PollReport | None] = []
        self.fired = 0
        self.owed = 0
        self.left = 0
        self.audits, self.audits_at_once = 0, 1
        self.tidied = 0
        self.jumps = 0
        self.deadline: datetime | None = None
        self.report = report_of(events=1)
        self.polling: Callable[[str, Callable[[], None]], None] = lambda _source, _check: None

    def duties(self) -> Duties:
        return Duties(
            poll=self._poll,
            told=self._told,
            fire=self._fire,
            next_deadline=lambda: self.deadline,
            prune=lambda: None,
            audit=self._audit,
            tidy=self._tidy,
            owed=self._owed,
            leave=self._leave,
            jumped=self._jumped,
        )

    def wait_for(self, holds: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, timeout_s)

    def _poll(self, source: str, check: Callable[[], None]) -> PollReport:
        with self.changed:
            self.polls.append(source)
            self.changed.notify_all()
        self.polling(source, check)
        return self.report

    def _told(self, _source: str, report: PollReport | None) -> None:
        with self.changed:
            self.told.append(report)
            self.changed.notify_all()

    def _fire(self) -> int:
        with self.changed:
            self.fired += 1
            self.deadline = None
            self.changed.notify_all()
        return 1

    def _tidy(self) -> None:
        with self.changed:
            self.tidied += 1
            self.changed.notify_all()

    def _audit(self) -> bool:
        with self.changed:
            self.audits += 1
            self.changed.notify_all()
        return self.audits < self.audits_at_once

    def _leave(self) -> None:
        with self.changed:
            self.left += 1
            self.changed.notify_all()

    def _jumped(self) -> None:
        with self.changed:
            self.jumps += 1
            self.changed.notify_all()

    def _owed(self) -> None:
        with self.changed:
            self.owed += 1
            self.changed.notify_all()


class Service:
    """A service manager that listens on a socket in a directory."""

    def __init__(self, directory: Path) -> None:
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._link.bind(str(directory / "notify"))
        self._link.setblocking(False)
        self.systemd = Systemd({"NOTIFY_SOCKET": str(directory / "notify")})

    def heard(self) -> list[str]:
        """Everything that was told since the last call."""
        told: list[str] = []
        while True:
            try:
                told.append(self._link.recv(4096).decode())
            except BlockingIOError:
                return told

    def close(self) -> None:
        self._link.close()


def report_of(*, failures: int = 0, not_before: datetime | None = None, events: int = 0) -> PollReport:
    record = PollRecord(started_at=NOW, ended_at=NOW, outcome=PollOutcome.COMPLETE, events=events)
    return PollReport(source="campus", record=record, failures=failures, not_before=not_before)


def record_of(**fields: object) -> SourceRecord:
    return SourceRecord(key=1, name="campus", epoch=1, **fields)  # type: ignore[arg-type]


def every(interval: timedelta, source: str = "campus") -> Timetable:
    return Timetable(source=source, interval=interval, patience=timedelta(minutes=3))


def make_scheduler(work: Work, clocks: Clocks, *, chance: float = 0.5, guard: Guard | None = None) -> Scheduler:
    return Scheduler(
        work.duties(),
        guard or Guard(Trouble(lambda: 0.0)),
        now=clocks.now,
        monotonic=clocks.monotonic,
        chance=lambda: chance,
    )
