"""Trouble with the state: what fails over it, and one line of the log about that in half a minute."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from math import inf

from watcher.daemon.log import line
from watcher.domain.errors import StateError

LOG = logging.getLogger(__name__)
_QUIET_S = 30.0


class Trouble:
    """The steps that fail over the state. Used by many threads.

    It is told once when it begins and once when it is over, which is when each step that failed has been done. One that
    begins again soon after is told when it lasts: a disk that comes and goes would fill the log. `changed` is called
    each time that `text` has become another.
    """

    def __init__(self, monotonic: Callable[[], float], changed: Callable[[], object] = lambda: None) -> None:
        self._monotonic, self._changed = monotonic, changed
        self._lock = threading.Lock()
        self._failing: dict[str, str] = {}
        self._is_told = False
        self._told_at_s = -inf

    @property
    def text(self) -> str:
        """Why the state cannot be used now; empty where it can."""
        with self._lock:
            return self._text()

    def begin(self, what: str, error: StateError) -> None:
        """A step failed, perhaps not for the first time."""
        with self._lock:
            now_s, before = self._monotonic(), self._text()
            self._failing[what] = error.text
            is_other = self._text() != before
            is_due = not self._is_told and now_s - self._told_at_s >= _QUIET_S
            if is_due:
                self._is_told, self._told_at_s = True, now_s
        if is_due:
            LOG.error(line("state.failed", during=what, error=error.text, remedy=error.remedy))
        if is_other:
            self._changed()

    def end(self, what: str) -> None:
        """A step was done, or will not be tried again."""
        with self._lock:
            before = self._text()
            is_over = self._failing.pop(what, None) is not None and not self._failing
            is_other, was_told = self._text() != before, self._is_told
            self._is_told = was_told and not is_over
        if is_over and was_told:
            LOG.info(line("state.recovered"))
        if is_other:
            self._changed()

    def _text(self) -> str:
        return next(iter(self._failing.values()), "")
