"""An interrupt: Ctrl-C or SIGTERM as a flag, for commands in the foreground that run until they are stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HEEDED = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether the user wants to stop.

    A flag and no KeyboardInterrupt: that one may strike while a lock is being taken, which then is never given back.
    """

    def __init__(self) -> None:
        self.is_asked = False

    def ask(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal; a second Ctrl-C ends the process as usual."""
        self.is_asked = True
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def heeding() -> Iterator[Interrupt]:
    """Give the flag that signals raise until the end of the block."""
    interrupt = Interrupt()
    before = {number: signal.signal(number, interrupt.ask) for number in _HEEDED}
    try:
        yield interrupt
    finally:
        for number, former in before.items():
            signal.signal(number, former)
