"""Posted: what a replay would have sent, and what it would not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from watcher.domain.delivery import DeliveryState
from watcher.domain.stage import Stage


class PostedPart(NamedTuple):
    """One event of a message: its place in the log, the rule and stage, and whether it was found to be still true."""

    place: int
    rule: str
    stage: Stage
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A parcel that would have gone out to a channel as one message, its lead first; `reason`: why together."""

    channel: str
    at: datetime
    parts: tuple[PostedPart, ...]
    reason: str = ""

    @property
    def rule(self) -> str:
        """The rule whose message it is."""
        return self.parts[0].rule

    @property
    def stage(self) -> Stage:
        """The stage of its lead."""
        return self.parts[0].stage

    @property
    def places(self) -> tuple[int, ...]:
        """The places in the log of the events that it tells."""
        return tuple(part.place for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A delivery of which nothing would have been sent; `at` is when that was decided."""

    channel: str
    rule: str
    at: datetime
    place: int
    stage: Stage
    state: DeliveryState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StillWaiting:
    """A delivery that waits at the end of a replay."""

    channel: str
    rule: str
    place: int
    stage: Stage
