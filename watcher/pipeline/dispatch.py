"""Dispatch: the way of one delivery, from the outbox through the channel to what became of it.

    claim → message → send → settle and claim the next → message → send → …

Each claim and each settling is one transaction of the outbox, and a settling takes the next claim along where the
caller comes back at once: one commit a message. Between them nothing is held open. What a kill leaves:
- before the first claim, or after a settling that claimed nothing: nothing unusual;
- between a claim and its send, or between a send and its settling: one delivery that is `sending` under a lease. When
  the lease has run out it is claimed again under the same id, and the message says that it may be a repetition. Which
  of the two it was cannot be known, so it is repeated: at least once, never lost.
The settled one and the claimed one change in the same transaction: a channel never has two whose fate is unknown, and
what was settled is never repeated.
A worker whose lease ran out while it was still sending finds at the settling that it lost the claim; it stores nothing.

Nothing here waits. A worker is a loop:

    while not stopping:
        turn = deliver_next(channel, outbox, desk, turn.ahead)
        wake.wait(until=turn.next_at)   # or until something is owed to the channel
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from watcher.domain.channel_health import ChannelHealth
from watcher.domain.delivery import (
    MAX_ATTEMPTS,
    Attempt,
    Outcome,
    exhausted,
    interrupted,
    refused,
    succeeded,
)
from watcher.domain.delivery import after_attempt as outcome_of
from watcher.domain.errors import ChannelError
from watcher.domain.message import Message
from watcher.pipeline.arranging import Decider
from watcher.pipeline.outbox import Claim, Outbox
from watcher.pipeline.ports import Channel
from watcher.pipeline.settling import Aftermath, conclude
from watcher.pipeline.writing import Reword, write

LEASE = timedelta(minutes=5)
"""longer than any send takes: a service that hangs is left after seconds, a tag may stand for several"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a dispatch needs beside its channel and outbox.

    `clock` gives aware UTC instants, `jitter` a random number from -1 to 1.
    `aftermath`: what follows an attempt. `owner` names this worker, unique to its run. `zone` is the reader's.
    `decider` says what goes out now, and together with what; None: everything, at once and alone. `reword` gives a
    rule's own words for a message, None where it has none.
    `goes_on` says whether the caller comes back at once with what is claimed ahead; what it brings after that was no
    longer so is given back to the outbox.
    """

    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    aftermath: Aftermath
    owner: str
    zone: tzinfo
    lease: timedelta = LEASE
    decider: Decider | None = None
    reword: Reword = lambda _: None
    goes_on: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one call of deliver_next did.

    `outcome` is None where nothing was due or the claim was lost meanwhile. `next_at` is when to call again (maybe at
    once, a past instant), None where nothing waits for this channel. `ahead` is what the next call must be given: the
    delivery that was claimed while this one was settled. `handed_to`: the backup that has got it, empty for none.
    """

    claim: Claim | None = None
    outcome: Outcome | None = None
    next_at: datetime | None = None
    ahead: Claim | None = None
    handed_to: str = ""


def deliver_next(channel: Channel, outbox: Outbox, desk: Desk, ahead: Claim | None = None) -> Turn:
    """Send the delivery of a channel that has been due the longest, if the channel is not paused; once.

    `ahead` is the last turn's, claimed already.
    """
    if ahead is not None and not desk.goes_on():
        outbox.give_back(ahead, desk.clock())
        return Turn(next_at=outbox.next_due(channel.name))
    return _deliver(channel, outbox, desk, ahead)


def _deliver(channel: Channel, outbox: Outbox, desk: Desk, ahead: Claim | None) -> Turn:
    # Claimed ahead is only after a success, which leaves nothing to remember of a channel; nobody else writes it.
    health = outbox.channel_health(channel.name) if ahead is None else ChannelHealth()
    now = desk.clock()
    if health.is_paused(now):
        return Turn(next_at=health.paused_until)
    claim = ahead or outbox.claim_due(channel.name, now, desk.lease, desk.owner, desk.decider)
    if claim is None:
        channel.close()
        return Turn(next_at=outbox.next_due(channel.name))
    attempt, outcome = _attempt(channel, claim, desk)
    settlement = conclude(claim, health, attempt, outcome, desk.aftermath)
    if _may_claim_ahead(channel, attempt, desk):
        is_settled, following = outbox.settle_and_claim(claim, settlement, desk.clock(), desk.lease, desk.decider)
    else:
        is_settled, following = outbox.settle(claim, settlement), None
    next_at = attempt.ended_at if following else _next_at(outbox, channel, settlement.health, attempt)
    return Turn(
        claim=claim,
        outcome=settlement.outcome if is_settled else None,
        next_at=next_at,
        ahead=following,
        handed_to=settlement.handover.backup if settlement.handover and is_settled else "",
    )


def _may_claim_ahead(channel: Channel, attempt: Attempt, desk: Desk) -> bool:
    """A lease runs while its delivery waits: so nothing is claimed before a pace, a pause or a stop."""
    return attempt.is_sent and not channel.pace and desk.goes_on()


def drain(channel: Channel, outbox: Outbox, desk: Desk, wait: Callable[[timedelta], bool]) -> list[Turn]:
    """Send what is due at the start, and return the turns that had a delivery.

    `wait` passes the time that the service wants between two sends and returns whether to go on. A delivery that fails
    is left to the next call, unless its retry falls due before something newer has been sent; so is a channel that asks
    for a pause.
    """
    started_at = desk.clock()
    desk = replace(desk, goes_on=lambda: _is_due(outbox, channel.name, started_at))
    turns: list[Turn] = []
    ahead: Claim | None = None
    while ahead is not None or desk.goes_on():
        turn = _deliver(channel, outbox, desk, ahead)
        ahead = turn.ahead
        if turn.claim is None:
            if turn.next_at is None or turn.next_at > started_at:
                break
            continue  # it was decided over so many that nothing is sent of, and there are more
        turns.append(turn)
        if channel.pace and _is_due(outbox, channel.name, started_at) and not wait(channel.pace):
            break
    return turns


def _is_due(outbox: Outbox, channel: str, instant: datetime) -> bool:
    due_at = outbox.next_due(channel)
    return due_at is not None and due_at <= instant


def _attempt(channel: Channel, claim: Claim, desk: Desk) -> tuple[Attempt, Outcome]:
    started_at = desk.clock()
    if claim.attempt > MAX_ATTEMPTS:  # each attempt so far killed the process, or the machine died each time
        attempt = interrupted(claim.attempt, started_at)
        return attempt, exhausted(MAX_ATTEMPTS, attempt.error)
    attempt = _send(channel, claim, _written(claim, started_at, desk), started_at, desk)
    return attempt, outcome_of(attempt, jitter=desk.jitter())


def _written(claim: Claim, now: datetime, desk: Desk) -> Message:
    return write(claim.parts, zone=desk.zone, now=now, reword=desk.reword, is_repeat=claim.was_interrupted).message


def _send(channel: Channel, claim: Claim, message: Message, started_at: datetime, desk: Desk) -> Attempt:
    try:
        receipt = channel.send(message, claim.delivery_id)
    except ChannelError as error:
        return refused(claim.attempt, started_at, desk.clock(), error)
    return succeeded(claim.attempt, started_at, desk.clock(), receipt.status, is_confirmed=receipt.is_confirmed)


def _next_at(outbox: Outbox, channel: Channel, health: ChannelHealth, attempt: Attempt) -> datetime | None:
    """The latest of: something is due, the service's pace allows it, its pause is over."""
    due_at = outbox.next_due(channel.name)
    if due_at is None:
        return None
    holds = [due_at, attempt.started_at + channel.pace, *filter(None, [health.paused_until])]
    return max(holds)
