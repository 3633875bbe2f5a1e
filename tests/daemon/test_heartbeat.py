from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.fakes_daemon import NOW, WAIT_S, Clocks, Service, Work, every, make_scheduler, record_of
from tests.daemon.test_workers import Outbox
from watcher.daemon.heartbeat import Heartbeat, Store
from watcher.daemon.scheduler import Guard
from watcher.daemon.trouble import Trouble
from watcher.daemon.workers import Workers
from watcher.domain.errors import StateError
from watcher.domain.health import Health
from watcher.domain.lapse import Lapse, LapseKind
from watcher.pipeline.snapshots import SourceRecord

HOUR = timedelta(hours=1)
BEAT = timedelta(seconds=10)


class Body:
    """A heart, what it beats for, and a state that a test can change."""

    def __init__(self, directory: Path) -> None:
        self.clocks, self.work, self.outbox, self.guard = Clocks(), Work(), Outbox(), Guard(Trouble(lambda: 0.0))
        self.service = Service(directory)
        self.records: dict[str, SourceRecord] = {}
        self.waiting: dict[str, datetime] = {}
        self.is_there = True
        self.shifts: list[timedelta] = []
        self.shift_fails = False
        self.lapses: list[Lapse] = []
        self.scheduler = make_scheduler(self.work, self.clocks, guard=self.guard)
        self.workers = Workers(
            self.outbox.take_turn,
            lambda _channel, _turn: None,
            lambda _channel: timedelta(),
            self.guard,
            now=self.clocks.now,
            monotonic=self.clocks.monotonic,
        )
        store = Store(
            records=lambda: dict(self.records),
            waiting=lambda: self.waiting,
            next_deadline=lambda: self.work.deadline,
            is_there=lambda: self.is_there,
            shift=self.shift,
            lapses=lambda: self.lapses,
        )
        self.heart = Heartbeat(
            self.scheduler,
            self.workers,
            self.service.systemd,
            store,
            self.guard,
            now=self.clocks.now,
            monotonic=self.clocks.monotonic,
        )

    def shift(self, moved: timedelta) -> None:
        if self.shift_fails:
            raise StateError("the database cannot be written", remedy="make room")
        self.shifts.append(moved)
        for name, record in self.records.items():
            if record.not_before is not None:
                self.records[name] = replace(record, not_before=record.not_before + moved)

    def remember(self, **fields: object) -> None:
        self.records = {"campus": record_of(**fields)}


@pytest.fixture
def body(tmp_path: Path) -> Iterator[Body]:
    one = Body(tmp_path)
    yield one
    one.workers.stop()
    assert one.workers.join(one.clocks.monotonic() + WAIT_S) == []
    one.service.close()


def test_the_watchdog_is_fed_while_everything_gets_on(body: Body) -> None:
    assert body.heart.beat()
    assert "WATCHDOG=1" in body.service.heard()


def test_a_scheduler_that_does_not_answer_starves_the_watchdog_and_is_told_once(
    body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    body.heart.beat()  # the scheduler is not running, so it never answers
    body.service.heard()
    for _ in range(5):
        body.clocks.pass_by(BEAT)
        assert body.heart.beat()
    assert body.service.heard().count("WATCHDOG=1") == 3
    assert caplog.text.count("daemon.stalled") == 1


def test_a_jump_of_the_clock_is_told_once_and_everything_is_planned_anew(
    body: Body, caplog: pytest.LogCaptureFixture
) -> None:
    body.workers.serve(["mail"])
    body.outbox.wait_for("mail", 1)
    body.scheduler.watch({"campus": every(HOUR)}, {})
    before = body.scheduler.next_poll_at("campus")
    assert before is not None
    body.clocks.wall -= 48 * HOUR
    body.heart.beat()
    body.heart.beat()
    assert caplog.text.count("clock.jumped by_s=-172800.0") == 1
    assert body.shifts == [-48 * HOUR]
    assert body.scheduler.next_poll_at("campus") == before - 48 * HOUR
    body.outbox.wait_for("mail", 2)


@pytest.mark.parametrize("shift_fails", [False, True])
def test_what_a_server_asked_for_is_a_span_also_where_the_clock_goes_back(body: Body, *, shift_fails: bool) -> None:
    body.shift_fails = shift_fails
    body.remember(not_before=body.clocks.now() + BEAT)
    body.scheduler.watch({"campus": every(HOUR)}, body.records)
    body.clocks.wall -= 48 * HOUR
    body.heart.beat()
    assert body.scheduler.next_poll_at("campus") == body.clocks.now() + BEAT


def test_a_clock_that_is_put_right_before_what_waits_was_moved_moves_it_the_less(body: Body) -> None:
    body.shift_fails = True
    body.clocks.wall -= 48 * HOUR
    body.heart.beat()
    body.clocks.wall += 47 * HOUR
    body.heart.beat()
    body.shift_fails = False
    body.heart.beat()
    assert body.shifts == [-HOUR]
    body.clocks.wall += 2 * HOUR
    body.heart.beat()
    assert body.shifts == [-HOUR]


def test_what_cannot_be_moved_holds_up_nothing_else(body: Body) -> None:
    body.shift_fails = True
    body.clocks.wall -= HOUR
    for _ in range(2):
        body.heart.beat()
    assert body.guard.trouble.text == "the database cannot be written"
    assert any("0 sources" in one for one in body.service.heard())


def test_what_waits_in_a_database_that_cannot_be_written_is_moved_later_and_polls_do_not_wait_for_that(
    body: Body,
) -> None:
    body.scheduler.watch({"campus": every(HOUR)}, {})
    body.shift_fails = True
    for number in (1, 2):
        body.clocks.wall -= 24 * HOUR
        before = body.scheduler.next_poll_at("campus")
        assert before is not None
        body.heart.beat()
        assert body.scheduler.next_poll_at("campus") == before - 24 * HOUR
        body.heart.beat()
        assert body.shifts == [], number
    body.shift_fails = False
    body.heart.beat()
    body.heart.beat()
    assert body.shifts == [-48 * HOUR]


def test_a_clock_that_was_set_ahead_leaves_what_waits_as_it_is(body: Body) -> None:
    body.clocks.wall += HOUR
    body.heart.beat()
    assert body.shifts == []


def test_what_another_process_made_due_is_sent(body: Body) -> None:
    """`watcher deliveries retry` beside the daemon."""
    body.workers.serve(["mail"])
    body.outbox.wait_for("mail", 1)
    body.waiting = {"mail": NOW, "gone": NOW}
    body.heart.beat()
    body.outbox.wait_for("mail", 2)


def test_an_accepted_source_is_polled_at_once_and_once_for_each_word(body: Body) -> None:
    body.scheduler.watch({"campus": every(HOUR)}, {})
    body.remember(is_accepted=True)
    body.clocks.pass_by(-HOUR)
    body.heart.beat()
    assert body.scheduler.next_poll_at("campus") == body.clocks.now()
    body.clocks.pass_by(BEAT)
    body.heart.beat()
    assert body.scheduler.next_poll_at("campus") == body.clocks.now() - BEAT


def test_the_status_counts_and_is_told_when_it_changes(body: Body) -> None:
    body.remember(health=Health(failures=2, failing_since=NOW, error="no"))
    body.waiting = {"mail": NOW + HOUR}
    body.work.deadline = NOW + HOUR
    body.heart.beat()
    body.heart.beat()
    told = [line for line in body.service.heard() if line.startswith("STATUS=")]
    assert told == [
        "STATUS=1 sources, 1 failing; 1 channels with something to send; next deadline 2026-11-23 09:00 UTC"
    ]


def test_the_status_begins_with_what_keeps_anything_from_being_stored(body: Body) -> None:
    def fail() -> None:
        raise StateError("the disk is full")

    body.guard.run("poll of campus", fail)
    body.heart.beat()
    body.guard.run("poll of campus", lambda: None)
    body.heart.beat()
    told = [line for line in body.service.heard() if line.startswith("STATUS=")]
    assert [line.partition(";")[0] for line in told] == ["STATUS=the disk is full", "STATUS=0 sources, 0 failing"]


def test_the_status_says_what_the_audit_has_found(body: Body) -> None:
    body.lapses = [Lapse(kind=LapseKind.STUCK, subject="mail", text="nothing has moved", since=NOW)]
    body.heart.beat()
    assert "; stuck mail: nothing has moved" in body.service.heard()[-1]


def test_a_state_that_is_gone_ends_it(body: Body, caplog: pytest.LogCaptureFixture) -> None:
    body.is_there = False
    assert not body.heart.beat()
    assert "state.gone" in caplog.text
    assert body.service.heard() == []
