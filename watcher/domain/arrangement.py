"""An arrangement: which of the deliveries that wait for a channel go out now, which together, and which not (yet)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from watcher.domain.delivery import DeliveryState
from watcher.domain.duration import say_duration
from watcher.domain.event import Event, stamp
from watcher.domain.follow_up import Outlook, judge, renew
from watcher.domain.net import net_effect
from watcher.domain.stage import StageKind
from watcher.domain.timing import Timing
from watcher.domain.waiting import Arrangement, Ended, HeldBy, Parcel, Postponed, Waiting

STALE_AFTER = timedelta(hours=1)
"""after an outage, messages that are overdue by as much are told together, also those that were refused meanwhile"""
FEWEST_STALE = 3
"""fewer of them are told one by one"""


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

    1. What is silenced, or has waited and is no longer true, ends. 2. What is not to be told yet waits: for its proof,
    its digest, the end of quiet hours. 3. The rest is parcelled: a digest, what waited for the same thing, what one
    cause made too much of, what is overdue after an outage; everything else goes alone. 4. What is more than a throttle
    lets pass waits, and is told together later.
    What follows up (see follow_up) is told only while it is true, whatever its rule gathers; what of one rule comes
    again at once is one message.
    """
    made = Arrangement()
    flapped = _find_flaps(waiting, now, made)
    left = [one for one in waiting if one.id not in flapped]
    awake = [one for one in left if _is_awake(one, policy.of(one.rule), world, now, made)]
    spent: Counter[str] = Counter()
    for group, reason in _groups(awake, policy, now):
        _parcel(group, reason, policy, world, now, made, spent)
    return made


def _is_awake(one: Waiting, timing: Timing, world: World, now: datetime, made: Arrangement) -> bool:
    """Say whether a delivery is to be told now, if it is its turn; otherwise what becomes of it is noted."""
    if one.is_formed and one.is_due and one.stage.is_reminder and _is_past(one, timing, world, now, made):
        return False
    if one.is_formed:
        quiet = _quiet(one, timing, now) if one.is_due else None
        if quiet is not None:
            made.postponed.append(_wait(one, quiet, one.held_by, "quiet hours"))
        return one.is_due and quiet is None
    muted = world.find_mute(one.event, one.rule)
    if muted is not None:
        made.ended.append(Ended(id=one.id, state=DeliveryState.SILENCED, reason=muted[1], silence=muted[0]))
        following = renew(one, timing, now)
        made.renewed += [following] if following else []
        return False
    if one.stage.kind is not StageKind.FIRST:
        return one.is_due and _follows(one, timing, world, now, made)
    later = _later(one, timing, now) if one.is_due else None
    if later is not None:
        made.postponed.append(later)
        return False
    return one.held_by is not HeldBy.PROOF or (one.is_due and not _is_over(one.event, [one], world, made))


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
    """Say whether a reminder that was tried before tells what is over: then it ends, nobody misses it."""
    found = judge(one, timing, world, now)
    if found.is_over:
        made.ended.append(Ended(id=one.id, state=DeliveryState.OBSOLETE, reason=found.end, is_over=True))
    return found.is_over


def _find_flaps(waiting: Sequence[Waiting], now: datetime, made: Arrangement) -> frozenset[str]:
    """End what is held for its proof and has come to nothing with what came after it, due or not; return which."""
    held: dict[tuple[str, str, str], list[Waiting]] = {}
    for one in waiting:
        if one.held_by is HeldBy.PROOF and not one.is_formed:
            held.setdefault((one.rule, one.event.source, one.event.subject), []).append(one)
    left = {one.id for group in held.values() for one in _net(group, now, made)}
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
    if timing.quiet is None or _is_urgent(one, timing):
        return None
    return timing.quiet.quiet_until(now)


def _groups(awake: Sequence[Waiting], policy: Policy, now: datetime) -> Iterator[tuple[list[Waiting], str]]:
    """Yield what belongs together, each with the words for it; what is not due goes only with something that is."""
    storms = _storms(awake, policy)
    groups: dict[tuple[str, ...], list[Waiting]] = {}
    for one in awake:
        groups.setdefault(_key(one, policy.of(one.rule), storms, now), []).append(one)
    for key, group in groups.items():
        if key[0] == _STALE and len(group) < FEWEST_STALE:
            yield from (([one], "") for one in group)
        elif any(one.is_due for one in group):
            yield group, "" if key[0] in _AGAIN and len(group) == 1 else _WORDS.get(key[0], "")


_GATHERED = frozenset({HeldBy.DIGEST, HeldBy.QUIET, HeldBy.THROTTLE})
_AGAIN = frozenset({StageKind.REPEAT.value, StageKind.ESCALATION.value})
_ALONE, _STALE, _STORM = "alone", "stale", "storm"
_WORDS: Mapping[str, str] = {
    HeldBy.DIGEST.value: "gathered in a digest",
    HeldBy.QUIET.value: "gathered over the quiet hours",
    HeldBy.THROTTLE.value: "gathered: there were more than the throttle lets pass",
    _STORM: "told together: one cause made many",
    _STALE: "told together: overdue after an outage",
    StageKind.REPEAT.value: "told together: all of it is still true",
    StageKind.ESCALATION.value: "escalated together",
}


def _key(one: Waiting, timing: Timing, storms: frozenset[tuple[str, datetime]], now: datetime) -> tuple[str, ...]:
    """Return what the deliveries of one message have in common; messages of one stage stay apart from others."""
    if one.is_formed and (not one.is_refused or one.stage.is_reminder):
        return _ALONE, one.id
    if one.stage.kind is StageKind.ESCALATION:
        return StageKind.ESCALATION.value, one.rule, str(one.stage)
    if one.stage.kind is StageKind.REPEAT:
        return StageKind.REPEAT.value, one.rule
    return *_key_of_news(one, timing, storms, now), one.stage.kind.value


def _key_of_news(
    one: Waiting, timing: Timing, storms: frozenset[tuple[str, datetime]], now: datetime
) -> tuple[str, ...]:
    if one.held_by in _GATHERED and not one.is_formed:
        of_rule = () if one.held_by is HeldBy.QUIET else (one.rule,)
        of_digest = timing.group_of(one.event, one.rule) if one.held_by is HeldBy.DIGEST else ()
        return one.held_by.value, *of_rule, *of_digest
    if _is_urgent(one, timing):
        return _ALONE, one.id
    if one.is_formed:
        return (_STALE, one.rule) if now - one.created_at > STALE_AFTER else (_ALONE, one.id)
    if _cause(one) in storms:
        return _STORM, one.event.source, stamp(one.event.time)
    if now - one.due_at > STALE_AFTER:
        return _STALE, one.rule
    return _ALONE, one.id


def _storms(awake: Iterable[Waiting], policy: Policy) -> frozenset[tuple[str, datetime]]:
    """Return the causes (one poll of one source each) that made more messages than one may."""
    if not policy.storm:
        return frozenset()
    counts = Counter(
        _cause(one)
        for one in awake
        if one.held_by is HeldBy.NOTHING
        and not one.is_formed
        and not one.stage.is_reminder
        and not _is_urgent(one, policy.of(one.rule))
    )
    return frozenset(cause for cause, number in counts.items() if number > policy.storm)


def _cause(one: Waiting) -> tuple[str, datetime]:
    return one.event.source, one.event.time


def _is_urgent(one: Waiting, timing: Timing) -> bool:
    return timing.quiet is not None and timing.quiet.is_urgent(one.event.type)


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
    told = sorted(group, key=lambda one: one.event.time) if group[0].stage.is_reminder else _net(group, now, made)
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
    made.parcels.append(Parcel(lead=lead.id, members=tuple(one.id for one in told[1:]), reason=reason))


_MUST_STILL_HOLD = frozenset({HeldBy.QUIET, HeldBy.THROTTLE})
"""what waited for longer than its rule wanted; of a digest the net effect is told, of which what is over is no part"""


def _true(told: Sequence[Waiting], world: World, now: datetime, made: Arrangement) -> list[Waiting]:
    """Return those whose line of the message is still true."""
    by_event = {one.event.id: one for one in told}
    left: set[str] = set()
    for line in net_effect([one.event for one in told], now).lines:
        tellers = [by_event[event.id] for event in line.stands_for]
        if not _is_over(line.event, tellers, world, made):
            left |= {one.id for one in tellers}
    return [one for one in told if one.id in left]


def _net(group: Sequence[Waiting], now: datetime, made: Arrangement) -> list[Waiting]:
    """Return the deliveries of a group that its message tells, in time order; the others have come to nothing."""
    if len(group) == 1:
        return list(group)
    ordered = sorted(group, key=lambda one: one.event.time)
    dropped = {each.event.id: each.reason for each in net_effect([one.event for one in ordered], now).dropped}
    made.ended += [
        Ended(id=one.id, state=DeliveryState.OBSOLETE, reason=f"came to nothing: {dropped[one.event.id]}")
        for one in ordered
        if one.event.id in dropped
    ]
    return [one for one in ordered if one.event.id not in dropped]


def _wait(one: Waiting, until: datetime, held_by: HeldBy, reason: str) -> Postponed:
    return Postponed(id=one.id, until=until, held_by=held_by, reason=reason)
