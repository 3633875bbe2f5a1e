import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.daemon.fakes_daemon import WAIT_S, Clocks, RealClocks, Work, every, make_scheduler, record_of, report_of
from watcher.daemon.scheduler import FIRST_PRUNE, Guard, Scheduler
from watcher.daemon.trouble import Trouble
from watcher.domain.errors import StateError

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def guard() -> Guard:
    return Guard(Trouble(lambda: 0.0))


@pytest.fixture
def running(work: Work, clocks: RealClocks, guard: Guard) -> Iterator[Scheduler]:
    """A scheduler that runs, with the machine's clock on the wall."""
    scheduler = make_scheduler(work, clocks, guard=guard)
    scheduler.start()
    yield scheduler
    scheduler.stop()
    scheduler.end()


# --- What is planned --------------------------------------------------------------------------------------------------


def test_the_first_poll_waits_for_a_retry_after_from_before_the_restart(work: Work) -> None:
    clocks = Clocks()
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": every(HOUR)}, {"campus": record_of(not_before=clocks.now() + 10 * SECOND)})
    assert scheduler.next_poll_at("campus") == clocks.now() + 10 * SECOND


def test_an_unchanged_source_keeps_its_place_and_a_removed_one_loses_it(work: Work) -> None:
    clocks = Clocks()
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": every(HOUR), "old": every(HOUR, "old")}, {})
    planned = scheduler.next_poll_at("campus")
    clocks.pass_by(10 * SECOND)
    scheduler.watch({"campus": every(HOUR)}, {})
    assert scheduler.next_poll_at("campus") == planned
    assert scheduler.next_poll_at("old") is None


def test_a_new_timetable_is_followed_at_once(running: Scheduler, work: Work) -> None:
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.owed == 1)
    running.watch({"campus": every(2 * HOUR)}, {})
    work.wait_for(lambda: work.owed == 2)


# --- What runs --------------------------------------------------------------------------------------------------------


def test_a_source_is_polled_soon_and_then_at_its_times(running: Scheduler, work: Work, clocks: RealClocks) -> None:
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.owed > 0)
    assert work.polls == ["campus"]
    planned = running.next_poll_at("campus")
    assert planned is not None
    assert planned == every(HOUR).slot_after(clocks.now())


@pytest.mark.parametrize("failures, most", [(1, HOUR / 2), (4, HOUR)])
def test_after_a_failed_poll_the_next_comes_earlier(
    running: Scheduler, work: Work, clocks: RealClocks, failures: int, most: timedelta
) -> None:
    work.report = report_of(failures=failures, events=1)
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.owed > 0)
    planned = running.next_poll_at("campus")
    assert planned is not None
    assert planned - clocks.now() <= most * 0.5


def test_a_pruning_that_failed_is_tried_again_soon(running: Scheduler, work: Work, clocks: RealClocks) -> None:
    before = running._agenda.next_at("prune")
    assert before is not None
    running._duties = replace(running._duties, prune=lambda: 1 / 0)
    running._prune()
    after = running._agenda.next_at("prune")
    assert after is not None
    assert before <= after <= clocks.now() + FIRST_PRUNE


def test_an_unexpected_error_is_counted_and_the_next_poll_comes(
    running: Scheduler, work: Work, clocks: RealClocks, guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_source: str, _check: Callable[[], None]) -> None:
        raise ZeroDivisionError

    work.polling = fail
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.told == [None])
    work.wait_for(lambda: work.owed > 0)
    assert guard.errors == 1
    assert "daemon.unexpected" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert running.next_poll_at("campus") is not None


def test_a_source_that_hangs_holds_up_no_other(running: Scheduler, work: Work) -> None:
    release = threading.Event()

    def hang(source: str, _check: Callable[[], None]) -> None:
        if source == "slow":
            release.wait(WAIT_S)

    work.polling = hang
    running.watch({"slow": every(SECOND, "slow"), "quick": every(SECOND, "quick")}, {})
    work.wait_for(lambda: work.polls.count("quick") >= 3)
    assert work.polls.count("slow") == 1  # never twice at once either
    release.set()


def test_a_poll_can_be_asked_for(running: Scheduler, work: Work) -> None:
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.owed == 1)
    running.poll_soon("campus")
    work.wait_for(lambda: work.owed == 2)


def test_a_poll_that_found_nothing_to_tell_wakes_no_channel(running: Scheduler, work: Work) -> None:
    work.report = report_of(events=0)
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: len(work.told) == 1)
    work.report = report_of(events=1)
    running.poll_soon("campus")
    work.wait_for(lambda: len(work.told) == 2)
    work.wait_for(lambda: work.owed == 1)


def test_every_thread_that_polled_or_looked_says_when_it_ends(running: Scheduler, work: Work) -> None:
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.owed == 1)
    running.end()
    work.wait_for(lambda: work.left == 2)


def test_a_replaced_source_gives_its_poll_up_is_closed_after_it_and_polled_anew(running: Scheduler, work: Work) -> None:
    release, closed, ended = threading.Event(), threading.Event(), threading.Event()

    def hang(_source: str, check: Callable[[], None]) -> None:
        release.wait(WAIT_S)
        check()
        ended.set()

    work.polling = hang
    running.watch({"campus": every(HOUR)}, {})
    work.wait_for(lambda: work.polls == ["campus"])
    running.renew("campus", closed.set)
    assert not closed.is_set()
    release.set()
    assert closed.wait(WAIT_S)
    work.wait_for(lambda: work.polls == ["campus", "campus"])
    work.wait_for(lambda: len(work.told) == 1)  # the second one's
    assert ended.is_set()


def test_an_idle_source_that_is_replaced_is_closed_at_once(running: Scheduler) -> None:
    closed = threading.Event()
    running.renew("gone", closed.set)
    assert closed.wait(WAIT_S)


def test_the_earliest_deadline_fires(running: Scheduler, work: Work, clocks: RealClocks) -> None:
    work.deadline = clocks.now() + HOUR
    running.arm_deadline()
    work.deadline = clocks.now()
    running.arm_deadline()
    work.wait_for(lambda: work.fired == 1)
    work.wait_for(lambda: work.owed == 1)


def test_a_stop_ends_a_poll_at_its_next_step_and_begins_none(
    running: Scheduler, work: Work, clocks: RealClocks
) -> None:
    release = threading.Event()

    def hang(_source: str, check: Callable[[], None]) -> None:
        release.wait(WAIT_S)
        check()

    work.polling = hang
    running.watch({"campus": every(SECOND)}, {})
    work.wait_for(lambda: work.polls == ["campus"])
    running.stop()
    assert not running.flights.wait(timedelta())
    release.set()
    assert running.flights.wait(timedelta(seconds=WAIT_S))
    assert work.told == []


def test_the_scheduler_gives_a_sign_of_life_when_asked(running: Scheduler, work: Work, clocks: RealClocks) -> None:
    patience = timedelta(seconds=30)
    clocks.monotonic_s += 31
    assert running.stalled(patience) == ["scheduler"]
    running.pulse()
    deadline = threading.Event()
    for _ in range(100):
        if not running.stalled(patience):
            break
        deadline.wait(0.1)
    assert running.stalled(patience) == []


def test_a_poll_without_a_sign_of_life_is_named(running: Scheduler, work: Work, clocks: RealClocks) -> None:
    release, checked = threading.Event(), threading.Event()

    def page(_source: str, check: Callable[[], None]) -> None:
        clocks.monotonic_s += 100  # a page that took its time
        check()
        checked.set()
        release.wait(WAIT_S)

    work.polling = page
    running.watch({"campus": every(HOUR)}, {})
    assert checked.wait(WAIT_S)
    clocks.monotonic_s += 179
    assert running.flights.stalled() == []
    clocks.monotonic_s += 2
    assert running.flights.stalled() == ["campus"]
    release.set()


def test_a_deadline_that_cannot_be_told_is_trouble_until_it_is(work: Work, guard: Guard) -> None:
    def fail() -> int:
        raise StateError("the disk is full")

    clocks = Clocks()
    work.deadline = clocks.now()
    scheduler = make_scheduler(work, clocks, guard=guard)
    duties = scheduler._duties
    scheduler._duties = replace(duties, fire=fail)
    guard.run("deadlines", scheduler._fire)
    assert guard.trouble.text == "the disk is full"
    scheduler._duties = duties
    guard.run("deadlines", scheduler._fire)
    assert guard.trouble.text == ""
    scheduler.end()
