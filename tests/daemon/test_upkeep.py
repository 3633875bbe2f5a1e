"""What the daemon does once a minute: the audit, and tidying up."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.daemon.fakes_daemon import RealClocks, Work, make_scheduler
from watcher.daemon.scheduler import Scheduler

SECOND = timedelta(seconds=1)


@pytest.fixture
def scheduler(work: Work, clocks: RealClocks) -> Iterator[Scheduler]:
    running = make_scheduler(work, clocks)
    yield running
    running.stop()
    running.end()


def test_the_audit_comes_at_the_start_and_again_at_once_while_it_has_more(work: Work, scheduler: Scheduler) -> None:
    work.audits_at_once = 2
    scheduler.start()
    work.wait_for(lambda: work.audits == 2)


def test_after_the_clock_went_back_the_audit_does_not_wait_for_the_old_time(
    work: Work, clocks: RealClocks, scheduler: Scheduler
) -> None:
    scheduler.start()
    work.wait_for(lambda: work.audits == 1)
    clocks.ahead = -timedelta(days=400)
    scheduler.rearm({}, -timedelta(days=400))
    planned = scheduler.next_audit_at()
    assert planned is not None
    assert planned <= clocks.now() + timedelta(minutes=1)


def test_it_tidies_up_once_a_minute(work: Work, clocks: RealClocks, scheduler: Scheduler) -> None:
    scheduler.start()
    work.wait_for(lambda: work.audits == 1)
    assert work.tidied == 0
    clocks.ahead = 61 * SECOND
    scheduler.pulse()
    work.wait_for(lambda: work.tidied == 1)
    clocks.ahead = 122 * SECOND
    scheduler.pulse()
    work.wait_for(lambda: work.tidied == 2)
