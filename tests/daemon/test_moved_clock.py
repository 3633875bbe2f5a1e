"""What the scheduler does after the clock on the wall was moved."""

from dataclasses import replace
from datetime import timedelta

from tests.daemon.fakes_daemon import Clocks, RealClocks, Work, every, make_scheduler, record_of
from watcher.config.cron import parse_cron

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_after_the_clock_went_back_nobody_waits_for_the_old_time_to_come_again(work: Work) -> None:
    clocks = Clocks()
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": every(HOUR)}, {})
    clocks.wall -= timedelta(days=400)
    scheduler.rearm({}, -timedelta(days=400))
    planned = scheduler.next_poll_at("campus")
    assert planned is not None
    assert clocks.now() < planned <= clocks.now() + HOUR


def test_a_clock_that_went_back_costs_no_poll(work: Work) -> None:
    """It is found a second after the poll would have been: that one is due, not the next time by the new clock."""
    clocks = Clocks()
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": every(HOUR)}, {"campus": record_of(not_before=every(HOUR).slot_after(clocks.now()))})
    planned = scheduler.next_poll_at("campus")
    assert planned is not None
    clocks.wall = planned - 24 * HOUR + SECOND
    scheduler.rearm({}, -24 * HOUR)
    assert scheduler.next_poll_at("campus") == clocks.now()


def test_what_the_new_clock_has_planned_already_stays(work: Work) -> None:
    """A poll that was under way while the clock went back plans the next one before the jump is followed."""
    clocks = Clocks()
    clocks.wall -= 24 * HOUR
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": every(HOUR)}, {"campus": record_of(not_before=every(HOUR).slot_after(clocks.now()))})
    planned = scheduler.next_poll_at("campus")
    scheduler.rearm({}, -24 * HOUR)
    assert scheduler.next_poll_at("campus") == planned


def test_a_clock_that_went_back_leaves_the_hours_of_a_cron_expression(work: Work) -> None:
    clocks = Clocks()
    hourly = replace(every(HOUR), cron=parse_cron("30 * * * *"))
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": hourly}, {"campus": record_of(last_poll_at=clocks.now())})
    clocks.wall -= HOUR + timedelta(minutes=10)
    scheduler.rearm({}, -HOUR - timedelta(minutes=10))
    assert scheduler.next_poll_at("campus") == hourly.slot_after(clocks.now())


def test_after_the_clock_went_ahead_what_is_due_stays_due(work: Work) -> None:
    clocks = Clocks()
    scheduler = make_scheduler(work, clocks)
    scheduler.watch({"campus": every(HOUR)}, {})
    planned = scheduler.next_poll_at("campus")
    clocks.wall += timedelta(days=400)
    scheduler.rearm({}, timedelta(days=400))
    assert scheduler.next_poll_at("campus") == planned


def test_a_retry_after_outlives_a_jump_of_the_clock(work: Work) -> None:
    clocks = Clocks()
    scheduler = make_scheduler(work, clocks)
    held = record_of(not_before=clocks.now() + HOUR / 2)
    scheduler.watch({"campus": every(timedelta(minutes=1))}, {"campus": held})
    clocks.wall += timedelta(minutes=10)
    scheduler.rearm({"campus": held}, timedelta(minutes=10))
    assert scheduler.next_poll_at("campus") == held.not_before


def test_it_is_told_by_the_scheduler_itself(work: Work, clocks: RealClocks) -> None:
    scheduler = make_scheduler(work, clocks)
    scheduler.start()
    clocks.ahead = -24 * HOUR
    scheduler.pulse()
    work.wait_for(lambda: work.jumps > 0)
    scheduler.stop()
    scheduler.end()
