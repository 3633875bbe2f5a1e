"""Loudness: how many lines of the daemon's log come at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_QUIET_S = 29.9
"""the daemon's half minute, less what a line takes to be written"""
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def most_at_once(lines: Sequence[str]) -> int:
    """Return the most lines of a log in any 30 s; one that has no time, as of a traceback, is of the one before."""
    times: list[float] = []
    for line in lines:
        stamped = _STAMP.match(line)
        times.append(datetime.fromisoformat(stamped[0]).timestamp() if stamped else times[-1] if times else 0.0)
    return max((sum(at <= other < at + _QUIET_S for other in times) for at in times), default=0)
