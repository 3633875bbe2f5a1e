"""The clock: the only place that asks the machine what time it is."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that only ever grow, whatever happens to the clock on the wall."""
    return time.monotonic()


def jitter() -> float:
    """Return a random number from -1 to 1."""
    return random.uniform(-1.0, 1.0)


def chance() -> float:
    """Return a random number from 0 to 1."""
    return random.random()
