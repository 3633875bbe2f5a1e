"""Aside: a long computation in a process of its own, beside another one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def aside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Begin some work in a fork of this process; what is yielded waits for its result, which has to be picklable.

    What fails there is done once more here, where its error can be seen; so is what cannot be begun there: on a machine
    of one core, or beside other threads, whose locks a fork would take with it.
    """
    if len(os.sched_getaffinity(0)) == 1 or threading.active_count() > 1:
        yield work
        return
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(work, sender), daemon=True)
    process.start()
    sender.close()
    try:
        yield lambda: _receive(receiver, work)
    finally:
        receiver.close()
        process.terminate()
        process.join()


def _send_result(work: Callable[[], Any], sender: Connection) -> None:
    try:
        sender.send(work())
    finally:  # whatever it fails with is no news: the other side does the work itself, and meets it there
        os._exit(0)


def _receive(receiver: Connection, work: Callable[[], T]) -> T:
    try:
        result: T = receiver.recv()
    except EOFError:
        return work()
    return result
