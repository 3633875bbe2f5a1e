"""Flights: the polls that are under way, whether they get on, and whether they are still wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta


class AbandonedError(Exception):
    """The poll is not wanted any more; nothing of it is stored."""


@dataclass(slots=True, kw_only=True)
class Flight:
    """One poll under way; `sign_s` is the monotonic time of its last sign of life."""

    monotonic: Callable[[], float]
    sign_s: float
    patience: timedelta
    is_wanted: bool = True
    afterwards: list[Callable[[], None]] = field(default_factory=list)

    def check(self) -> None:
        """Give a sign of life. Raises AbandonedError where the poll is not wanted any more."""
        if not self.is_wanted:
            raise AbandonedError
        self.sign_s = self.monotonic()


class Flights:
    """The polls under way, one a source at most."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._flights: dict[str, Flight] = {}
        self._changed = threading.Condition()
        self._is_closed = False

    @contextmanager
    def open(self, source: str, patience: timedelta) -> Iterator[Flight]:
        """Be under way with a source until the end of the block. Raises AbandonedError where no more are wanted."""
        with self._changed:
            if self._is_closed:
                raise AbandonedError
            flight = Flight(monotonic=self._monotonic, sign_s=self._monotonic(), patience=patience)
            self._flights[source] = flight
        try:
            yield flight
        finally:
            with self._changed:
                del self._flights[source]
                self._changed.notify_all()
            for step in flight.afterwards:
                step()

    def abandon(self, source: str) -> None:
        """Let the poll of a source end at its next step."""
        with self._changed:
            if source in self._flights:
                self._flights[source].is_wanted = False

    def close(self) -> None:
        """Let every poll end at its next step, and none begin."""
        with self._changed:
            self._is_closed = True
            for flight in self._flights.values():
                flight.is_wanted = False

    def when_idle(self, source: str, step: Callable[[], None]) -> bool:
        """Keep a step for the end of a source's poll; False, and nothing kept, where none is under way."""
        with self._changed:
            if source not in self._flights:
                return False
            self._flights[source].afterwards.append(step)
            return True

    def wait(self, timeout: timedelta) -> bool:
        """Block until no poll is under way; False where that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._flights, timeout.total_seconds())

    def stalled(self) -> list[str]:
        """Return the sources whose poll gave no sign of life for longer than it may."""
        now = self._monotonic()
        with self._changed:
            return [
                source
                for source, flight in self._flights.items()
                if now - flight.sign_s > flight.patience.total_seconds()
            ]
