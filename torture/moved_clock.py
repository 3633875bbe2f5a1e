"""Moved clock: the wall clock of one process under libfaketime, moved from outside; the monotonic one is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from torture.machine import require_debian

_LIBRARY = "*/faketime/libfaketimeMT.so.1"


class MovedClock:
    """How far the process's clock is ahead of the machine's."""

    def __init__(self, folder: Path, offset_s: int = 0) -> None:
        require_debian("faketime", package="faketime")
        self._path, self._offset_s = folder / "clock", offset_s
        self.move(0)

    @property
    def environ(self) -> Mapping[str, str]:
        """What the process finds in its environment."""
        return {
            "LD_PRELOAD": str(next(Path("/usr/lib").glob(_LIBRARY))),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # or every timed wait ends at once
        }

    @property
    def now(self) -> datetime:
        """The time by this clock."""
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def move(self, by_s: int) -> None:
        """Set it ahead, or back."""
        self._offset_s += by_s
        self._path.write_text(f"{self._offset_s:+d}", encoding="ascii")
