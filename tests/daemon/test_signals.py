import os
import signal
from threading import Thread

from watcher.daemon.signals import Inbox, Request, listening


def test_each_signal_is_a_request() -> None:
    inbox = Inbox()
    with listening(inbox):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        assert [inbox.take(5.0) for _ in range(3)] == [Request.RELOAD, Request.STOP, Request.STOP]
        assert inbox.take(0.0) is None


def test_to_look_is_asked_by_other_threads_and_once() -> None:
    inbox = Inbox()
    inbox.look()  # the main thread itself, which looks next
    assert inbox.take(0.0) is None
    threads = [Thread(target=inbox.look) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert [inbox.take(0.0), inbox.take(0.0)] == [Request.LOOK, None]


def test_a_stop_is_not_kept_waiting_by_those_who_asked_to_look() -> None:
    inbox = Inbox()
    for request in (Request.LOOK, Request.LOOK, Request.STOP):
        inbox.put(request)
    assert inbox.take(0.0) is Request.STOP


def test_a_second_interrupt_is_left_to_the_system_and_the_end_gives_all_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with listening(Inbox()):
        os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) == before
