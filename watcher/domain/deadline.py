"""A deadline: an instant known beforehand, told some leads ahead, never after, and each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.domain.api import Api, Role
from watcher.domain.duration import write_duration
from watcher.domain.event import EventType, stamp
from watcher.domain.sighting import Fact, instant_of, value_of
from watcher.domain.snapshot import Presence, Row
from watcher.domain.state import Registration, State

_LATE_AFTER_INTERVALS = 2


class DeadlineState(StrEnum):
    """Whether a deadline is still to be told."""

    ARMED = "armed"
    TOLD = "told"
    """fired, or passed in silence: never again for this instant and lead"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One lead of one instant of one conversation.

    `kind` is the event that it fires. `lead` is how long before `at` it fires; below zero: how long after
    (`questions.waiting` counts from the moment the questions stood open). `known_at`: when it was learnt.
    """

    kind: EventType
    at: datetime
    lead: timedelta
    known_at: datetime
    state: DeadlineState = DeadlineState.ARMED

    @property
    def fires_at(self) -> datetime:
        """When it is due."""
        return self.at - self.lead

    @property
    def key(self) -> Key:
        """What makes it the same deadline in another poll."""
        return self.kind, self.at, self.lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Rearmed:
    """What a poll changes in the deadlines of one conversation."""

    add: tuple[Deadline, ...] = ()
    drop: tuple[Deadline, ...] = ()


Leads = Mapping[EventType, tuple[timedelta, ...]]
Key = tuple[EventType, datetime, timedelta]

_ANCHORS = {
    EventType.REGISTRATION_CLOSING: Role.REGISTRATION_CLOSES,
    EventType.REGISTRATION_OPENING: Role.REGISTRATION_OPENS,
    EventType.CONVERSATION_ENDING: Role.ENDS,
    EventType.CONVERSATION_STARTING: Role.STARTS,
}

DEADLINE_ROLES = frozenset({*_ANCHORS.values(), Role.REGISTRATION_CLOSES})
"""the fields whose change moves deadlines"""


def rearm(api: Api, row: Row, stored: Iterable[Deadline], leads: Leads, now: datetime, *, is_silent: bool) -> Rearmed:
    """Return which deadlines a row, as it now stands, gains and loses.

    A lead that has already passed when its instant is learnt is taken as told, but for the nearest one, which fires
    at once; all of them when `is_silent` (a baseline, a list that grew at once, leads that were configured anew).
    """
    known = {deadline.key: deadline for deadline in stored}
    wanted = _wanted(api, row, leads, now)
    if known:
        wanted += _closing_now(api, row, known.values(), now)
    drop = tuple(deadline for key, deadline in known.items() if key not in wanted)
    nearest = _nearest_passed(wanted, now)
    add = []
    for kind, at, lead in (key for key in wanted if not known or key not in known):
        is_passed = at - lead <= now
        is_told = is_passed and (is_silent or nearest.get((kind, at)) != lead or not _is_useful(kind, at, now))
        state = DeadlineState.TOLD if is_told else DeadlineState.ARMED
        add.append(Deadline(kind=kind, at=at, lead=lead, known_at=now, state=state))
    return Rearmed(add=tuple(add), drop=drop)


def fire(api: Api, row: Row, due: Iterable[Deadline], now: datetime, interval: timedelta) -> tuple[Fact, ...]:
    """Return what the due deadlines of one row have to say; each of them counts as told afterwards.

    Of several leads of one kind only the nearest is told, never after the instant itself, and only while it still
    means something. `late`: it was known and passed more than two intervals ago.
    """
    by_kind: dict[EventType, Deadline] = {}
    for deadline in due:
        other = by_kind.get(deadline.kind)
        if other is None or deadline.fires_at > other.fires_at:
            by_kind[deadline.kind] = deadline
    return tuple(
        _to_fact(deadline, now, interval)
        for deadline in by_kind.values()
        if _is_useful(deadline.kind, deadline.at, now) and _is_open(api, row, deadline)
    )


def _wanted(api: Api, row: Row, leads: Leads, now: datetime) -> list[Key]:
    """Return the deadlines that a row should have; what lies behind an instant that is over needs no remembering."""
    if row.standing.presence is Presence.REMOVED:
        return []
    wanted: list[Key] = []
    for kind, role in _ANCHORS.items():
        at = instant_of(api, row.conversation, role)
        if at is not None and at > now:
            wanted += [(kind, at, lead) for lead in leads.get(kind, ())]
    closes = instant_of(api, row.conversation, Role.REGISTRATION_CLOSES)
    if closes is not None and closes > now:
        wanted.append((EventType.REGISTRATION_CLOSED, closes, timedelta(0)))
    since = row.standing.waiting_since
    if since is not None:
        spans = leads.get(EventType.QUESTIONS_WAITING, ())
        wanted += [(EventType.QUESTIONS_WAITING, since, -span) for span in spans]
    return wanted


def _closing_now(api: Api, row: Row, stored: Iterable[Deadline], now: datetime) -> list[Key]:
    """Return the close that has passed and is still to be told: one that is armed, or was put forward into the past.

    A date in the past alone says nothing: registration may have been opened again in spite of it.
    """
    closes = instant_of(api, row.conversation, Role.REGISTRATION_CLOSES)
    is_armed = any(
        deadline.kind is EventType.REGISTRATION_CLOSED and deadline.state is DeadlineState.ARMED for deadline in stored
    )
    if closes is None or closes > now or not is_armed or row.standing.presence is Presence.REMOVED:
        return []
    return [(EventType.REGISTRATION_CLOSED, closes, timedelta(0))]


def _nearest_passed(wanted: Iterable[Key], now: datetime) -> dict[tuple[EventType, datetime], timedelta]:
    nearest: dict[tuple[EventType, datetime], timedelta] = {}
    for kind, at, lead in wanted:
        if at - lead <= now and lead < nearest.get((kind, at), timedelta.max):
            nearest[kind, at] = lead
    return nearest


def _is_useful(kind: EventType, at: datetime, now: datetime) -> bool:
    """A warning ahead of an instant is worth nothing after it."""
    return now < at or kind not in _ANCHORS


def _is_open(api: Api, row: Row, deadline: Deadline) -> bool:
    """Return whether what the deadline warns of has not happened by itself meanwhile."""
    shown = row.conversation
    registration = value_of(api, shown, Role.REGISTRATION)
    match deadline.kind:
        case EventType.REGISTRATION_CLOSING:
            return registration != Registration.CLOSED and shown.state is not State.ENDED
        case EventType.REGISTRATION_OPENING:
            return registration != Registration.OPEN and shown.state is not State.ENDED
        case EventType.CONVERSATION_STARTING:
            return shown.state not in {State.STARTED, State.ENDED}
        case EventType.CONVERSATION_ENDING:
            return shown.state is not State.ENDED
        case EventType.REGISTRATION_CLOSED:
            return not row.standing.is_closed_told
        case _:
            return row.standing.waiting_since is not None


def _to_fact(deadline: Deadline, now: datetime, interval: timedelta) -> Fact:
    is_late = deadline.known_at <= deadline.fires_at and now - deadline.fires_at > _LATE_AFTER_INTERVALS * interval
    lead = int(deadline.lead.total_seconds())
    details: dict[str, object] = {"late": is_late}
    if deadline.kind is EventType.REGISTRATION_CLOSED:
        details |= {"reason": "deadline", "deadline": {"at": stamp(deadline.at), "lead": "0s", "seconds_left": 0}}
    elif deadline.kind is EventType.QUESTIONS_WAITING:
        details |= {"waiting_since": stamp(deadline.at)}
    else:
        left = int((deadline.at - now).total_seconds())
        details |= {"deadline": {"at": stamp(deadline.at), "lead": write_duration(deadline.lead), "seconds_left": left}}
    return Fact(type=deadline.kind, details=details, version=f"{stamp(deadline.at)}/{lead}")
