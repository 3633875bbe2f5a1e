"""A follow-up: what is told again, to whom else, and that it is over, after an event was told.

Each decision is a pure function of what happened:

    an event is stored    which conditions does it end?              ends
    it was told           what follows, on the same channel?         follow
    a reminder is due     is it to be told, or why not?              judge
    it was silenced       when does it come again?                   renew
    it came to nothing    is it again as it was told before?         resume
    the rules changed     does an escalation go to others now?       readdress
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Protocol

from watcher.domain.condition import Verdict, cleared_by, clears
from watcher.domain.event import Event, EventType
from watcher.domain.stage import FIRST, Stage, StageKind, repeat
from watcher.domain.timing import Escalation, Timing
from watcher.domain.waiting import Followed, FollowUp, Part, Waiting

LASTING = frozenset({
    EventType.CONVERSATION_STARTING,
    EventType.CONVERSATION_ENDING,
    EventType.CONVERSATION_REMOVED,
    EventType.REGISTRATION_OPENING,
    EventType.REGISTRATION_CLOSING,
    EventType.REGISTRATION_FULL,
    EventType.QUESTIONS_NEW,
    EventType.QUESTIONS_WAITING,
    EventType.MESSAGES_NEW,
    EventType.UNREAD_NEW,
    EventType.FOLLOWUPS_NEW,
    EventType.OUTSIDERS_JOINED,
    EventType.SOURCE_FAILING,
    EventType.SOURCE_SUSPECT,
    EventType.CHANNEL_FAILING,
})  # fmt: skip
"""what somebody is expected to end, or what ends at an instant; nothing else is followed up"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """The last time that an escalation was told, for an earlier event about the same that nothing has ended since."""

    event_id: str
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a follow-up is told: `end` says why not, and is empty where it is; `finding` what a message says of it.

    `is_over`: what it would tell is no longer true, or nobody can know any more.
    """

    end: str = ""
    is_over: bool = False
    finding: str = ""


class Outlook(Protocol):
    """What a follow-up asks about everything else."""

    def verdict(self, event: Event) -> Verdict:
        """Say whether what an event told is still true."""
        ...

    def is_watched(self, event: Event) -> bool:
        """Say whether the list, source or channel that an event is about is still looked at."""
        ...

    def find_escalated(self, one: Waiting) -> Escalated | None:
        """Return when an escalation's rule told the same one to this channel before, for an earlier event of the type.

        About the same subject, and only since the last event that ended it; None where it did not.
        """
        ...

    def was_told(self, one: Waiting) -> bool:
        """Say whether a delivery's rule told this channel what the event before it said, of its type and subject.

        What came to nothing itself, or waits, is passed over.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """To which channel, at which stage, and by which rule some escalations wait."""

    rule: str
    stage: Stage
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readdressed:
    """What becomes of escalations that wait under an address: they end for a reason, and are owed to others instead."""

    end: str
    to: tuple[str, ...] = ()


def is_lasting(event_type: EventType) -> bool:
    """Say whether events of a type are followed up."""
    return event_type in LASTING


@cache
def ends(event_type: EventType) -> tuple[EventType, ...]:
    """Return the types that an event of a type ends, of those that are followed up, about the same subject."""
    return tuple(kind for kind in clears(event_type) if kind in LASTING)


@cache
def ended_by(event_type: EventType) -> tuple[EventType, ...]:
    """Return the types of event that end what a type told."""
    return cleared_by(event_type)


def span_of(spans: Sequence[timedelta], number: int) -> timedelta:
    """Return how long after the message before it the n-th repeat comes, counted from 1; the last span goes on."""
    return spans[min(number, len(spans)) - 1]


def follow(told: Sequence[Part], timings: Mapping[str, Timing], told_at: datetime) -> tuple[Followed, ...]:
    """Return what follows a message that was told to a channel at an instant; `timings` by the names of the rules.

    Of several events about the same the last one, as they were noticed, is followed: one reminder a thing.
    """
    if not timings:
        return ()
    last: dict[tuple[str, str, str, str], Part] = {}
    for part in told:
        timing = timings.get(part.rule)
        if timing is not None and timing.follows_up and _is_followed(part):
            event = part.event
            last[part.rule, event.source, event.subject, event.type] = part
    return tuple(
        Followed(event=part.event, rule=part.rule, next=_next(part, timings[part.rule], told_at))
        for part in last.values()
    )


def judge(one: Waiting, timing: Timing, outlook: Outlook, now: datetime) -> Judgement:
    """Say whether a follow-up that is due is told; `timing` is that of its rule now."""
    kind = one.stage.kind
    step = _step(one.stage, timing)
    if (kind is StageKind.REPEAT and not timing.repeat) or (kind is StageKind.ESCALATION and step is None):
        return Judgement(end=f"its rule has no {kind.value} for it any more")
    if kind is not StageKind.CLEARED and not outlook.is_watched(one.event):
        return Judgement(end="what it is about is no longer watched", is_over=True)
    verdict = outlook.verdict(one.event)
    if verdict.is_over:
        begun = kind is StageKind.CLEARED
        end = f"begun anew meanwhile: {verdict.reason}" if begun else f"over by now: {verdict.reason}"
        return Judgement(end=end, is_over=not begun)
    if step is not None and (past := outlook.find_escalated(one)) is not None and _counts(past, one, step, now):
        return Judgement(end=f"escalated already, for event {past.event_id[:_ID_DIGITS]}")
    return Judgement(finding=_say(verdict) if one.stage.is_reminder else "")


def renew(one: Waiting, timing: Timing, now: datetime) -> FollowUp | None:
    """Return the repeat that comes after one that was silenced; None for what is not repeated."""
    part = Part(event=one.event, rule=one.rule, stage=one.stage)
    return _next(part, timing, now) if one.stage.kind is StageKind.REPEAT else None


def resume(
    dropped: Sequence[Waiting], told: Sequence[Waiting], timings: Mapping[str, Timing], outlook: Outlook, now: datetime
) -> tuple[Followed, ...]:
    """Return what is followed from now on though it came to nothing, as it is again what was told before.

    What ended in between has ended its reminders, and nobody hears that it began anew: so they begin here. `told`: what
    is left of the same message, which is followed once it is told.
    """
    known = {_thing(one) for one in told}
    parts = [
        Part(event=one.event, rule=one.rule)
        for one in dropped
        if one.stage == FIRST and one.rule in timings and timings[one.rule].follows_up and is_lasting(one.event.type)
        if _thing(one) not in known and not outlook.verdict(one.event).is_over and outlook.was_told(one)
    ]
    return follow(parts, timings, now)


def readdress(address: Address, timings: Mapping[str, Timing], channels: Collection[str]) -> Readdressed | None:
    """Return what becomes of escalations that wait, by the rules as they are now; None where nothing changes for them.

    `channels` are configured. What waits for one of them by a step that is gone is judged when it is due; for one that
    is gone nobody ever would.
    """
    step = _step(address.stage, timings.get(address.rule, Timing()))
    if step is None:
        return None if address.channel in channels else Readdressed(end=NO_ESCALATION)
    if address.channel in step.channels:
        return None
    return Readdressed(end=f"its rule escalates to {', '.join(step.channels)} now", to=step.channels)


NO_ESCALATION = "its rule has no escalation for it any more"


def _thing(one: Waiting) -> tuple[str, str, str, str]:
    return one.rule, one.event.source, one.event.subject, one.event.type


_ID_DIGITS = 8


def _is_followed(part: Part) -> bool:
    return part.stage.kind is not StageKind.CLEARED and is_lasting(part.event.type)


def _next(part: Part, timing: Timing, told_at: datetime) -> FollowUp | None:
    """An escalation is told once; what its rule tells first is told again."""
    if not timing.repeat or part.stage.kind is StageKind.ESCALATION:
        return None
    number = part.stage.number + 1
    due_at = told_at + span_of(timing.repeat, number)
    return FollowUp(event=part.event, rule=part.rule, stage=repeat(number), due_at=due_at)


def _step(stage: Stage, timing: Timing) -> Escalation | None:
    place = stage.number - 1
    is_there = stage.kind is StageKind.ESCALATION and place < len(timing.escalate)
    return timing.escalate[place] if is_there else None


def _counts(past: Escalated, one: Waiting, step: Escalation, now: datetime) -> bool:
    """What nothing but the end of the conversation ends is another episode after a while."""
    has_end = any(kind is not EventType.CONVERSATION_REMOVED for kind in ended_by(one.event.type))
    return has_end or now - past.told_at < step.after


def _say(verdict: Verdict) -> str:
    return f"still true: {verdict.reason}" if verdict.holds else f"maybe still true: {verdict.reason}"
