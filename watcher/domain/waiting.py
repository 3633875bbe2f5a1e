"""Waiting: a delivery that waits for a channel, and what can become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event


class HeldBy(StrEnum):
    """What a delivery has waited for, beside its turn."""

    NOTHING = ""
    PROOF = "hold"
    """that it is still true after a while"""
    DIGEST = "digest"
    QUIET = "quiet hours"
    THROTTLE = "throttle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that is to be arranged.

    `is_due`: one that is not may go with one that is, in a digest. `is_formed`: it was attempted before, or carries
    others: what its message tells is settled, so that nothing of it can get lost, and only quiet hours hold it back.
    `is_refused`: it was attempted before, alone, and is known not to have gone out.
    """

    id: str
    event: Event
    rule: str
    created_at: datetime
    due_at: datetime
    is_due: bool
    held_by: HeldBy = HeldBy.NOTHING
    is_formed: bool = False
    is_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """A delivery that waits on."""

    id: str
    until: datetime
    held_by: HeldBy
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A delivery of which nothing is sent; `silence` is the key of the one that mutes it."""

    id: str
    state: DeliveryState
    reason: str
    silence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes out as one message: the delivery that stands for it, and those that it carries as well."""

    lead: str
    members: tuple[str, ...] = ()
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Arrangement:
    """What becomes of each delivery that was looked at; one that is not due, and goes with none, is in nothing."""

    parcels: list[Parcel] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
