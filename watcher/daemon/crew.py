"""A crew: threads that are made when there is work for them and go when there is none."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue

Step = Callable[[], object]

REST = timedelta(seconds=20)
"""how long a thread without work stays; it holds a connection with its cache, and most are needed at the start only"""


class Crew:
    """Threads, at most so many at once; what none is free for waits in turn.

    The one that rested last works next: its caches are warm, and the others come to their end. `leave` is called by
    each thread before it ends. A step must not raise.
    """

    def __init__(self, name: str, most: int, leave: Callable[[], object], rest: timedelta = REST) -> None:
        self._name, self._most, self._leave = name, most, leave
        self._rest_s = rest.total_seconds()
        self._lock = threading.Lock()
        self._resting: list[SimpleQueue[Step | None]] = []
        self._waiting: deque[Step] = deque()
        self._is_ended = False
        self.size = 0
        """how many threads there are"""

    def give(self, step: Step) -> None:
        """Have a step done by the next free thread; nothing is begun after `end`."""
        with self._lock:
            if self._is_ended:
                return
            if self._resting:
                self._resting.pop().put(step)
            elif self.size < self._most:
                self.size += 1
                threading.Thread(target=self._work, args=(step,), name=self._name, daemon=True).start()
            else:
                self._waiting.append(step)

    def end(self) -> None:
        """Let the threads go, each after what it is doing."""
        with self._lock:
            self._is_ended = True
            self._waiting.clear()
            for inbox in self._resting:
                inbox.put(None)
            self._resting.clear()

    def _work(self, first: Step) -> None:
        inbox: SimpleQueue[Step | None] = SimpleQueue()
        step: Step | None = first
        try:
            while step is not None:
                step()
                step = self._next(inbox)
        finally:
            self._leave()
            with self._lock:
                self.size -= 1

    def _next(self, inbox: SimpleQueue[Step | None]) -> Step | None:
        """Return what to do next, None where it is time to go."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._is_ended:
                return None
            self._resting.append(inbox)
        with suppress(Empty):
            return inbox.get(timeout=self._rest_s)
        with self._lock:
            if inbox in self._resting:
                self._resting.remove(inbox)
                return None
        return inbox.get()  # it was given something in the last moment
