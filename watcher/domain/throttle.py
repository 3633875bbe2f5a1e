"""A throttle: how many messages a reader is sent in a span of time at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """No more than `most` messages within any `span`."""

    most: int
    span: timedelta

    def __post_init__(self) -> None:
        if self.most < 1 or self.span <= timedelta():
            raise ValueError("a throttle lets at least one message pass in a span")

    def free_at(self, sent: Sequence[datetime], now: datetime) -> datetime | None:
        """Return when one more may be sent, None where it may be now; `sent` are those before, in any order.

        What is more than a span ahead of `now` was sent before the clock was set back, and does not count.
        """
        recent = sorted((at for at in sent if now - self.span < at <= now + self.span), reverse=True)
        return recent[self.most - 1] + self.span if len(recent) >= self.most else None
