"""The outbox: the port to the deliveries that are owed, claimed one at a time under a lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import Attempt, DeliveryState, Outcome
from watcher.domain.event import Event
from watcher.domain.follow_up import Followed
from watcher.domain.handover import Handover
from watcher.domain.rule import Match
from watcher.domain.stage import FIRST, Stage
from watcher.domain.waiting import Part
from watcher.pipeline.arranging import Decider


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One delivery that this worker, and nobody else until `lease_until`, may send.

    `attempt` is this attempt's number, counted from 1 and when it was claimed: one that never came back counts too,
    so that a delivery which kills the process is not tried for ever.
    `state` is the one before the claim. `was_interrupted`: an earlier attempt never came back, so it may have arrived.
    `stage`, `note` and `finding` are those of its own part of the message. `members`: the other parts.
    """

    delivery_id: str
    event: Event
    rule: str
    channel: str
    attempt: int
    was_interrupted: bool
    created_at: datetime
    state: DeliveryState
    owner: str
    lease_until: datetime
    stage: Stage = FIRST
    note: str = ""
    finding: str = ""
    members: tuple[Part, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every event that its message tells, its own first."""
        own = Part(event=self.event, rule=self.rule, stage=self.stage, note=self.note, finding=self.finding)
        return (own, *self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An event to store with the deliveries that are owed for it: a channel once a stage."""

    event: Event
    deliveries: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Everything that one attempt leaves behind; it is stored as a whole or not at all.

    `followed`: what was told and is followed up. `handover`: what goes to the channel's backup; the outcome's reason is
    completed with what became of it.
    `ends_outage`: what failed on the channel before takes its turn now, each delivery where its event stands in line.
    """

    outcome: Outcome
    attempt: Attempt
    health: ChannelHealth
    owed: tuple[Owed, ...] = ()
    followed: tuple[Followed, ...] = ()
    handover: Handover | None = None
    ends_outage: bool = False


class Outbox(Protocol):
    """The deliveries of every channel, over which each call is one transaction.

    What a crash leaves behind: before claim_due, a row that is due; between it and settle, a row that is sending under
    a lease, which becomes claimable when the lease has run out, under the same delivery id, `was_interrupted`.
    """

    def claim_due(
        self, channel: str, now: datetime, lease: timedelta, owner: str, decider: Decider | None = None
    ) -> Claim | None:
        """Claim the delivery of a channel that comes next, None where none is due.

        Due are the pending and failed ones whose instant has come and the sending ones whose lease has run out. The one
        that has been due the longest comes first, but one that failed before goes before whatever was stored after it.
        `owner` names the claiming worker and must be unique to its run. The row is taken by a conditional UPDATE.
        `decider` decides before, in the same transaction, over what is due: only what it lets go is claimed.
        """
        ...

    def settle(self, claim: Claim, settlement: Settlement) -> bool:
        """Store what became of a claim; False, and nothing stored, where the lease was lost to another owner."""
        ...

    def settle_and_claim(
        self,
        claim: Claim,
        settlement: Settlement,
        now: datetime,
        lease: timedelta,
        decider: Decider | None = None,
    ) -> tuple[bool, Claim | None]:
        """Settle, and claim what is due next for the same channel and owner, as one transaction.

        Nothing is claimed where the lease was lost. A crash before it leaves the settled one under its lease, a crash
        after it the claimed one: never both, so that a channel has at most one delivery whose fate is unknown.
        """
        ...

    def give_back(self, claim: Claim, now: datetime) -> None:
        """Undo a claim of which nothing was sent: the delivery is due as before, and the attempt was never begun."""
        ...

    def next_due(self, channel: str) -> datetime | None:
        """Return when claim_due next has something for a channel (maybe in the past), None where nothing waits."""
        ...

    def channel_health(self, channel: str) -> ChannelHealth:
        """Return what is remembered of a channel; of an unknown one, the defaults."""
        ...
