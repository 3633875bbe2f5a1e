import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.daemon.fakes_daemon import RealClocks
from tests.daemon.test_crew import LONG, WAIT_S, Heard
from watcher.daemon.agenda import NEVER, Agenda
from watcher.daemon.crew import Crew

HOUR = timedelta(hours=1)


@pytest.fixture
def jumped() -> Heard:
    return Heard()


@pytest.fixture
def agenda(clocks: RealClocks, jumped: Heard) -> Iterator[Agenda]:
    crews = {"lane": Crew("lane", 4, lambda: None, LONG)}
    agenda = Agenda(crews, now=clocks.now, monotonic=time.monotonic, jumped=jumped)
    agenda.start()
    yield agenda
    agenda.end()


class Held:
    """A step that runs until it is let go each time, and knows whether it ran twice at once."""

    def __init__(self) -> None:
        self.begun, self.ended = Heard(), Heard()
        self._go = threading.Semaphore(0)
        self._alone = threading.Lock()

    def __call__(self) -> None:
        assert self._alone.acquire(blocking=False)
        self.begun()
        self._go.acquire(timeout=WAIT_S)
        self._alone.release()
        self.ended()

    def let_go(self) -> None:
        self._go.release()


def test_a_step_is_begun_when_it_is_due_and_again_when_it_says(agenda: Agenda, clocks: RealClocks) -> None:
    done = Heard()
    agenda.put("a", done, "lane", clocks.now(), lambda now: now if done.times < 2 else NEVER)
    done.wait_for(3)


def test_a_step_that_is_due_while_it_runs_is_begun_after_that_and_once(agenda: Agenda, clocks: RealClocks) -> None:
    held, other = Held(), Heard()
    agenda.put("a", held, "lane", clocks.now())
    held.begun.wait_for(1)
    agenda.move("a", clocks.now())
    agenda.move("a", clocks.now())
    agenda.put("b", other, "lane", clocks.now())
    other.wait_for(1)  # the agenda has looked at what is due
    held.let_go()
    held.let_go()
    held.ended.wait_for(2)
    agenda.put("b", other, "lane", clocks.now())
    other.wait_for(2)
    assert held.begun.times == 2


def test_a_step_that_is_dropped_and_put_anew_while_it_runs_does_not_run_beside_itself(
    agenda: Agenda, clocks: RealClocks
) -> None:
    old, new = Held(), Heard()
    agenda.put("a", old, "lane", clocks.now())
    old.begun.wait_for(1)
    agenda.drop("a")
    assert agenda.next_at("a") is None
    agenda.put("a", new, "lane", clocks.now())
    assert new.times == 0
    old.let_go()
    new.wait_for(1)
    assert old.ended.times == 1


def test_a_step_that_was_dropped_is_neither_moved_nor_done(agenda: Agenda, clocks: RealClocks) -> None:
    dropped, other = Heard(), Heard()
    agenda.put("a", dropped, "lane", clocks.now() + HOUR)
    agenda.drop("a")
    agenda.move("a", clocks.now())
    agenda.put("b", other, "lane", clocks.now())
    other.wait_for(1)
    assert dropped.times == 0
    assert agenda.next_at("a") is None


def test_a_step_that_was_put_off_is_not_done_at_its_old_time(agenda: Agenda, clocks: RealClocks) -> None:
    late, other = Heard(), Heard()
    soon = clocks.now() + timedelta(milliseconds=200)
    agenda.put("a", late, "lane", soon)
    agenda.move("a", soon + HOUR)
    agenda.put("b", other, "lane", soon)
    other.wait_for(1)
    assert late.times == 0
    assert agenda.next_at("a") == soon + HOUR


def test_after_the_clock_was_moved_a_nudge_begins_what_is_due(agenda: Agenda, clocks: RealClocks) -> None:
    done = Heard()
    agenda.put("a", done, "lane", clocks.now() + HOUR)
    clocks.ahead = HOUR
    agenda.nudge()
    done.wait_for(1)


def test_a_clock_that_was_set_back_is_found_when_a_step_would_have_been_due(
    agenda: Agenda, clocks: RealClocks, jumped: Heard
) -> None:
    done = Heard()
    agenda.put("a", done, "lane", clocks.now() + timedelta(seconds=1))
    clocks.ahead = -HOUR
    jumped.wait_for(1)
    assert done.times == 0
    agenda.move("a", clocks.now())
    done.wait_for(1)
    assert jumped.times == 1


def test_what_is_due_after_the_stop_is_not_begun(clocks: RealClocks, jumped: Heard) -> None:
    done = Heard()
    agenda = Agenda(
        {"lane": Crew("lane", 1, lambda: None, LONG)}, now=clocks.now, monotonic=time.monotonic, jumped=jumped
    )
    agenda.stop()
    agenda.put("a", done, "lane", clocks.now())
    agenda.start()
    agenda.join()
    assert done.times == 0
