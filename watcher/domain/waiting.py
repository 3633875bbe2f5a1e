"""Waiting: a delivery that waits for a channel, and what can become of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watcher.domain.delivery import DeliveryState
from watcher.domain.event import Event
from watcher.domain.stage import FIRST, Stage


class HeldBy(StrEnum):
    """What a delivery has waited for, beside its turn."""

    NOTHING = ""
    PROOF = "hold"
    """that it is still true after a while"""
    DIGEST = "digest"
    QUIET = "quiet hours"
    THROTTLE = "throttle"
    REPEAT = "repeat"
    ESCALATION = "escalation"
    OUTAGE = "outage"
    """that its channel works again: it is told together with others that are overdue by then"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One event of a message: by which rule and at which stage it is told.

    `note`: words about its way, as that another channel could not take it. `finding`: whether it was found to be still
    true. Both may be empty.
    """

    event: Event
    rule: str
    stage: Stage = FIRST
    note: str = ""
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A further stage of an event that is owed to a channel by a rule."""

    event: Event
    rule: str
    stage: Stage
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """An event that a rule has told and follows up on a channel; `next`: what is owed to it then, maybe nothing."""

    event: Event
    rule: str
    next: FollowUp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that is to be arranged.

    `is_due`: one that is not may go with one that is, in a digest. `is_formed`: it was attempted before, or carries
    others: what its message tells is settled, so that nothing of it can get lost, and only quiet hours hold it back; a
    reminder of what is over ends all the same. `is_refused`: it was attempted before, alone, and is known not to have
    gone out. `carried`: what else the message of a reminder that was formed tells. `place`: its event's in the log.
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
    stage: Stage = FIRST
    carried: tuple[Waiting, ...] = ()
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """A delivery that waits on."""

    id: str
    until: datetime
    held_by: HeldBy
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A delivery of which nothing is sent; `silence` is the key of the one that mutes it.

    `is_over`: its event needs no end to be told of, as what was true of it is no longer so by itself.
    """

    id: str
    state: DeliveryState
    reason: str
    silence: str | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes out as one message: the delivery that stands for it, and those that it carries as well.

    `is_overdue`: only an outage brought them together; what is overdue by its end goes with them.
    """

    lead: str
    members: tuple[str, ...] = ()
    reason: str = ""
    is_overdue: bool = False


@dataclass(slots=True, kw_only=True)
class Arrangement:
    """What becomes of each delivery that was looked at; one that is not due, and goes with none, is in nothing.

    `renewed`: what comes in the place of some that ended. `resumed`: what is followed as if it were told, as it is
    again what was told before. `findings`: by the ids of those that go out, what their message says of them.
    """

    parcels: list[Parcel] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    renewed: list[FollowUp] = field(default_factory=list)
    resumed: list[Followed] = field(default_factory=list)
    findings: dict[str, str] = field(default_factory=dict)
