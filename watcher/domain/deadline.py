"""A deadline: an instant known beforehand, told some leads ahead, never after, and each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from watcher.domain.api import Api, Role
from watcher.domain.duration import write_duration
from watcher.domain.event import EventType, stamp
from watcher.domain.sighting import Fact, instant_of, value_of
from watcher.domain.snapshot import Presence, Row
from watcher.domain.state import Registration, State

_LATE_AFTER_INTERVALS = 2
_NO_LEAD = timedelta(0)


class DeadlineState(StrEnum):
    """Whether a deadline is still to be told."""

    ARMED = "armed"
    TOLD = "told"
    """fired, or passed in silence: never again for this instant and lead"""


class Deadline(NamedTuple):
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

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be told now."""
        return self.state is DeadlineState.ARMED and self.fires_at <= now

    def told(self) -> Deadline:
        """Return it as told."""
        return self._replace(state=DeadlineState.TOLD)


Leads = Mapping[EventType, tuple[timedelta, ...]]
Key = tuple[EventType, datetime, timedelta]

ANCHORS = {
    EventType.REGISTRATION_CLOSING: Role.REGISTRATION_CLOSES,
    EventType.REGISTRATION_OPENING: Role.REGISTRATION_OPENS,
    EventType.CONVERSATION_ENDING: Role.ENDS,
    EventType.CONVERSATION_STARTING: Role.STARTS,
}
"""the instant that each kind warns of"""

DEADLINE_ROLES = frozenset({*ANCHORS.values(), Role.REGISTRATION_CLOSES})
"""the fields whose change moves deadlines"""


def rearm(
    api: Api, row: Row, stored: Iterable[Deadline], leads: Leads, now: datetime, *, is_silent: bool
) -> tuple[Deadline, ...]:
    """Return the deadlines that a row, as it now stands, has: those of the stored ones that still hold, and new ones.

    A lead that has already passed when its instant is learnt is taken as told, but for the nearest one, which fires
    at once; all of them when `is_silent` (a baseline, a list that grew at once, leads that were configured anew).
    """
    known = {deadline.key: deadline for deadline in stored}
    wanted = _wanted(api, row, leads, now)
    if known:
        wanted += _closing_now(api, row, known.values(), now)
    after = [deadline for key, deadline in known.items() if key in wanted]
    new = [key for key in wanted if key not in known] if known else wanted
    nearest = _nearest_passed(wanted, now) if new and not is_silent else {}
    for kind, at, lead in new:
        is_passed = at - lead <= now
        is_told = is_passed and (is_silent or nearest.get((kind, at)) != lead or not _is_useful(kind, at, now))
        after.append(Deadline(kind, at, lead, now, DeadlineState.TOLD if is_told else DeadlineState.ARMED))
    return tuple(after)


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
    for kind, role in ANCHORS.items():
        spans = leads.get(kind, ())
        if not spans and role is not Role.REGISTRATION_CLOSES:
            continue
        at = instant_of(api, row.conversation, role)
        if at is None or at <= now:
            continue
        wanted += [(kind, at, span) for span in spans]
        if role is Role.REGISTRATION_CLOSES:
            wanted.append((EventType.REGISTRATION_CLOSED, at, _NO_LEAD))
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
    return now < at or kind not in ANCHORS


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
