"""Settling: everything that an attempt leaves behind, for the delivery, its channel, and those that hear of it next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watcher.domain.channel_health import ChannelHealth, after_attempt, ends_outage
from watcher.domain.delivery import Attempt, DeliveryState, Outcome
from watcher.domain.follow_up import Followed, follow
from watcher.domain.handover import Handover, end, hand_over
from watcher.domain.timing import Timing
from watcher.pipeline.outbox import Claim, Owed, Settlement
from watcher.pipeline.plan import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What the config says of the time after an attempt.

    `route` names the deliveries that an event is owed. `timings`: of the rules that follow up, by name. `backups`: by
    the names of the channels that have one.
    """

    route: Route
    timings: Mapping[str, Timing] = field(default_factory=dict)
    backups: Mapping[str, str] = field(default_factory=dict)


def conclude(
    claim: Claim, health: ChannelHealth, attempt: Attempt, outcome: Outcome, aftermath: Aftermath
) -> Settlement:
    """Return the settlement of an attempt; the channel's own trouble is owed to the other channels, never to itself."""
    channel = claim.channel
    is_outage_over = not attempt.is_interrupted and ends_outage(health, attempt)
    owed: tuple[Owed, ...] = ()
    if not attempt.is_interrupted:
        health, events = after_attempt(health, channel, attempt)
        owed = tuple(
            Owed(event=event, deliveries=tuple(match for match in aftermath.route(event) if match.channel != channel))
            for event in events
        )
    handover = _hand_over(claim, health, outcome, aftermath)
    return Settlement(
        outcome=end(outcome, attempt) if handover else outcome,
        attempt=attempt,
        health=health,
        owed=owed,
        followed=_follow(claim, attempt, outcome, aftermath),
        handover=handover,
        ends_outage=is_outage_over,
    )


def _follow(claim: Claim, attempt: Attempt, outcome: Outcome, aftermath: Aftermath) -> tuple[Followed, ...]:
    is_told = outcome.state in {DeliveryState.DELIVERED, DeliveryState.UNCONFIRMED}
    return follow(claim.parts, aftermath.timings, attempt.ended_at) if is_told and aftermath.timings else ()


def _hand_over(claim: Claim, health: ChannelHealth, outcome: Outcome, aftermath: Aftermath) -> Handover | None:
    backup = aftermath.backups.get(claim.channel)
    if backup is None:
        return None
    return hand_over(outcome, claim.parts, channel=claim.channel, backup=backup, is_failing=health.is_failing)
