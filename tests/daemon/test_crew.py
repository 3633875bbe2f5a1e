import threading
from collections.abc import Callable
from datetime import timedelta

from watcher.daemon.crew import Crew

WAIT_S = 10.0
LONG = timedelta(minutes=5)


class Heard:
    """Counts what it hears, and waits for a count."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.times = 0

    def __call__(self) -> None:
        with self._changed:
            self.times += 1
            self._changed.notify_all()

    def wait_for(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.times >= times, WAIT_S)


def test_never_more_threads_work_than_may_and_what_waits_is_done_in_turn() -> None:
    release, done, order = threading.Event(), Heard(), list[int]()

    def work(number: int) -> Callable[[], None]:
        def step() -> None:
            release.wait(WAIT_S)
            order.append(number)
            done()

        return step

    crew = Crew("polls", 1, lambda: None, LONG)
    for number in range(5):
        crew.give(work(number))
    assert crew.size == 1
    release.set()
    done.wait_for(5)
    assert order == [0, 1, 2, 3, 4]
    crew.end()


def test_what_one_thread_is_busy_with_holds_up_no_other() -> None:
    release, done = threading.Event(), Heard()
    crew = Crew("polls", 2, lambda: None, LONG)
    crew.give(lambda: release.wait(WAIT_S))
    crew.give(done)
    done.wait_for(1)
    release.set()
    crew.end()


def test_a_thread_without_work_ends_and_another_is_made_when_there_is_some() -> None:
    left, done = Heard(), Heard()
    crew = Crew("polls", 4, left, rest=timedelta())
    for time in range(1, 4):
        crew.give(done)
        done.wait_for(time)
        left.wait_for(time)


def test_after_the_end_every_thread_leaves_and_nothing_is_begun() -> None:
    release, left, begun, done = threading.Event(), Heard(), Heard(), Heard()
    crew = Crew("polls", 2, left, LONG)

    def block() -> None:
        begun()
        release.wait(WAIT_S)

    crew.give(block)
    crew.give(block)
    crew.give(done)  # waits for a thread
    begun.wait_for(2)
    crew.end()
    crew.give(done)
    release.set()
    left.wait_for(2)
    assert done.times == 0
