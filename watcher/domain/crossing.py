"""A crossing: a number that rose past a threshold, however far at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

CROSSES = "change.crosses"
"""the path of a matcher whose values are thresholds; nothing stands there in an event's data"""

Number = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Where a number rose from and to."""

    before: Number
    after: Number

    def crosses(self, threshold: Number) -> bool:
        """Say whether a threshold was reached that had not been reached before."""
        return self.before < threshold <= self.after

    def say(self, thresholds: Iterable[Number]) -> str:
        """Return which thresholds were crossed: `1 and 5 (from 0 to 7)`."""
        crossed = [str(threshold) for threshold in thresholds if self.crosses(threshold)]
        return f"{' and '.join(crossed) or 'none'} (from {self.before} to {self.after})"


def find_rise(seen: Mapping[str, Any]) -> list[Rise]:
    """Return the rise of an event's `change`, an absent value before counting as 0; empty where no number rose."""
    change = seen.get("change")
    if not isinstance(change, dict):
        return []
    before, after = change.get("before"), change.get("after")
    before = 0 if before is None else before
    if not _is_number(before) or not _is_number(after) or before >= after:
        return []
    return [Rise(before=before, after=after)]


def check_threshold(number: Number | None) -> Number:
    """Return a number as a threshold. Raises ValueError, whose text says what would be right."""
    if number is None:
        raise ValueError(f"{CROSSES} takes numbers alone; write it like 5 or [1, 5, 10]")
    if number <= 0:
        raise ValueError(f"{number} is never crossed, numbers rise from 0; write it like 5 or [1, 5, 10]")
    return number


def _is_number(value: Any) -> TypeGuard[Number]:
    return isinstance(value, int | float) and not isinstance(value, bool)
