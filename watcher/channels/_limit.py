"""The limit: ends what takes too long, by one thread for the whole process that is there only while it is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

End = Callable[[], object]

_changed = threading.Condition()
_running: dict[object, tuple[float, End]] = {}
"""what is under way: when it has to be over, by the monotonic clock, and how it is ended"""
_wakes_at_s: float | None = None
"""when the thread looks next; None while there is no thread"""


@contextmanager
def limited(within: timedelta, end: End) -> Iterator[None]:
    """Call `end`, from another thread, if the block takes longer than `within`.

    A timer of its own would be a new thread for each message, and starting one costs as much as the message's commit.
    """
    key, until_s = object(), time.monotonic() + within.total_seconds()
    with _changed:
        _running[key] = (until_s, end)
        _rouse(until_s)
    try:
        yield
    finally:
        with _changed:
            _running.pop(key, None)


def _rouse(until_s: float) -> None:
    """See to it that the thread looks then at the latest; what is over before it looks costs no more than that."""
    global _wakes_at_s  # noqa: PLW0603 - the thread is the process's
    if _wakes_at_s is None:
        _wakes_at_s = until_s
        threading.Thread(target=_watch, name="limit of sends", daemon=True).start()
    elif until_s < _wakes_at_s:
        _changed.notify_all()


def _watch() -> None:
    global _wakes_at_s  # noqa: PLW0603 - the thread is the process's
    with _changed:
        while _running:
            _wakes_at_s = min(until_s for until_s, _ in _running.values())
            _changed.wait(max(_wakes_at_s - time.monotonic(), 0.0))
            for key, (until_s, end) in list(_running.items()):
                if until_s <= time.monotonic():
                    del _running[key]
                    end()
        _wakes_at_s = None
