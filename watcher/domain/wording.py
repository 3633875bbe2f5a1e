"""The wording: one line for each type of event, enough alone on a phone's lock screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any

from watcher.domain.calendar import read_instant, say_date, say_left
from watcher.domain.duration import say_duration
from watcher.domain.event import Event, EventType
from watcher.domain.inert import inert, inert_name

VALUE_LENGTH = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """For whom and when a message is written."""

    zone: tzinfo
    now: datetime


Phrase = Callable[[Event, Reader], str]


def headline(event: Event, reader: Reader) -> str:
    """Return the first line of a message."""
    return PHRASES[event.type](event, reader)


def say_value(value: Any, reader: Reader) -> str:
    """Return a field's value in words; an instant by the reader's clock."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    instant = read_instant(value)
    if instant:
        return say_date(instant, reader.zone, reader.now)
    return inert(str(value), length=VALUE_LENGTH) or "nothing to see"


def count(value: Any) -> int:
    """Return a number, or how many a list holds; 0 for anything else."""
    if isinstance(value, list | tuple):
        return len(value)
    return int(value) if isinstance(value, int | float) else 0


def plural(number: int, one: str, many: str) -> str:
    """Return `1 question` or `2 questions`."""
    return f"{number} {one if number == 1 else many}"


def _name(event: Event) -> str:
    name = event.conversation.name if event.conversation else ""
    return inert_name(name) if name else f"conversation {inert(event.subject, length=VALUE_LENGTH)}"


def _error(event: Event) -> str:
    error = event.details.get("error")
    return f": {inert(str(error))}" if error else ""


def _is(words: str) -> Phrase:
    return lambda event, _: f"{_name(event)} {words}"


def _opened(event: Event, _: Reader) -> str:
    if event.details.get("reopened"):
        return f"{_name(event)} is open again"
    return f"New and open: {_name(event)}" if event.details.get("first_seen") else f"{_name(event)} is open"


def _started(event: Event, _: Reader) -> str:
    return (
        f"New and already started: {_name(event)}" if event.details.get("first_seen") else f"{_name(event)} has started"
    )


def _ended(event: Event, _: Reader) -> str:
    reason = event.details.get("reason")
    why = f" ({inert(str(reason), length=VALUE_LENGTH)})" if reason else ""
    return (
        f"New and already ended: {_name(event)}{why}"
        if event.details.get("first_seen")
        else f"{_name(event)} has ended{why}"
    )


def _changed(event: Event, reader: Reader) -> str:
    changes = event.details.get("changes") or []
    fields = [inert(str(change.get("field")), length=VALUE_LENGTH) for change in changes]
    if len(fields) == 1:
        return f"{_name(event)}: {fields[0]} is now {say_value(changes[0].get('after'), reader)}"
    shown = ", ".join(fields[:3]) + (", …" if len(fields) > 3 else "")  # noqa: PLR2004
    return f"{_name(event)}: {len(fields)} fields changed ({shown})" if fields else f"{_name(event)} changed"


def _deadline(whose: str, will: str, did: str) -> Phrase:
    """Words for a deadline: `{whose} starts in 23 h (08:00 Tue 24 Nov)`, or that it has passed."""

    def phrase(event: Event, reader: Reader) -> str:
        who = whose.format(_name(event))
        at = read_instant((event.details.get("deadline") or {}).get("at"))
        if at is None:
            return f"{who} {will} soon"
        verb = will if at > reader.now else did
        return f"{who} {verb} {say_left(at, reader.now)} ({say_date(at, reader.zone, reader.now)})"

    return phrase


def _rescheduled(event: Event, reader: Reader) -> str:
    change = event.details.get("change") or {}
    at, was = read_instant(change.get("after")), read_instant(change.get("before"))
    before = f" (was {say_date(was, reader.zone, reader.now)})" if was else ""
    if at is None:
        return f"Registration for {_name(event)} has no closing date any more{before}"
    verb = "now closes" if at > reader.now else "was moved, it closed"
    return f"Registration for {_name(event)} {verb} {say_date(at, reader.zone, reader.now)}{before}"


def _full(event: Event, _: Reader) -> str:
    return f"{_name(event)} is full{_seats(event)}"


def _available(event: Event, _: Reader) -> str:
    return f"{_name(event)} has places again{_seats(event)}"


def _seats(event: Event) -> str:
    """What moved: those who registered, or the limit; nothing where neither is known."""
    change = event.details.get("change") or {}
    field = str(change.get("field") or "")
    if not field:
        return ""
    after, before = count(change.get("after")), count(change.get("before"))
    return (
        f" (the limit is now {after}, was {before})"
        if field.startswith("max")
        else f" ({after} registered, was {before})"
    )


def _risen(one: str, many: str, link: str, total: str) -> Phrase:
    """Words for a counter that rose: `3 new open questions in “Leading Change” (5 open)`."""

    def phrase(event: Event, _: Reader) -> str:
        change: Mapping[str, Any] = event.details.get("change") or {}
        after = count(change.get("after"))
        rise = after - count(change.get("before"))
        return f"{plural(rise, one, many)} {link}{_name(event)} ({after} {total})"

    return phrase


def _cleared(event: Event, _: Reader) -> str:
    before = count((event.details.get("change") or {}).get("before"))
    were = f" (before {before})" if before else ""
    return f"No open questions left in {_name(event)}{were}"


def _waiting(event: Event, reader: Reader) -> str:
    since = read_instant(event.details.get("waiting_since"))
    open_count = count(event.conversation.fields.get("open_questions_count") if event.conversation else None)
    shown = f" ({open_count} open)" if open_count else ""
    long = (
        f"{say_duration(reader.now - since)}, since {say_date(since, reader.zone, reader.now)}" if since else "for long"
    )
    return f"Questions in {_name(event)} have waited {long}{shown}"


def _of(whose: str) -> Phrase:
    """Words for a source or channel, which its event names as its subject; `!` stands for the error."""
    return lambda event, _: whose.replace("!", _error(event)).replace(
        "{}", inert(event.subject, length=VALUE_LENGTH), 1
    )


def _baseline(event: Event, _: Reader) -> str:
    learnt = plural(count(event.details.get("count")), "conversation", "conversations")
    ahead = count(event.details.get("deadlines_ahead"))
    tail = f", {plural(ahead, 'deadline', 'deadlines')} ahead" if ahead else ""
    return f"{inert(event.subject)}: {learnt} learnt{tail}; from now on changes are told"


def _suspect(event: Event, _: Reader) -> str:
    gone = plural(count(event.details.get("would_remove")), "conversation", "conversations")
    return f"{inert(event.subject)}: {gone} vanished at once, held back until it is certain"


def _grown(event: Event, _: Reader) -> str:
    new = plural(count(event.details.get("count")), "conversation", "conversations")
    return f"{inert(event.subject)}: {new} appeared at once"


def _drift(event: Event, _: Reader) -> str:
    field = inert(str(event.details.get("field")), length=VALUE_LENGTH)
    return f"{inert(event.subject)}: the field {field} is not what it should be"


PHRASES: Mapping[EventType, Phrase] = MappingProxyType({
    EventType.CONVERSATION_OPENED: _opened,
    EventType.CONVERSATION_STARTED: _started,
    EventType.CONVERSATION_ENDED: _ended,
    EventType.CONVERSATION_REMOVED: _is("is gone"),
    EventType.CONVERSATION_RETURNED: _is("is back"),
    EventType.CONVERSATION_CHANGED: _changed,
    EventType.CONVERSATION_STARTING: _deadline("{}", "starts", "was to start"),
    EventType.CONVERSATION_ENDING: _deadline("{}", "ends", "was to end"),
    EventType.REGISTRATION_OPENING: _deadline("Registration for {}", "opens", "was to open"),
    EventType.REGISTRATION_OPENED: lambda event, _: f"Registration for {_name(event)} is open",
    EventType.REGISTRATION_CLOSING: _deadline("Registration for {}", "closes", "was to close"),
    EventType.REGISTRATION_CLOSED: lambda event, _: f"Registration for {_name(event)} is closed",
    EventType.REGISTRATION_RESCHEDULED: _rescheduled,
    EventType.REGISTRATION_FULL: _full,
    EventType.REGISTRATION_AVAILABLE: _available,
    EventType.QUESTIONS_NEW: _risen("new open question", "new open questions", "in ", "open"),
    EventType.QUESTIONS_CLEARED: _cleared,
    EventType.QUESTIONS_WAITING: _waiting,
    EventType.MESSAGES_NEW: _risen("new message", "new messages", "to the facilitators of ", "in all"),
    EventType.UNREAD_NEW: _risen("new unread post", "new unread posts", "in ", "unread"),
    EventType.FOLLOWUPS_NEW: _risen("new follow-up", "new follow-ups", "in ", "in all"),
    EventType.OUTSIDERS_JOINED: _risen("outsider joined", "outsiders joined", "", "in all"),
    EventType.SOURCE_BASELINE: _baseline,
    EventType.SOURCE_FAILING: _of("{} cannot be read!"),
    EventType.SOURCE_RECOVERED: _of("{} can be read again"),
    EventType.SOURCE_SUSPECT: _suspect,
    EventType.SOURCE_GROWN: _grown,
    EventType.SOURCE_DRIFT: _drift,
    EventType.CHANNEL_FAILING: _of("Messages to channel {} do not go out!"),
    EventType.CHANNEL_RECOVERED: _of("Messages to channel {} go out again"),
})  # fmt: skip
