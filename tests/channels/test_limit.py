"""What takes too long is ended, what is over is left alone, and nobody waits for either when nothing is under way."""

import threading
from datetime import timedelta

from watcher.channels._limit import limited

WAIT_S = 10.0
LONG = timedelta(minutes=5)
SHORT = timedelta(milliseconds=20)


def test_what_takes_too_long_is_ended_from_another_thread() -> None:
    ended_by: list[threading.Thread] = []
    ended = threading.Event()

    def end() -> None:
        ended_by.append(threading.current_thread())
        ended.set()

    with limited(SHORT, end):
        assert ended.wait(WAIT_S)
    assert ended_by != [threading.current_thread()]


def test_a_shorter_limit_is_kept_beside_a_longer_one_that_began_before() -> None:
    first, second = threading.Event(), threading.Event()
    with limited(LONG, first.set), limited(SHORT, second.set):
        assert second.wait(WAIT_S)
    assert not first.is_set()


def test_what_is_over_in_time_is_not_ended() -> None:
    over, late = threading.Event(), threading.Event()
    with limited(SHORT, over.set):
        pass
    with limited(SHORT * 5, late.set):
        assert late.wait(WAIT_S)
    assert not over.is_set()


def test_a_thread_is_there_only_while_something_is_under_way() -> None:
    ended = threading.Event()
    with limited(SHORT, ended.set):
        assert ended.wait(WAIT_S)
    for thread in threading.enumerate():
        if thread.name == "limit of sends":
            thread.join(WAIT_S)
            assert not thread.is_alive()
