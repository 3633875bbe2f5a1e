"""An arrangement: which of the deliveries that wait for a channel go out now, which together, and which not (yet)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from watcher.domain.batch import OVERDUE, find_batches
from watcher.domain.delivery import DeliveryState
from watcher.domain.duration import say_duration
from watcher.domain.event import Event
from watcher.domain.follow_up import Outlook, judge, renew, resume
from watcher.domain.net import net_effect
from watcher.domain.stage import StageKind
from watcher.domain.timing import Timing
from watcher.domain.waiting import Arrangement, Ended, HeldBy, Parcel, Postponed, Waiting


class World(Outlook, Protocol):
    """What an arrangement asks about everything else."""

    def find_mute(self, event: Event, rule: str) -> tuple[str, str] | None:
        """Return the key of a silence that mutes an event on its way by a rule, and why; None where none does."""
        ...

    def sent(self, rule: str, since: datetime) -> Sequence[datetime]:
        """Return when messages of a rule went out to this channel, or were about to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the rules time their messages, by name, and how many messages one cause makes at most (0: any number)."""

    timings: Mapping[str, Timing]
    storm: int = 0

    def of(self, rule: str) -> Timing:
        """Return a rule's timing; of one that is no longer configured, that of a plain one."""
        return self.timings.get(rule, PLAIN)


PLAIN = Timing()
"""at once, alone"""


def arrange(waiting: Sequence[Waiting], policy: Policy, world: World, now: datetime) -> Arrangement:
    """Decide over the due deliveries of a channel, the longest due first, and those that may go with them.

    1. What is silenced, or was held and is no longer true, ends. 2. What is not to be told yet waits: for its proof,
    its digest, the end of quiet hours; all of a digest is due when its first event is. 3. The rest is parcelled: a
    digest, what waited for the same thing, what one cause made too much of, what is overdue after an outage; everything
    else goes alone. 4. What is more than a throttle lets pass waits, and is told together later.
    What follows up (see follow_up) is told only while it is true, whatever its rule gathers; what of one rule comes
    again at once is one message.
    """
    made = Arrangement()
    waiting = _close_digests(waiting, policy)
    flapped = _find_flaps(waiting, policy, world, now, made)
    left = [one for one in waiting if one.id not in flapped]
    awake = [told for one in left if (told := _wake(one, policy.of(one.rule), world, now, made))]
    spent: Counter[str] = Counter()
    refused = [one for one in waiting if one.is_refused and not one.is_due]
    for group, reason in find_batches(awake, policy.of, policy.storm, now, refused):
        _parcel(group, reason, policy, world, now, made, spent)
    return made


def _close_digests(waiting: Sequence[Waiting], policy: Policy) -> list[Waiting]:
    """Return them with all of a digest due when its first event is, so that no part of it is left behind."""

    def digest_of(one: Waiting) -> tuple[str, ...] | None:
        is_gathered = one.held_by is HeldBy.DIGEST and not one.is_formed
        return (one.rule, *policy.of(one.rule).group_of(one.event, one.rule)) if is_gathered else None

    closing = {digest_of(one) for one in waiting if one.is_due and one.held_by is HeldBy.DIGEST} - {None}
    if not closing:
        return list(waiting)
    return [replace(one, is_due=True) if not one.is_due and digest_of(one) in closing else one for one in waiting]


def _wake(one: Waiting, timing: Timing, world: World, now: datetime, made: Arrangement) -> Waiting | None:
    """Return a delivery that is to be told now, if it is its turn; None, and what becomes of it noted, otherwise."""
    if not one.is_due:
        return None
    if one.is_formed:
        return one if _goes_on(one, timing, world, now, made) else None
    muted = world.find_mute(one.event, one.rule)
    if muted is not None:
        made.ended.append(Ended(id=one.id, state=DeliveryState.SILENCED, reason=muted[1], silence=muted[0]))
        following = renew(one, timing, now)
        made.renewed += [following] if following else []
        return None
    if one.stage.kind is not StageKind.FIRST:
        return one if _follows(one, timing, world, now, made) else None
    if one.held_by is HeldBy.PROOF and _is_over(one.event, [one], world, made):
        return None
    later = _later(one, timing, now)
    if later is not None and later.held_by is HeldBy.DIGEST and later.until <= now:  # it closed while nothing ran
        one = replace(one, held_by=HeldBy.DIGEST, due_at=later.until)
        later = _later(one, timing, now)
    if later is not None:
        made.postponed.append(later)
    return one if later is None else None


def _goes_on(one: Waiting, timing: Timing, world: World, now: datetime, made: Arrangement) -> bool:
    """Say whether what was tried before, or carries others, is told now: only quiet hours hold it back."""
    if one.stage.is_reminder and _is_past(one, timing, world, now, made):
        return False  # what it carried goes on by itself
    for each in one.carried:
        _is_past(each, timing, world, now, made)
    quiet = _quiet(one, timing, now)
    if quiet is not None:
        made.postponed.append(_wait(one, quiet, one.held_by, "quiet hours"))
    return quiet is None


def _follows(one: Waiting, timing: Timing, world: World, now: datetime, made: Arrangement) -> bool:
    """Say whether a follow-up that is due is told now; what its message says of it is noted then."""
    found = judge(one, timing, world, now)
    if found.end:
        made.ended.append(Ended(id=one.id, state=DeliveryState.OBSOLETE, reason=found.end, is_over=found.is_over))
        return False
    quiet = _quiet(one, timing, now)
    if quiet is not None:
        made.postponed.append(_wait(one, quiet, HeldBy.QUIET, "quiet hours"))
        return False
    made.findings[one.id] = found.finding
    return True


def _is_past(one: Waiting, timing: Timing, world: World, now: datetime, made: Arrangement) -> bool:
    """Say whether a reminder that was tried before tells what is over: then it ends, nobody misses it.

    So does one that was refused alone, and is not to be told any more for another reason. Of what is not over it is
    noted what its message says of it now.
    """
    found = judge(one, timing, world, now)
    is_past = found.is_over or bool(found.end and one.is_refused)
    if is_past:
        made.ended.append(Ended(id=one.id, state=DeliveryState.OBSOLETE, reason=found.end, is_over=found.is_over))
    elif found.finding:
        made.findings[one.id] = found.finding
    return is_past


def _find_flaps(
    waiting: Sequence[Waiting], policy: Policy, world: World, now: datetime, made: Arrangement
) -> frozenset[str]:
    """End what is held for its proof and has come to nothing with what came after it, due or not; return which."""
    held: dict[tuple[str, str, str], list[Waiting]] = {}
    for one in waiting:
        if one.held_by is HeldBy.PROOF and not one.is_formed:
            held.setdefault((one.rule, one.event.source, one.event.subject), []).append(one)
    left = {one.id for group in held.values() for one in _net(group, policy, world, now, made)}
    return frozenset(one.id for group in held.values() for one in group) - left


def _is_over(event: Event, told_by: Iterable[Waiting], world: World, made: Arrangement) -> bool:
    """Whether what an event told is no longer true; then the deliveries that would tell it end."""
    verdict = world.verdict(event)
    if verdict.is_over:
        reason = f"over by now: {verdict.reason}"
        made.ended += [Ended(id=one.id, state=DeliveryState.OBSOLETE, reason=reason) for one in told_by]
    return verdict.is_over


def _later(one: Waiting, timing: Timing, now: datetime) -> Postponed | None:
    """Return what a due delivery has to wait for before it may be told, None where there is nothing."""
    proven_at = one.created_at + (timing.hold or timedelta())
    if one.held_by is HeldBy.NOTHING and timing.hold is not None:
        return _wait(one, proven_at, HeldBy.PROOF, "told if it is still true then")
    if one.held_by in {HeldBy.NOTHING, HeldBy.PROOF} and timing.digest is not None:
        return _wait(one, timing.digest.closes_at(proven_at), HeldBy.DIGEST, "gathered in a digest")
    until = _quiet(one, timing, now)
    return None if until is None else _wait(one, until, HeldBy.QUIET, "quiet hours")


def _quiet(one: Waiting, timing: Timing, now: datetime) -> datetime | None:
    if timing.quiet is None or timing.is_urgent(one.event):
        return None
    return timing.quiet.quiet_until(now)


def _parcel(
    group: Sequence[Waiting],
    reason: str,
    policy: Policy,
    world: World,
    now: datetime,
    made: Arrangement,
    spent: Counter[str],
) -> None:
    """Make a group a parcel, if anything of it is left and the throttle lets it pass."""
    told = list(group) if group[0].stage.is_reminder else _net(group, policy, world, now, made)
    told.sort(key=_in_order)
    if told and told[0].stage.kind is StageKind.FIRST and told[0].held_by in _MUST_STILL_HOLD and not told[0].is_formed:
        told = _true(told, world, now, made)
    if not told:
        return
    lead = told[0]
    throttle = policy.of(lead.rule).throttle
    if throttle is not None and not lead.is_formed:
        sent = [*world.sent(lead.rule, now - throttle.span), *[now] * spent[lead.rule]]
        free_at = throttle.free_at(sent, now)
        if free_at is not None:
            why = f"no more than {throttle.most} messages in {say_duration(throttle.span)}"
            made.postponed += [_wait(one, free_at, HeldBy.THROTTLE, why) for one in told]
            return
    spent[lead.rule] += not lead.is_formed  # that one is counted as sent already
    members = tuple(one.id for one in told[1:])
    made.parcels.append(Parcel(lead=lead.id, members=members, reason=reason, is_overdue=reason == OVERDUE))


_MUST_STILL_HOLD = frozenset({HeldBy.QUIET, HeldBy.THROTTLE})
"""what waited for longer than its rule wanted; of a digest the net effect is told, of which what is over is no part"""


def _true(told: Sequence[Waiting], world: World, now: datetime, made: Arrangement) -> list[Waiting]:
    """Return those whose line of the message is still true; the others end, whatever it is that they came to."""
    by_event = {one.event.id: one for one in told}
    left: set[str] = set()
    net = net_effect([one.event for one in told], now)
    made.ended += [_come_to_nothing(by_event[each.event.id], each.reason) for each in net.dropped]
    for line in net.lines:
        tellers = [by_event[event.id] for event in line.stands_for]
        if not _is_over(line.event, tellers, world, made):
            left |= {one.id for one in tellers}
    return [one for one in told if one.id in left]


def _net(group: Sequence[Waiting], policy: Policy, world: World, now: datetime, made: Arrangement) -> list[Waiting]:
    """Return the deliveries of a group that its message tells, in order; the others have come to nothing."""
    if len(group) == 1 and (group[0].is_formed or group[0].held_by is HeldBy.NOTHING):
        return list(group)  # of what did not wait the message itself says how things stand
    ordered = sorted(group, key=_in_order)
    dropped = {each.event.id: each.reason for each in net_effect([one.event for one in ordered], now).dropped}
    made.ended += [_come_to_nothing(one, dropped[one.event.id]) for one in ordered if one.event.id in dropped]
    left = [one for one in ordered if one.event.id not in dropped]
    made.resumed += resume([one for one in ordered if one not in left], left, policy.timings, world, now)
    return left


def _in_order(one: Waiting) -> int:
    """As noticed: the wall clock may have been set back between two events."""
    return one.place


def _come_to_nothing(one: Waiting, reason: str) -> Ended:
    return Ended(id=one.id, state=DeliveryState.OBSOLETE, reason=f"came to nothing: {reason}")


def _wait(one: Waiting, until: datetime, held_by: HeldBy, reason: str) -> Postponed:
    return Postponed(id=one.id, until=until, held_by=held_by, reason=reason)
