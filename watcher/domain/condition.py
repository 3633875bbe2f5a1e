"""A condition: whether what an event told is still true, and which events end it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from watcher.domain.api import Api, Role
from watcher.domain.calendar import read_instant
from watcher.domain.change import diff
from watcher.domain.deadline import Deadline, fire
from watcher.domain.event import Event, EventType, stamp
from watcher.domain.events.registration import is_full
from watcher.domain.sighting import instant_of, value_of
from watcher.domain.snapshot import Presence, Row
from watcher.domain.state import Registration, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is known now of what an event is about; None: nothing.

    `conversation`: its stored row. `is_failing`: the health of the source or channel. `is_suspect`: whether absences of
    the source are held.
    """

    conversation: Row | None = None
    is_failing: bool | None = None
    is_suspect: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether what was told is still true (None: it cannot be known), and why."""

    holds: bool | None
    reason: str

    @property
    def is_over(self) -> bool:
        """Whether it is certainly no longer true: what cannot be known counts as true."""
        return self.holds is False


def still_holds(event: Event, present: Present, api: Api | None, now: datetime) -> Verdict:
    """Say whether what an event told is still true; `api` is None where its source is no longer configured."""
    judge_health = _OF_HEALTH.get(event.type)
    if judge_health is not None:
        return judge_health(present)
    row = present.conversation
    if row is None or api is None:
        return Verdict(holds=None, reason="nothing is known of the conversation now")
    if row.standing.presence is Presence.REMOVED and event.type in _ENDED_BY_REMOVAL:
        return Verdict(holds=False, reason="the conversation is gone")
    return _OF_CONVERSATION[event.type](_Case(event=event, row=row, api=api, now=now))


def clears(event_type: EventType) -> tuple[EventType, ...]:
    """Return the types whose conditions an event of a type ends, for the same conversation, source or channel."""
    return _CLEARS.get(event_type, ())


def cleared_by(event_type: EventType) -> tuple[EventType, ...]:
    """Return the types of event that end the condition of a type: the other way round."""
    return tuple(ending for ending, ended in _CLEARS.items() if event_type in ended)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One event beside the row as it stands now."""

    event: Event
    row: Row
    api: Api
    now: datetime

    def value(self, role: Role) -> Any:
        return value_of(self.api, self.row.conversation, role)

    def instant(self, role: Role) -> datetime | None:
        return instant_of(self.api, self.row.conversation, role)


_Judge = Callable[[_Case], Verdict]


def _state(wanted: State, case: _Case) -> Verdict:
    state = case.row.conversation.state
    if state is None:
        return Verdict(holds=None, reason="its state is not known")
    return Verdict(holds=state is wanted, reason=f"it is {state.value}")


def _presence(case: _Case, *, is_removed: bool) -> Verdict:
    presence = case.row.standing.presence
    return Verdict(holds=(presence is Presence.REMOVED) is is_removed, reason=f"it is {presence.value}")


def _changes(case: _Case) -> Verdict:
    """What changed in several fields is true as long as one of them is as it was told: the others' news is not lost."""
    details = case.event.details
    told = details.get("changes") or [details["change"]]
    now = case.row.conversation.fields
    over = [str(one["field"]) for one in told if diff({"": one["after"]}, {"": now.get(one["field"])})]
    if not over:
        return Verdict(holds=True, reason="every value is as it was told")
    return Verdict(holds=len(over) < len(told), reason=f"another value now: {', '.join(over)}")


def _registration_opened(case: _Case) -> Verdict:
    status, closes = case.value(Role.REGISTRATION), case.instant(Role.REGISTRATION_CLOSES)
    if closes is not None and case.event.time < closes <= case.now:
        return Verdict(holds=False, reason="its closing date has passed")
    return _status(status, is_so=status == Registration.OPEN)


def _registration_closed(case: _Case) -> Verdict:
    """Closed by its status, or by its date, as long as neither was taken back."""
    status, closes = case.value(Role.REGISTRATION), case.instant(Role.REGISTRATION_CLOSES)
    if case.row.standing.is_closed_told and closes is not None and closes <= case.now:
        return Verdict(holds=True, reason="its closing date has passed")
    return _status(status, is_so=status == Registration.CLOSED)


def _status(status: Any, *, is_so: bool) -> Verdict:
    if status is None:
        return Verdict(holds=None, reason="the status of its registration is not known")
    return Verdict(holds=is_so, reason=f"its registration is {status}")


def _ahead(role: Role, case: _Case) -> Verdict:
    """A warning holds while its instant is ahead, has not been moved, and what it warns of did not happen by itself."""
    at = read_instant((case.event.details.get("deadline") or {}).get("at"))
    if at is None:
        return Verdict(holds=None, reason="the event names no instant")
    if at <= case.now:
        return Verdict(holds=False, reason="the instant has passed")
    present = case.instant(role)
    if present is None or stamp(present) != stamp(at):
        return Verdict(holds=False, reason=f"the instant was moved to {stamp(present) if present else 'nowhere'}")
    deadline = Deadline(kind=case.event.type, at=at, lead=at - case.now, known_at=case.now)
    if fire(case.api, case.row, [deadline], case.now, timedelta()):
        return Verdict(holds=True, reason="the instant is ahead")
    return Verdict(holds=False, reason="it has happened by itself")


def _seats(case: _Case, *, wants_full: bool) -> Verdict:
    full = is_full(case.api, case.row.conversation)
    if full is None:
        return Verdict(holds=None, reason="how many seats are left is not known")
    return Verdict(holds=full is wants_full, reason="no seat is left" if full else "there are seats")


def _count(role: Role, case: _Case) -> Verdict:
    count = case.value(role)
    if not isinstance(count, int):
        return Verdict(holds=None, reason=f"{case.api.field_of(role)} is not known")
    return Verdict(holds=count > 0, reason=f"{case.api.field_of(role)} is {count}")


def _questions(case: _Case) -> Verdict:
    """Questions are open, and the conversation has not ended since: then nobody is expected to answer any more."""
    shown = case.event.conversation
    was_over = shown is not None and shown.state is State.ENDED
    if case.row.conversation.state is State.ENDED and not was_over:
        return Verdict(holds=False, reason="the conversation has ended")
    return _count(Role.OPEN_QUESTIONS, case)


def _waiting(case: _Case) -> Verdict:
    since, told = case.row.standing.waiting_since, case.event.details.get("waiting_since")
    if since is not None and isinstance(told, str) and stamp(since) > told:
        return Verdict(holds=False, reason=f"those were answered; others wait since {stamp(since)}")
    return _questions(case)


def _cleared(case: _Case) -> Verdict:
    count = _count(Role.OPEN_QUESTIONS, case)
    return Verdict(holds=None if count.holds is None else not count.holds, reason=count.reason)


_OF_CONVERSATION: Mapping[EventType, _Judge] = MappingProxyType({
    EventType.CONVERSATION_OPENED: partial(_state, State.OPEN),
    EventType.CONVERSATION_STARTED: partial(_state, State.STARTED),
    EventType.CONVERSATION_ENDED: partial(_state, State.ENDED),
    EventType.CONVERSATION_REMOVED: partial(_presence, is_removed=True),
    EventType.CONVERSATION_RETURNED: partial(_presence, is_removed=False),
    EventType.CONVERSATION_CHANGED: _changes,
    EventType.CONVERSATION_STARTING: partial(_ahead, Role.STARTS),
    EventType.CONVERSATION_ENDING: partial(_ahead, Role.ENDS),
    EventType.REGISTRATION_OPENING: partial(_ahead, Role.REGISTRATION_OPENS),
    EventType.REGISTRATION_OPENED: _registration_opened,
    EventType.REGISTRATION_CLOSING: partial(_ahead, Role.REGISTRATION_CLOSES),
    EventType.REGISTRATION_CLOSED: _registration_closed,
    EventType.REGISTRATION_RESCHEDULED: _changes,
    EventType.REGISTRATION_FULL: partial(_seats, wants_full=True),
    EventType.REGISTRATION_AVAILABLE: partial(_seats, wants_full=False),
    EventType.QUESTIONS_NEW: _questions,
    EventType.QUESTIONS_CLEARED: _cleared,
    EventType.QUESTIONS_WAITING: _waiting,
    EventType.MESSAGES_NEW: partial(_count, Role.MESSAGES),
    EventType.UNREAD_NEW: partial(_count, Role.UNREAD),
    EventType.FOLLOWUPS_NEW: partial(_count, Role.FOLLOWUPS),
    EventType.OUTSIDERS_JOINED: partial(_count, Role.OUTSIDERS),
})  # fmt: skip


def _health(present: Present, *, wants_failing: bool) -> Verdict:
    if present.is_failing is None:
        return Verdict(holds=None, reason="its health is not known")
    return Verdict(holds=present.is_failing is wants_failing, reason="it fails" if present.is_failing else "it works")


def _suspect(present: Present) -> Verdict:
    if present.is_suspect is None:
        return Verdict(holds=None, reason="whether absences are held is not known")
    return Verdict(holds=present.is_suspect, reason=f"absences are {'' if present.is_suspect else 'no longer '}held")


def _happened(_: Present) -> Verdict:
    return Verdict(holds=True, reason="it happened, and nothing undoes it")


def _drift(_: Present) -> Verdict:
    return Verdict(holds=None, reason="whether the field is right again is not known")


_OF_HEALTH: Mapping[EventType, Callable[[Present], Verdict]] = MappingProxyType({
    EventType.SOURCE_BASELINE: _happened,
    EventType.SOURCE_FAILING: partial(_health, wants_failing=True),
    EventType.SOURCE_RECOVERED: partial(_health, wants_failing=False),
    EventType.SOURCE_SUSPECT: _suspect,
    EventType.SOURCE_GROWN: _happened,
    EventType.SOURCE_DRIFT: _drift,
    EventType.CHANNEL_FAILING: partial(_health, wants_failing=True),
    EventType.CHANNEL_RECOVERED: partial(_health, wants_failing=False),
})  # fmt: skip

_OUTLIVING = frozenset({
    EventType.CONVERSATION_REMOVED,
    EventType.CONVERSATION_ENDED,
    EventType.REGISTRATION_CLOSED,
    EventType.QUESTIONS_CLEARED,
})  # fmt: skip
"""what is as true of a conversation that is gone"""
_ENDED_BY_REMOVAL = tuple(kind for kind in _OF_CONVERSATION if kind not in _OUTLIVING)

_CLEARS: Mapping[EventType, tuple[EventType, ...]] = MappingProxyType({
    EventType.CONVERSATION_OPENED: (EventType.CONVERSATION_STARTED, EventType.CONVERSATION_ENDED),
    EventType.CONVERSATION_STARTED: (
        EventType.CONVERSATION_OPENED, EventType.CONVERSATION_ENDED, EventType.CONVERSATION_STARTING,
    ),
    EventType.CONVERSATION_ENDED: (
        EventType.CONVERSATION_OPENED, EventType.CONVERSATION_STARTED,
        EventType.CONVERSATION_STARTING, EventType.CONVERSATION_ENDING,
        EventType.REGISTRATION_OPENING, EventType.REGISTRATION_CLOSING,
        EventType.QUESTIONS_NEW, EventType.QUESTIONS_WAITING,
    ),
    EventType.CONVERSATION_REMOVED: _ENDED_BY_REMOVAL,
    EventType.CONVERSATION_RETURNED: (EventType.CONVERSATION_REMOVED,),
    EventType.REGISTRATION_OPENED: (EventType.REGISTRATION_OPENING, EventType.REGISTRATION_CLOSED),
    EventType.REGISTRATION_CLOSED: (EventType.REGISTRATION_OPENED, EventType.REGISTRATION_CLOSING),
    EventType.REGISTRATION_RESCHEDULED: (EventType.REGISTRATION_CLOSING,),
    EventType.REGISTRATION_FULL: (EventType.REGISTRATION_AVAILABLE,),
    EventType.REGISTRATION_AVAILABLE: (EventType.REGISTRATION_FULL,),
    EventType.QUESTIONS_NEW: (EventType.QUESTIONS_CLEARED,),
    EventType.QUESTIONS_CLEARED: (EventType.QUESTIONS_NEW, EventType.QUESTIONS_WAITING),
    EventType.SOURCE_RECOVERED: (EventType.SOURCE_FAILING,),
    EventType.SOURCE_FAILING: (EventType.SOURCE_RECOVERED,),
    EventType.CHANNEL_RECOVERED: (EventType.CHANNEL_FAILING,),
    EventType.CHANNEL_FAILING: (EventType.CHANNEL_RECOVERED,),
})  # fmt: skip
