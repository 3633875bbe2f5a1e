"""The clock watch: notices when the clock on the wall is moved, by comparing it with one that only ever runs on."""

from __future__ import annotations

from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=2)
"""what slewing and a late heartbeat may make of it"""


class ClockWatch:
    """Remembers how both clocks stood."""

    def __init__(self, now: datetime, monotonic_s: float) -> None:
        self._now, self._monotonic_s = now, monotonic_s

    def jump(self, now: datetime, monotonic_s: float) -> timedelta | None:
        """Return by how much the wall clock was moved since the last call, None where it was not."""
        passed = timedelta(seconds=monotonic_s - self._monotonic_s)
        moved = now - self._now - passed
        self._now, self._monotonic_s = now, monotonic_s
        return moved if abs(moved) > TOLERANCE else None
