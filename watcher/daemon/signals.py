"""Signals: what the system and other threads ask of the daemon, requests that its main thread takes one by one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from queue import Empty, SimpleQueue
from types import FrameType


class Request(StrEnum):
    """What is asked; to look is to let the heartbeat come now."""

    STOP = "stop"
    RELOAD = "reload"
    LOOK = "look"


_REQUESTS = {signal.SIGTERM: Request.STOP, signal.SIGINT: Request.STOP, signal.SIGHUP: Request.RELOAD}


class Inbox:
    """The requests that have come; putting one in is allowed from a signal's callback."""

    def __init__(self) -> None:
        self._requests: SimpleQueue[Request] = SimpleQueue()

    def put(self, request: Request) -> None:
        """Ask for something, without waiting."""
        self._requests.put(request)

    def look(self) -> None:
        """Ask the main thread to look at everything; it does so anyway after what it does itself."""
        if threading.current_thread() is not threading.main_thread():
            self.put(Request.LOOK)

    def take(self, timeout_s: float) -> Request | None:
        """Block until something is asked, None where nothing was for so long; to look again and again is once."""
        try:
            request = self._requests.get(timeout=timeout_s)
            while request is Request.LOOK and not self._requests.empty():
                request = self._requests.get_nowait()
        except Empty:
            return None
        return request


@contextmanager
def listening(inbox: Inbox) -> Iterator[None]:
    """Take the signals as requests until the end of the block; a second SIGINT ends the process at once."""

    def receive(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        inbox.put(_REQUESTS[signal.Signals(number)])

    before = {number: signal.signal(number, receive) for number in _REQUESTS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
