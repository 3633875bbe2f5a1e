"""A strand: events that tell of one and the same thing in turn, and the one event that says as much as they do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from watcher.domain.calendar import read_instant
from watcher.domain.change import Change, diff
from watcher.domain.duration import say_duration
from watcher.domain.event import Between, Event, EventType
from watcher.domain.state import Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that a reader needs to know.

    `event`: the last of the events that it stands for (so its id can be explained), with what all of them say.
    `note`: words to add, empty where the event says it all.
    """

    event: Event
    stands_for: tuple[Event, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An event that a reader need not know of, and why."""

    event: Event
    reason: str


Joined = tuple[Line | None, tuple[Dropped, ...]]
_Join = Callable[[Sequence[Event], datetime], Joined]


def strand_of(event: Event) -> str:
    """Return the name of the strand that an event belongs to; an event that none continues has one of its own."""
    return _STRANDS.get(event.type, (event.id, _keep_last))[0]


def join(events: Sequence[Event], now: datetime) -> Joined:
    """Return what the events of one strand, in time order, come to; each is in the line or among the dropped."""
    return _STRANDS.get(events[0].type, ("", _keep_last))[1](events, now)


def _keep_last(events: Sequence[Event], _: datetime) -> Joined:
    *earlier, last = events
    return Line(event=last, stands_for=(last,)), _drop(earlier, f"a later {last.type.value} says more")


def _turn(said: str, ends_of: Callable[[Event], tuple[Any, Any]]) -> _Join:
    """Return the join of what goes back and forth: only where it now is counts, and nothing where it was before.

    `ends_of` returns what an event led from and to; what it led from may be unknown: that equals nothing.
    """

    def join_turns(events: Sequence[Event], _: datetime) -> Joined:
        first, last = events[0], events[-1]
        if ends_of(first)[0] == ends_of(last)[1]:
            return None, _drop(events, f"{said}, and as it was before")
        return Line(event=_merge(first, last, _first_and_last(first, last)), stands_for=tuple(events)), ()

    return join_turns


def _first_and_last(first: Event, last: Event) -> dict[str, Any]:
    """Return the last event's details, with where the first one began."""
    details = dict(last.details)
    if first.details.get("first_seen"):
        details.pop("change", None)
        return {**details, "first_seen": True, **({"reopened": False} if "reopened" in details else {})}
    began, ended = first.details.get("change"), details.get("change")
    if began and ended and began["field"] == ended["field"]:
        details["change"] = Change(field=ended["field"], before=began["before"], after=ended["after"]).as_dict()
    return details


def _count(events: Sequence[Event], _: datetime) -> Joined:
    """A counter rose from the lowest value that it was seen at; questions also fall, to 0."""
    changes = [event.details["change"] for event in events]
    before, after = changes[0]["before"] or 0, changes[-1]["after"] or 0
    lowest = min(after, *(change["before"] or 0 for change in changes))
    if after == lowest == before:
        return None, _drop(events, "rose and fell again, and as it was before")
    last = events[-1]
    change = Change(field=changes[-1]["field"], before=lowest if after > lowest else before, after=after)
    joined = _merge(events[0], last, {**last.details, "change": change.as_dict()})
    return Line(event=joined, stands_for=tuple(events)), ()


def _fields(events: Sequence[Event], _: datetime) -> Joined:
    """Changed fields are joined one by one; an event stays where one of its fields is not as it was before."""
    began: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for event in events:
        for change in _changes(event):
            began.setdefault(change["field"], change["before"])
            now[change["field"]] = change["after"]
    left = diff(began, now)
    fields = {change.field for change in left}
    telling = [event for event in events if _touches(event, fields)]
    dropped = _drop([event for event in events if not _touches(event, fields)], "changed, and changed back")
    if not telling:
        return None, dropped
    changes = [change.as_dict() for change in left]
    told = {"changes": changes} if "changes" in telling[-1].details else {"change": changes[0]}
    joined = _merge(telling[0], telling[-1], {**telling[-1].details, **told})
    return Line(event=joined, stands_for=tuple(telling)), dropped


def _touches(event: Event, fields: Collection[str]) -> bool:
    return any(change["field"] in fields for change in _changes(event))


def _changes(event: Event) -> Sequence[Mapping[str, Any]]:
    """Return the changes of an event that has a list of them, or one."""
    several: Sequence[Mapping[str, Any]] | None = event.details.get("changes")
    return (event.details["change"],) if several is None else several


def _nearest(events: Sequence[Event], now: datetime) -> Joined:
    """Of several warnings the last one counts, as long as its instant is ahead."""
    *earlier, last = events
    at = read_instant((last.details.get("deadline") or {}).get("at"))
    if at is not None and at <= now:
        return None, _drop(events, "the instant has passed")
    return Line(event=last, stands_for=(last,)), _drop(earlier, "a nearer one was told since")


def _health(events: Sequence[Event], _: datetime) -> Joined:
    """What failed and works again is one line; what works for a while and fails again is as it was before."""
    last = events[-1]
    if last.type in _RECOVERED:
        return Line(event=last, stands_for=tuple(events), note=_say_failures(events)), ()
    if events[0].type in _RECOVERED:
        return None, _drop(events, "worked for a while, and fails as before")
    return Line(event=last, stands_for=tuple(events)), ()


def _say_failures(events: Sequence[Event]) -> str:
    """Return `failed for 12 min, works again`; a recovery tells since when it had failed."""
    ends = [event for event in events if event.type in _RECOVERED]
    spans = [event.time - since for event in ends if (since := read_instant(event.details.get("since")))]
    if not spans:
        return "works again"
    times = f" {len(spans)} times" if len(spans) > 1 else ""
    in_all = " in all" if len(spans) > 1 else ""
    return f"failed{times} for {say_duration(sum(spans, timedelta()))}{in_all}, works again"


def _drop(events: Sequence[Event], reason: str) -> tuple[Dropped, ...]:
    return tuple(Dropped(event=event, reason=reason) for event in events)


def _merge(first: Event, last: Event, details: Mapping[str, Any]) -> Event:
    """Return the last event with other details, as happened since the first."""
    between = last.between
    if first.between is not None and between is not None:
        between = Between(after=first.between.after, before=between.before)
    return replace(last, details=details, between=between)


_UNKNOWN = object()
_NEVER_SEEN = object()


def _states(event: Event) -> tuple[Any, Any]:
    change = event.details.get("change") or {}
    before = _NEVER_SEEN if event.details.get("first_seen") else change.get("before", _UNKNOWN)
    return before, change.get("after")


def _registration(event: Event) -> tuple[Any, Any]:
    """A close by its date changes no field: registration was open until then."""
    change = event.details.get("change") or {}
    is_open = event.type is EventType.REGISTRATION_OPENED
    was = Registration.CLOSED if is_open else Registration.OPEN
    return change.get("before", was), Registration.OPEN if is_open else Registration.CLOSED


def _either(event: Event) -> tuple[Any, Any]:
    """Of two types that undo each other, each leads from where the other leads to."""
    is_one = event.type in _ONE_OF_TWO
    return not is_one, is_one


_RECOVERED = frozenset({EventType.SOURCE_RECOVERED, EventType.CHANNEL_RECOVERED})
_ONE_OF_TWO = frozenset({EventType.CONVERSATION_REMOVED, EventType.REGISTRATION_FULL})
_STATE = ("state", _turn("went to and fro", _states))
_PRESENCE = ("presence", _turn("left and came back", _either))
_STATUS = ("registration", _turn("opened and closed", _registration))
_SEATS = ("seats", _turn("filled up and emptied", _either))
_WORKS = ("health", _health)
_STRANDS: Mapping[EventType, tuple[str, _Join]] = MappingProxyType({
    EventType.CONVERSATION_OPENED: _STATE,
    EventType.CONVERSATION_STARTED: _STATE,
    EventType.CONVERSATION_ENDED: _STATE,
    EventType.CONVERSATION_REMOVED: _PRESENCE,
    EventType.CONVERSATION_RETURNED: _PRESENCE,
    EventType.CONVERSATION_CHANGED: ("fields", _fields),
    EventType.CONVERSATION_STARTING: ("starting", _nearest),
    EventType.CONVERSATION_ENDING: ("ending", _nearest),
    EventType.REGISTRATION_OPENING: ("opening", _nearest),
    EventType.REGISTRATION_OPENED: _STATUS,
    EventType.REGISTRATION_CLOSING: ("closing", _nearest),
    EventType.REGISTRATION_CLOSED: _STATUS,
    EventType.REGISTRATION_RESCHEDULED: ("rescheduled", _fields),
    EventType.REGISTRATION_FULL: _SEATS,
    EventType.REGISTRATION_AVAILABLE: _SEATS,
    EventType.QUESTIONS_NEW: ("questions", _count),
    EventType.QUESTIONS_CLEARED: ("questions", _count),
    EventType.QUESTIONS_WAITING: ("waiting", _keep_last),
    EventType.MESSAGES_NEW: ("messages", _count),
    EventType.UNREAD_NEW: ("unread", _count),
    EventType.FOLLOWUPS_NEW: ("followups", _count),
    EventType.OUTSIDERS_JOINED: ("outsiders", _count),
    EventType.SOURCE_BASELINE: ("baseline", _keep_last),
    EventType.SOURCE_FAILING: _WORKS,
    EventType.SOURCE_RECOVERED: _WORKS,
    EventType.SOURCE_SUSPECT: ("suspect", _keep_last),
    EventType.CHANNEL_FAILING: _WORKS,
    EventType.CHANNEL_RECOVERED: _WORKS,
})  # fmt: skip
